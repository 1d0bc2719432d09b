/** Logins, seeded: most succeed, a few users are attacked in bursts, and events come up to 8 s out of order. */
import { seeded } from "../random.ts";
import type { LoginFields } from "./gen/login_wire.ts";

export interface Login extends LoginFields {
  readonly user: string;
  readonly ok: boolean;
  readonly address: string;
  readonly at: number;
}

const USERS = 300;
const DISORDER = 8_000_000;

/** `count` logins over `span` µs from `from` on, in the order in which they come. */
export function logins(seed: number | string, count: number, from: number, span: number): Login[] {
  const random = seeded(seed);
  const made = Array.from({ length: count }, (_, i) => {
    const at = from + Math.floor(i * span / count);
    // Every quarter of an hour somebody else is attacked.
    const victim = `user-${Math.floor(at / 900_000_000) % USERS}`;
    const attack = random.chance(0.05);
    const login: Login = {
      user: attack ? victim : `user-${random.int(0, USERS - 1)}`,
      ok: !attack && random.chance(0.9),
      address: `10.0.${random.int(0, 3)}.${random.int(0, 255)}`,
      at,
    };
    return { login, comes: at + random.int(0, DISORDER) };
  });
  return made.sort((a, b) => a.comes - b.comes).map(({ login }) => login);
}
