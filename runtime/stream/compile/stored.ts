/** Aggregates with storage of their own: structs of wasm/operators/aggregates that stand in the accumulator. */
import type { NamedAggregate } from "../plan.ts";
import type { Part } from "./accumulators.ts";
import type { Code, Module } from "./text.ts";

/** Items of a list, where the declaration does not say. */
const LIST = 10;

/** How a kind is kept: words of 8 bytes in the accumulator, and the functions that know them. */
interface Store {
  readonly words: number;
  readonly invertible: boolean;
  /** Counts a value in (times 1) or out (times -1); an expression, false = no room. */
  change(p: string, value: Code, times: 1 | -1, time: string): string;
  merge(p: string, from: string): string;
  unmerge?(p: string, from: string): string;
  result(p: string): Code;
  free(p: string): string;
}

export function stored(aggregate: NamedAggregate, a: string, type: string, module: Module): Part {
  const store = storeOf(aggregate, module);
  const at = (acc: string) => `changetype<usize>(${acc}) + offsetof<${type}>("${a}s0")`;
  const refuse = () =>
    `${module.use("operators/out", "refuse")}(${module.use("lib/effects", "Reject")}.STATE_FULL);`;
  return {
    slots: Array.from({ length: store.words }, (_, i) => ({ name: `${a}s${i}`, type: "i64" })),
    invertible: store.invertible,
    retractable: store.invertible,
    add: (acc, value, time) => [`if (!${store.change(at(acc), value!, 1, time)}) ${refuse()}`],
    sub: (acc, value) =>
      store.invertible ? [`if (!${store.change(at(acc), value!, -1, "0")}) ${refuse()}`] : [],
    merge: (to, from) => [`if (!${store.merge(at(to), at(from))}) return false;`],
    unmerge: (to, from) => store.unmerge ? [`${store.unmerge(at(to), at(from))};`] : [],
    result: (acc) => store.result(at(acc)),
    free: (acc) => [`${store.free(at(acc))};`],
  };
}

function storeOf(aggregate: NamedAggregate, module: Module): Store {
  const of = aggregate.of!.type;
  const most = aggregate.parameter ?? LIST;
  switch (aggregate.kind) {
    case "distinct": {
      const use = (name: string) => module.use("operators/aggregates/multiset", name);
      return {
        words: 2,
        invertible: true,
        change: (p, { v, n }, times) =>
          n === undefined
            ? `${use("multisetChange64")}(${p}, ${bits(of, v)}, ${times})`
            : `${use("multisetChange")}(${p}, ${v}, ${n}, ${times})`,
        merge: (p, from) => `${use("multisetMerge")}(${p}, ${from})`,
        unmerge: (p, from) => `${use("multisetUnmerge")}(${p}, ${from})`,
        result: (p) => ({ type: "i64", v: `${use("multisetCount")}(${p})` }),
        free: (p) => `${use("multisetFree")}(${p})`,
      };
    }
    case "approxDistinct": {
      const use = (name: string) => module.use("operators/aggregates/hyperloglog", name);
      return {
        words: 1,
        invertible: false,
        change: (p, { v, n }) =>
          n === undefined
            ? `${use("hllAdd64")}(${p}, ${bits(of, v)})`
            : `${use("hllAddBytes")}(${p}, ${v}, ${n})`,
        merge: (p, from) => `${use("hllMerge")}(${p}, ${from})`,
        result: (p) => ({ type: "i64", v: `${use("hllEstimate")}(${p})` }),
        free: (p) => `${use("hllFree")}(${p})`,
      };
    }
    case "quantile": {
      const use = (name: string) => module.use("operators/aggregates/quantiles", name);
      const share = Number.isInteger(most) ? `${most}.0` : String(most);
      return {
        words: 3,
        invertible: true,
        change: (p, { v }, times) => `${use("quantilesChange")}(${p}, <f64>(${v}), ${times})`,
        merge: (p, from) => `${use("quantilesMerge")}(${p}, ${from})`,
        unmerge: (p, from) => `${use("quantilesUnmerge")}(${p}, ${from})`,
        result: (p) => ({ type: "f64", v: `${use("quantilesAt")}(${p}, ${share})` }),
        free: (p) => `${use("quantilesFree")}(${p})`,
      };
    }
    case "min":
    case "max":
    case "largest":
    case "smallest":
      return orderedStore(aggregate, most, module);
    case "heavy": {
      const use = (name: string) => module.use("operators/aggregates/heavy", name);
      return {
        words: 3,
        invertible: false,
        change: (p, { v, n }) =>
          n === undefined
            ? `${use("heavyAdd")}(${p}, ${module.use("operators/lists", "numberBytes")}(${
              bits(of, v)
            }), 8, 1, ${most})`
            : `${use("heavyAdd")}(${p}, ${v}, ${n}, 1, ${most})`,
        merge: (p, from) => `${use("heavyMerge")}(${p}, ${from}, ${most})`,
        result: (p) => text(`${module.use("operators/lists", "heavyText")}(${p}, ${of !== "text"})`, module),
        free: (p) => `${use("heavyFree")}(${p}, ${most})`,
      };
    }
    case "collect": {
      const use = (name: string) => module.use("operators/aggregates/collect", name);
      const list = of === "text" ? "collectedText" : "collectedNumbers";
      return {
        words: 3,
        invertible: false,
        change: (p, { v, n }, _times, time) =>
          n === undefined
            ? `${use("collectAdd")}(${p}, ${time}, ${module.use("operators/lists", "numberBytes")}(${
              bits(of, v)
            }), 8, ${most})`
            : `${use("collectAdd")}(${p}, ${time}, ${v}, ${n}, ${most})`,
        merge: (p, from) => `${use("collectMerge")}(${p}, ${from}, ${most})`,
        result: (p) => text(`${module.use("operators/lists", list)}(${p})`, module),
        free: (p) => `${use("collectFree")}(${p})`,
      };
    }
    default:
      throw new TypeError(`Cannot compile the aggregate "${aggregate.name}": ${aggregate.kind} is not known`);
  }
}

/** Numbers in order: extremes that may be taken back, and the N least or greatest. */
function orderedStore({ kind, of }: NamedAggregate, most: number, module: Module): Store {
  const use = (name: string) => module.use("operators/aggregates/ordered", name);
  const floats = of!.type === "f64";
  const order = (v: string) =>
    floats ? `${module.use("operators/aggregates/hash", "ordered")}(${v})` : `<i64>(${v})`;
  const value = (v: string): Code =>
    floats
      ? { type: "f64", v: `${module.use("operators/aggregates/hash", "unordered")}(${v})` }
      : { type: "i64", v };
  return {
    words: 1,
    invertible: true,
    change: (p, { v }, times) => `${use("orderedChange")}(${p}, ${order(v)}, ${times})`,
    merge: (p, from) => `${use("orderedMerge")}(${p}, ${from})`,
    unmerge: (p, from) => `${use("orderedUnmerge")}(${p}, ${from})`,
    result: (p) =>
      kind === "min"
        ? value(`${use("orderedLeast")}(${p})`)
        : kind === "max"
        ? value(`${use("orderedGreatest")}(${p})`)
        : text(
          `${module.use("operators/lists", "rankedText")}(${p}, ${kind === "largest"}, ${most}, ${floats})`,
          module,
        ),
    free: (p) => `${use("orderedFree")}(${p})`,
  };
}

function bits(type: string, v: string): string {
  return type === "f64" ? `reinterpret<u64>(${v})` : `<u64>(${v})`;
}

/** Text is computed by a call; its length is known after. */
function text(call: string, module: Module): Code {
  return { type: "text", v: call, n: module.use("operators/values", "textLength") };
}
