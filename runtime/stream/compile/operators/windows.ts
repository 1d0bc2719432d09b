/** Windows and running aggregates, as generated code. */
import type { Running, Window } from "../../plan.ts";
import { Accumulator, inOrder } from "../accumulators.ts";
import { keyInline, readKey, RowClass, writeKey } from "../rows.ts";
import { Block, integer } from "../text.ts";
import { slidingWindow } from "./over.ts";
import { transitionsOf } from "../zone.ts";
import { fieldsIn, keyBuffer, method, type Operator, same, self, type Site, tell } from "./shared.ts";

const UPDATES = {
  drop: "ACCUMULATING",
  accumulating: "ACCUMULATING",
  discarding: "DISCARDING",
  retracting: "RETRACTING",
};

export function window(step: Window, site: Site): Operator {
  if (step.window.kind === "sliding") return slidingWindow(step, step.window.size, site);
  const { module, number } = site;
  const acc = new Accumulator(module, `Acc${number}`, step.aggregates, step.from.changelog);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const made = windowType(step, site, acc);
  const fire = method(
    site,
    `fire(key: usize, keyLength: u32, start: i64, end: i64, acc: Acc${number}, op: i32, timing: i32)`,
    (block) => {
      const codes = readKey(block, step.keys, "key", "keyLength");
      codes.set("windowStart", { type: "i64", v: "start" }).set("windowEnd", { type: "i64", v: "end" });
      for (const { name } of step.aggregates) codes.set(name, block.hold(acc.result("acc", name), "r"));
      // Bounds of a window of rows are their numbers: its result comes with the row that fills it.
      const time = step.window.kind === "count" ? `${module.use("operators/out", "rowTime")}()` : "(end - 1)";
      site.after(block, fieldsIn(codes), time, step.changelog ? "op" : "0");
    },
  );
  if (step.from.changelog && acc.unretractable.length > 0) {
    throw new TypeError(
      `Cannot compile ${step.place}: rows before it may be taken back, and ${
        acc.unretractable.join(", ")
      } cannot take one back. Aggregate before the step that updates, or use count, sum, avg or variance.`,
    );
  }
  return {
    type: `${made.type}<Acc${number}, ${D}>`,
    bytes: made.bytes,
    init: made.init,
    declarations: [...made.declarations, acc.toString(), buffer.declaration, tell(D, [fire])],
    delay: step.lateness,
    give(block, scope, _side, time, op) {
      const key = writeKey(block, step.keys, scope, () => buffer.name);
      const values = acc.values(block, scope);
      block.checked();
      const cell = module.fresh("acc");
      block.line(`const ${cell} = ${self(site)}.add(${time}, ${key.v}, ${key.n});`);
      block.nest(`if (changetype<usize>(${cell}))`, (inner) => {
        acc.change(inner, cell, values, time, op);
        inner.line(`${self(site)}.added();`);
      });
    },
  };
}

interface WindowType {
  readonly type: string;
  readonly bytes: string;
  readonly init: string;
  readonly declarations: readonly string[];
}

function windowType(step: Window, site: Site, acc: Accumulator): WindowType {
  const { module } = site;
  const { window: spec, lateness, earlyEvents, earlyEvery, place } = step;
  const at = self(site), inline = keyInline(step.keys), start = `start${site.number}`;
  const update = () => `${module.use("operators/aligned", "Update")}.${UPDATES[step.policy]}`;
  /** An operator that is told what it is to be, then begun. */
  const declared = (
    file: string,
    type: string,
    bytes: string,
    lines: string[],
    more: string[] = [],
  ): WindowType => ({
    type: module.use(file, type),
    bytes: module.use(file, bytes),
    init: `${start}()`,
    declarations: [
      ...more,
      [
        `function ${start}(): bool {`,
        ...lines.map((line) => `  ${line}`),
        `  return ${at}.init(${inline});`,
        "}",
      ].join("\n"),
    ],
  });
  const aligned = (declare: string, more: string[] = [], stacks = false) =>
    declared("operators/aligned", "Aligned", "ALIGNED_BYTES", [
      `if (!${at}.${declare}) return false;`,
      `${at}.allow(${lateness}, ${update()});`,
      `${at}.early(${earlyEvents}, ${earlyEvery}, 0);`,
      ...stacks ? [`${at}.stack();`] : [],
    ], more);
  /** Told once, when they have ended: such windows have operators of their own. */
  const once = lateness === 0 && earlyEvents === 0 && earlyEvery === 0;
  const toldOnce = (name: string, declare: string, more: string[] = []) =>
    declared(`operators/${name.toLowerCase()}`, name, `${name.toUpperCase()}_BYTES`, [
      `if (!${at}.${declare}) return false;`,
    ], more);
  switch (spec.kind) {
    case "aligned": {
      const declare = `hopping(${spec.size}, ${spec.slide}, ${spec.offset})`;
      if (once && spec.slide % spec.size === 0) return toldOnce("Tumbling", declare);
      if (once && spec.size % spec.slide === 0 && acc.invertible) return toldOnce("Hopping", declare);
      return aligned(declare, [], once && acc.stacks && !acc.invertible);
    }
    case "cumulative":
      return aligned(`growing(${spec.size}, ${spec.step}, ${spec.offset})`);
    case "calendar": {
      const transitions = transitionsOf(spec.zone);
      const values = transitions.flatMap(([instant, offset]) => [integer(instant), integer(offset)]).join(
        ", ",
      );
      const name = `zone${site.number}`;
      const declare = `calendar(86400000000, 86400000000, false, 0, ${name}, ${transitions.length})`;
      const zone = [`const ${name} = memory.data<i64>([${values}], 8);`];
      return once ? toldOnce("Tumbling", declare, zone) : aligned(declare, zone);
    }
    case "session":
      return declared("operators/session", "Session", "SESSION_BYTES", [
        `${at}.gap(${spec.gap}, ${spec.max});`,
        `${at}.allow(${lateness}, ${update()});`,
        `${at}.early(${earlyEvents}, ${earlyEvery});`,
      ]);
    case "count": {
      if (lateness > 0 || earlyEvents > 0 || earlyEvery > 0) {
        throw new TypeError(
          `Cannot compile ${place}: windows of a number of rows know no late or early results`,
        );
      }
      return {
        type: module.use("operators/count", "CountWindow"),
        bytes: module.use("operators/count", "COUNT_WINDOW_BYTES"),
        init: `${at}.init(${spec.size}, ${spec.slide}, ${inline}, 0)`,
        declarations: [],
      };
    }
    case "sliding":
      throw new Error("a sliding window is an over-window");
  }
}

export function running(step: Running, site: Site): Operator {
  const { module, number } = site;
  const acc = new Accumulator(module, `Acc${number}`, step.aggregates, step.from.changelog);
  if (step.from.changelog && acc.unretractable.length > 0) {
    throw new TypeError(
      `Cannot compile ${step.place}: rows before it may be taken back, and ${
        acc.unretractable.join(", ")
      } cannot take one back. Use count, sum, avg or variance.`,
    );
  }
  const row = new RowClass(
    `Row${number}`,
    inOrder(step.aggregates).map(({ name, type }) => ({ name, type })),
    `row${number}old`,
  );
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const fill = new Block(module, "    ");
  row.fill(fill, (name) => acc.result("acc", name), `${module.use("operators/out", "rowTime")}()`);
  const changed = method(site, "changed(key: usize, keyLength: u32, op: i32)", (block) => {
    const codes = readKey(block, step.keys, "key", "keyLength");
    block.line(`const told = op ? ${row.instances[1]} : ${row.instance};`);
    for (const { name } of step.aggregates) codes.set(name, row.of("told")(name));
    site.after(block, fieldsIn(codes), "rowTime()", "op");
  });
  return {
    type: `${module.use("operators/running", "Running")}<Acc${number}, ${D}>`,
    bytes: module.use("operators/running", "RUNNING_BYTES"),
    init: `${self(site)}.init(${step.ttl}, ${keyInline(step.keys)})`,
    declarations: [
      acc.toString(),
      row.toString(),
      buffer.declaration,
      tell(D, [
        changed,
        `  fill(acc: Acc${number}): void {\n${fill}\n  }`,
        `  row(): Row${number} {\n    return ${row.instance};\n  }`,
        `  old(): Row${number} {\n    return ${row.instances[1]};\n  }`,
        same(site, "same", row, [row.instance, row.instances[1]], ""),
      ]),
    ],
    delay: 0,
    give(block, scope, _side, time, op) {
      const key = writeKey(block, step.keys, scope, () => buffer.name);
      const values = acc.values(block, scope);
      block.checked();
      const cell = module.fresh("acc");
      block.line(`const ${cell} = ${self(site)}.add(${time}, ${key.v}, ${key.n}, ${op});`);
      block.nest(`if (changetype<usize>(${cell}))`, (inner) => {
        acc.change(inner, cell, values, time, op);
        inner.line(`${self(site)}.added();`);
      });
    },
  };
}
