/** Randomness as the runtime sees it: for names and jitter, never for a decision. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A name nobody else will draw: 22 characters of [0-9A-Za-z]. */
  id(): string;
}
