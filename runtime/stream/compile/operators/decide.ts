/** Decisions, as generated code: what a key has done stands in one entry, and rules look at it. */
import type { Decide, Figure } from "../../plan.ts";
import { keyInline, writeKey } from "../rows.ts";
import { type Block, type Code, express, integer, type Scope, within } from "../text.ts";
import { fieldsIn, keyBuffer, type Operator, self, type Site } from "./shared.ts";

/** Events of a window that stand in the entry itself; more are in the arena. */
const INLINE = 5;

/** Figures that are taken over the same events, kept once. */
interface Kept {
  readonly figures: Figure[];
  within: number;
  /** Offset in the entry, bytes. */
  at: number;
}

export function decide(step: Decide, site: Site): Operator {
  const { module, number } = site;
  const use = (name: string) => module.use("lib/windows", name);
  const windows = windowsOf(step.figures);
  const remembered = step.figures.filter(({ function: name }) => name === "previous");
  const head = 16 + remembered.length * 8;
  const bytes = `exactBytes(${INLINE})`;
  use("exactBytes");
  const type = `Decide${number}`, entry = `Done${number}`;
  const buffer = keyBuffer(site);
  const at = (kept: Kept) => `<usize> ${head} + ${windows.indexOf(kept)} * <usize> ${bytes}`;
  const table = module.use("lib/table", "Table");
  const free = windows.map((kept) => `    ${use("exactClear")}(p + ${at(kept)}, ${INLINE});`);
  return {
    type,
    bytes: module.use("lib/table", "TABLE_BYTES"),
    init: `${self(site)}.table.initWith(${
      keyInline(step.keys)
    }, ${step.ttl}, ${windows.length} * <u32> ${bytes})`,
    declarations: [
      buffer.declaration,
      [
        "@unmanaged",
        `class ${entry} {`,
        "  newest: i64;",
        "  seen: i64;",
        ...remembered.map((_, i) => `  before${i}: i64;`),
        "}",
        "@unmanaged",
        `class ${type} {`,
        `  get table(): ${table}<${entry}> {`,
        `    return changetype<${table}<${entry}>>(changetype<usize>(this));`,
        "  }",
        "  ahead(key: usize, length: u32): void {",
        "    this.table.ahead(key, length);",
        "  }",
        "  /** Forgets a key that has been idle, if the hand of the clock stands at one. */",
        "  reap(): void {",
        "    const old = this.table.idle();",
        "    const p = changetype<usize>(old);",
        "    if (!p) return;",
        ...free,
        "    this.table.remove(old);",
        "  }",
        "  due(): i64 {",
        "    return i64.MAX_VALUE;",
        "  }",
        "  advance(w: i64): bool {",
        "    return true;",
        "  }",
        "  keys(): u64 {",
        "    return this.table.count;",
        "  }",
        "}",
      ].join("\n"),
    ],
    delay: 0,
    give(block, scope, _side, time) {
      const key = writeKey(block, step.keys, scope, () => buffer.name);
      const values = step.figures.map(({ of, where }) => ({
        of: of && block.hold(express(of, scope, block)),
        where: where && block.hold(express(where, scope, block), "b"),
      }));
      const keys = site.silent
        ? []
        : step.keys.map(({ name, node }) => [name, block.hold(express(node, scope, block))] as const);
      block.checked();
      block.line(`${self(site)}.reap();`);
      block.line(`const done = ${self(site)}.table.upsert(${key.v}, ${key.n});`);
      refuse(block, "!changetype<usize>(done)", "STATE_FULL");
      block.line("const p = changetype<usize>(done);");
      block.line("const latest = done.seen ? max<i64>(done.newest, " + time + ") : " + time + ";");
      for (const kept of windows) {
        add(block, kept, `p + ${at(kept)}`, time, values[step.figures.indexOf(kept.figures[0])]);
      }
      const figures = new Map<string, Code>(keys);
      for (const figure of site.silent ? [] : step.figures) {
        // A constant of its own: what it is taken from changes below.
        const name = module.fresh("g");
        block.line(`const ${name} = ${valueOf(figure)};`);
        figures.set(figure.name, { type: "i64", v: name });
      }
      remembered.forEach((figure, i) => {
        block.line(`done.before${i} = ${values[step.figures.indexOf(figure)].of!.v};`);
      });
      block.line("done.newest = latest;");
      block.line("done.seen += 1;");
      if (site.silent) return;
      const seen = within(scope, step.row, fieldsIn(figures));
      figures.set("verdict", judge(block, seen));
      site.after(block, fieldsIn(figures), time, "0");
    },
  };

  function refuse(block: Block, test: string, reason: string): void {
    const refuse = module.use("operators/out", "refuse"), reject = module.use("lib/effects", "Reject");
    block.line(`if (${test}) return ${refuse}(${reject}.${reason});`);
  }

  /** Adds the event to a window; one that is older than the window is refused, as is one too many. */
  function add(block: Block, kept: Kept, at: string, time: string, value: { of?: Code; where?: Code }): void {
    const call = `${use("exactAdd")}(${at}, ${INLINE}, ${step.most}, ${integer(kept.within)}, ${time}, ${
      value.of?.v ?? "1"
    })`;
    const told = module.fresh("told");
    block.line(`const ${told} = ${value.where ? `${value.where.v} ? ${call} : 0` : call};`);
    refuse(block, `${told} == 2`, "TOO_OLD");
    refuse(block, `${told}`, "STATE_FULL");
  }

  function valueOf(figure: Figure): string {
    switch (figure.function) {
      case "seen":
        return "done.seen";
      case "since":
        return `(done.seen ? max<i64>(0, ${"latest"} - done.newest) : 0)`;
      case "previous":
        return `done.before${remembered.indexOf(figure)}`;
      default: {
        const kept = windows.find(({ figures }) => figures.includes(figure))!;
        const call = figure.function === "count" ? `<i64> ${use("exactCount")}` : use("exactSum");
        return `${call}(p + ${at(kept)}, ${INLINE}, latest, ${integer(figure.within)})`;
      }
    }
  }

  /** Reasons and figures of the decision, and the decision; gives the verdict. */
  function judge(block: Block, scope: Scope): Code {
    const effects = (name: string) => module.use("lib/effects", name);
    const verdict = module.fresh("verdict");
    block.line(`let ${verdict} = ${effects("Verdict")}.APPROVE;`);
    step.rules.forEach((rule, i) => {
      const test = express(rule.when, scope, block);
      block.nest(`if (${test.v})`, (inner) => {
        const observed = rule.observed ? express(rule.observed, scope, inner).v : "0";
        const limit = rule.limit ? express(rule.limit, scope, inner).v : "0";
        inner.line(`${effects("reason")}(${i + 1}, ${observed}, ${limit});`);
        inner.line(`${verdict} = max<i32>(${verdict}, Verdict.${rule.verdict.toUpperCase()});`);
      });
    });
    const fields = scope.get(step.row)!;
    step.figures.forEach(({ name }, i) => block.line(`${effects("figure")}(${i + 1}, ${fields(name).v});`));
    block.checked();
    block.line(`${effects("reply")}(${verdict});`);
    return { type: "i64", v: `<i64> ${verdict}` };
  }
}

/** Counts and sums over the same events share a window, as long as the longest of them. */
function windowsOf(figures: readonly Figure[]): Kept[] {
  const windows: Kept[] = [];
  for (const figure of figures) {
    if (figure.function !== "count" && figure.function !== "sum") continue;
    const known = windows.find(({ figures: [other] }) =>
      other.where === figure.where && (figure.function === "count" && other.function === "count")
    );
    if (known) {
      known.figures.push(figure);
      known.within = Math.max(known.within, figure.within);
    } else windows.push({ figures: [figure], within: figure.within, at: 0 });
  }
  // A count without a condition of its own looks at any sum's events.
  const sums = windows.filter(({ figures: [figure] }) => figure.function === "sum" && !figure.where);
  const counts = windows.find(({ figures: [figure] }) => figure.function === "count" && !figure.where);
  if (counts && sums.length > 0) {
    sums[0].figures.push(...counts.figures);
    sums[0].within = Math.max(sums[0].within, counts.within);
    windows.splice(windows.indexOf(counts), 1);
  }
  return windows;
}
