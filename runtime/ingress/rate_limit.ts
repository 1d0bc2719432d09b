/**
 * How many requests one client may send: a token bucket for each, on the world's clock. It is asked before
 * anything else of a request is looked at, its body above all. What a client may do stands in every answer
 * (RateLimit and RateLimit-Policy, draft-ietf-httpapi-ratelimit-headers).
 */
import type { Clock } from "../world/mod.ts";
import type { Problem } from "./problem.ts";

export interface RateLimit {
  /** Requests a second, on average. */
  readonly perSecond: number;
  /** Requests that may come at once. Default: those of two seconds. */
  readonly burst?: number;
  /** Header that names the client, written by a proxy in front that is trusted. Default: the peer's address. */
  readonly header?: string;
}

export interface RateVerdict {
  /** 0 = the request may go on. */
  readonly retryAfterMs: number;
  readonly headers: { readonly "ratelimit-policy": string; readonly ratelimit: string };
}

/** Clients remembered; the one that was silent longest is forgotten first, and begins with a full bucket. */
const CLIENTS_MAX = 100_000;
/** A longer name is cut: it would be kept. */
const NAME_CHARS_MAX = 128;
const BURST_SECONDS = 2;

export function rateLimiter(
  { perSecond, burst = Math.max(1, Math.ceil(perSecond * BURST_SECONDS)) }: RateLimit,
  clock: Clock,
): (client: string) => RateVerdict {
  const each = 1e6 / perSecond;
  const whole = each * burst;
  const policy = `"client";q=${burst};w=${Math.ceil(whole / 1e6)}`;
  /** When each client's bucket will be full again, microseconds; those that are full already need no entry. */
  const fullAt = new Map<string, number>();
  return (given) => {
    const client = given.slice(0, NAME_CHARS_MAX);
    const now = clock.monotonic();
    const before = Math.max(now, fullAt.get(client) ?? 0);
    const missing = before + each - now; // time that the tokens taken, this one too, take to come back
    const isAllowed = missing <= whole;
    fullAt.delete(client);
    if (fullAt.size >= CLIENTS_MAX) fullAt.delete(fullAt.keys().next().value!);
    fullAt.set(client, isAllowed ? before + each : before);
    const left = Math.floor((whole - (isAllowed ? missing : missing - each)) / each);
    return {
      retryAfterMs: isAllowed ? 0 : Math.max(1, Math.ceil((missing - whole) / 1000)),
      headers: {
        "ratelimit-policy": policy,
        ratelimit: `"client";r=${left};t=${Math.ceil((fullAt.get(client)! - now) / 1e6)}`,
      },
    };
  };
}

export const rateLimited = ({ retryAfterMs }: RateVerdict): Problem => ({
  status: 429,
  code: "rate-limited",
  title: "Too many requests",
  detail:
    "This client sends more requests than it may; nothing was kept. The RateLimit headers tell how many.",
  retryAfterMs,
});
