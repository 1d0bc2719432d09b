/**
 * What an event may be told by a lookup, naively: from a list of all answers that the source gave, and when.
 * Either the newest one that was still believed when the event came, or the first one that came after it.
 */
export interface GivenAnswer<A> {
  readonly key: string;
  readonly answer: A;
  /** When the call ended. */
  readonly at: number;
  /** Rises with all that happens: what happened first in one microsecond. */
  readonly order: number;
}

export interface Allowed<A> {
  /** Believed when the event came; where nothing was forgotten for want of room, it is this one. */
  readonly fresh?: A;
  /** The first that came after. */
  readonly next?: A;
}

export function allowedAnswers<A>(
  given: readonly GivenAnswer<A>[],
  { key, at, order }: { readonly key: string; readonly at: number; readonly order: number },
  ttlOf: (answer: A) => number,
): Allowed<A> {
  const own = given.filter((each) => each.key === key);
  const before = own.filter((each) => each.order < order).at(-1);
  return {
    fresh: before && before.at + ttlOf(before.answer) > at ? before.answer : undefined,
    next: own.find((each) => each.order > order)?.answer,
  };
}
