/** The integer great circle of wasm/payments/earth.ts, written anew from its definition with BigInt. */
const ONE = 1n << 30n;
const divRound = (a: bigint, b: bigint) => (2n * a + b) / (2n * b);
/** π to 30 digits. */
const PI = 3_141592653589793238462643383279n, PI_SCALE = 10n ** 30n;
const RADIANS = divRound(PI << 60n, 180_000_000n * PI_SCALE);
const HALF_PI = divRound(PI << 30n, 2n * PI_SCALE);

export function distance(
  latitude1: number,
  longitude1: number,
  latitude2: number,
  longitude2: number,
): bigint {
  const north = BigInt(Math.abs(latitude1 - latitude2));
  const around = Math.abs(longitude1 - longitude2);
  const east = BigInt(Math.min(around, 360_000_000 - around));
  const a = sine(north / 2n), b = sine(east / 2n);
  const c1 = sine(90_000_000n - BigInt(Math.abs(latitude1)));
  const c2 = sine(90_000_000n - BigInt(Math.abs(latitude2)));
  const haversine = a * a + (b * c1 / ONE) * (b * c2 / ONE);
  return 12_742_018n * arcsine(sqrt(haversine > ONE * ONE ? ONE * ONE : haversine)) / ONE;
}

function sine(angle: bigint): bigint {
  const x = angle * RADIANS / ONE, square = x * x / ONE;
  let sum = ONE;
  for (let k = x < ONE / 64n ? 2n : 7n; k >= 1n; k--) {
    const factor = divRound(ONE, 2n * k * (2n * k + 1n));
    sum = ONE - (square * factor / ONE) * sum / ONE;
  }
  const result = x * sum / ONE;
  return result > ONE ? ONE : result;
}

function arcsine(x: bigint): bigint {
  if (2n * x > ONE) return HALF_PI - 2n * arcsine(sqrt((ONE - x) * ONE / 2n));
  const square = x * x / ONE;
  let sum = ONE;
  for (let k = x < ONE / 64n ? 2n : 12n; k >= 1n; k--) {
    const factor = divRound(ONE * (2n * k - 1n) ** 2n, 2n * k * (2n * k + 1n));
    sum = ONE + (square * factor / ONE) * sum / ONE;
  }
  return x * sum / ONE;
}

/** The integer square root by Newton's method. */
function sqrt(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (guess + value / guess) / 2n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** The haversine in floating point, metres: what the integers are held against. */
export function haversine(
  latitude1: number,
  longitude1: number,
  latitude2: number,
  longitude2: number,
): number {
  const radians = (microdegrees: number) => microdegrees / 180e6 * Math.PI;
  const a = Math.sin(radians(latitude1 - latitude2) / 2) ** 2 +
    Math.cos(radians(latitude1)) * Math.cos(radians(latitude2)) *
      Math.sin(radians(longitude1 - longitude2) / 2) ** 2;
  return 2 * 6_371_009 * Math.asin(Math.sqrt(Math.min(1, a)));
}
