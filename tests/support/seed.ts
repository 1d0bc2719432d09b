/**
 * A seed for a test run: the given one, so that a change is judged by the same cases as the one before it;
 * MILLRACE_SEED=7 takes another, MILLRACE_SEED=new draws one.
 */
export function seedOf(environment: Record<string, string | undefined>, otherwise: number): number {
  const text = environment.MILLRACE_SEED;
  if (text === undefined || text === "") return otherwise;
  return text === "new" ? Date.now() % 1_000_000_007 : Number(text);
}
