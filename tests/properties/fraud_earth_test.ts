/** The integer great circle stays within its stated error of a haversine, and the kernel's is the model's. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import type { Seeded } from "../../actors/random.ts";
import { distance, haversine } from "../models/earth.ts";
import { loadForTest } from "./kernel_under_test.ts";
import { answerOf, encode, LONG, randomFor, START } from "./payments_under_test.ts";

type Places = [number, number, number, number];

function places(random: Seeded): Places {
  const latitude = random.int(-90_000_000, 90_000_000), longitude = random.int(-180_000_000, 180_000_000);
  const reach = 10 ** random.int(1, 8);
  const near = (value: number, most: number) =>
    Math.max(-most, Math.min(most, value + random.int(-reach, reach)));
  const one: [number, number] = [latitude, longitude];
  if (random.chance(0.05)) return [...one, -latitude, longitude > 0 ? longitude - 180e6 : longitude + 180e6];
  return [...one, near(latitude, 90e6), near(longitude, 180e6)];
}

describe("the integer great circle", () => {
  it("errs by at most 2 m and 1/20,000 of the distance, poles, date line and antipodes included", () => {
    const random = randomFor("earth", 1);
    const edges: Places[] = [[90e6, 0, -90e6, 0], [0, 179_999_999, 0, -179_999_999], [0, 0, 0, 180e6], [
      89_999_999,
      0,
      90e6,
      -180e6,
    ]];
    for (let n = 0; n < (LONG ? 200_000 : 5000); n++) {
      const at = edges[n] ?? places(random);
      const exact = haversine(...at), integer = Number(distance(...at));
      assert.ok(Math.abs(exact - integer) <= 2 + exact / 20_000, `${at}: ${integer} m, exactly ${exact} m`);
    }
  });

  it("is the same in the kernel, to the metre", async () => {
    const kernel = (await loadForTest("fraud")).instantiate(), random = randomFor("earth in the kernel", 2);
    for (let n = 0; n < (LONG ? 50_000 : 2000); n++) {
      const at = places(random), common = { card: `c${n}`, amount: 1, channel: 1 };
      const clock = START + 1;
      const first = { ...common, at: START, latitude: at[0], longitude: at[1] };
      const second = { ...common, at: START + 1, latitude: at[2], longitude: at[3] };
      answerOf(kernel, { payload: encode({ payment: first }), clock }, 1);
      const { answer } = answerOf(kernel, { payload: encode({ payment: second }), clock }, 2);
      assert.ok(answer.kind === "reply");
      const metres = answer.figures.find(([code]) => code === 5)?.[1];
      assert.equal(metres, distance(...at), `${at}`);
    }
  });
});
