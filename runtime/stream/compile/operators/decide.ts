/** Decisions, as generated code: what a key has done stands in one entry, and rules look at it. */
import { type Node, walk } from "../../expr.ts";
import { formula } from "../../formula.ts";
import type { Beside, Decide, Figure, Rule } from "../../plan.ts";
import { OWN_REJECTS } from "../output.ts";
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
  const places = placesOf(step.figures);
  const remembered = step.figures.filter(({ function: name }) => name === "previous");
  const lasting = step.figures.filter(({ function: name }) => name === "known");
  const flags = step.figures.find(({ function: name }) => name === "flagged");
  const facts = step.facts?.fields ?? [];
  /** What stands in an entry before its windows: facts last, which idleness does not end. */
  const words = [
    "newest",
    "seen",
    ...remembered.map((_, i) => `before${i}`),
    ...lasting.map((_, i) => `known${i}`),
    ...step.merges ? windows.map((_, i) => `merged${i}`) : [],
    ...places.flatMap(({ values }, g) => [`at${g}`, ...values.map((_, i) => `place${g}_${i}`)]),
    ...flags ? ["flagged", "flaggedAt"] : [],
    ...facts.length > 0 ? ["used"] : [],
    ...facts.map((_, i) => `fact${i}`),
  ];
  const own = words.length - facts.length;
  const head = 8 * words.length;
  const bytes = `exactBytes(${INLINE})`;
  use("exactBytes");
  const type = `Decide${number}`, entry = `Done${number}`;
  const buffer = keyBuffer(site);
  const at = (kept: Kept) => `<usize> ${head} + ${windows.indexOf(kept)} * <usize> ${bytes}`;
  const table = module.use("lib/table", "Table");
  const free = windows.map((kept) => `    ${use("exactClear")}(p + ${at(kept)}, ${INLINE});`);
  const clock = facts.length > 0 ? module.use("lib/context", "clock") : "";
  const table_ = `${self(site)}.table`;
  return {
    type,
    bytes: module.use("lib/table", "TABLE_BYTES"),
    init: `${table_}.initWith(${keyInline(step.keys)}, ${step.ttl}, ${windows.length} * <u32> ${bytes})`,
    declarations: [
      buffer.declaration,
      [
        "@unmanaged",
        `class ${entry} {`,
        ...words.map((word) => `  ${word}: i64;`),
        "}",
        "@unmanaged",
        `class ${type} {`,
        `  get table(): ${table}<${entry}> {`,
        `    return changetype<${table}<${entry}>>(changetype<usize>(this));`,
        "  }",
        "  ahead(key: usize, length: u32): void {",
        // Most keys have few events in a window: the places of the rest are mostly empty.
        `    this.table.${windows.length > 0 ? `aheadBut(${16 * (INLINE - 2)}, ` : "ahead("}key, length);`,
        "  }",
        "  /** Forgets a key that has been idle, if the hand of the clock stands at one. */",
        "  reap(): void {",
        "    const old = this.table.idle();",
        "    const p = changetype<usize>(old);",
        "    if (!p) return;",
        ...facts.length > 0 ? [`    if (${facts.map((_, i) => `old.fact${i}`).join(" | ")}) return;`] : [],
        ...free,
        "    this.table.remove(old);",
        "  }",
        ...facts.length > 0 ? usedOf(entry, own, windows.map(at), free) : [],
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
    give(block, scope, side, time, op) {
      if (side === 0) return event(block, scope, time);
      return side === 1 && step.facts
        ? fact(block, scope, step.facts, op)
        : clear(block, scope, step.clears!);
    },
  };

  /** A key that was idle for its time is what its facts say and nothing else, whether it was reaped or not. */
  function usedOf(entry: string, own: number, kept: readonly string[], free: readonly string[]): string[] {
    return [
      `  use(done: ${entry}): void {`,
      `    if (done.used && (${clock} >> 20) - (done.used >> 20) > ${integer(step.ttl)} >> 20) {`,
      "      const p = changetype<usize>(done);",
      ...free.map((line) => `  ${line}`),
      ...kept.map((at) => `      memory.fill(p + ${at}, 0, ${bytes});`),
      `      memory.fill(p, 0, ${own * 8});`,
      ...lasting.flatMap((figure, i) =>
        figure.fact === undefined ? [] : [`      done.known${i} = done.fact${factOf(figure)};`]
      ),
      "    }",
      `    done.used = ${clock};`,
      "  }",
    ];
  }

  function fact(block: Block, scope: Scope, { from, keys }: Beside, op: string): void {
    const fields = scope.get(from.row)!;
    const key = writeKey(block, keys, scope, () => buffer.name);
    const values = facts.map(({ name }) => block.hold(fields(name)));
    block.checked();
    block.line(`${self(site)}.reap();`);
    block.line(`const done = ${table_}.upsert(${key.v}, ${key.n});`);
    refuse(block, "!changetype<usize>(done)", "STATE_FULL");
    block.line(`${self(site)}.use(done);`);
    values.forEach(({ v }, i) =>
      block.line(`done.fact${i} = ${op === "0" ? "" : `${op} ? 0 : `}<i64> ${v};`)
    );
    lasting.forEach((figure, i) => {
      if (figure.fact === undefined) return;
      block.line(`if (done.fact${factOf(figure)}) done.known${i} = done.fact${factOf(figure)};`);
    });
  }

  function clear(block: Block, scope: Scope, { keys }: Beside): void {
    const key = writeKey(block, keys, scope, () => buffer.name);
    block.checked();
    block.nest(`if (changetype<usize>(${table_}.find(${key.v}, ${key.n})))`, (inner) => {
      inner.line(`const done = ${table_}.upsert(${key.v}, ${key.n});`);
      if (facts.length > 0) inner.line(`${self(site)}.use(done);`);
      if (flags) inner.line("done.flagged = 0; done.flaggedAt = 0;");
    });
  }

  function event(block: Block, scope: Scope, time: string): void {
    // Flags are what rules say: then these change state.
    const judged = !site.silent || flags !== undefined;
    const key = writeKey(block, step.keys, scope, () => buffer.name);
    const values = step.figures.map(({ of, where }) => ({
      of: of && block.hold(express(of, scope, block)),
      where: where && block.hold(express(where, scope, block), "b"),
    }));
    const keys = !judged && step.refusals.length === 0
      ? []
      : step.keys.map(({ name, node }) => [name, block.hold(express(node, scope, block))] as const);
    block.checked();
    block.line(`${self(site)}.reap();`);
    block.line(`const done = ${table_}.upsert(${key.v}, ${key.n});`);
    refuse(block, "!changetype<usize>(done)", "STATE_FULL");
    if (facts.length > 0) block.line(`${self(site)}.use(done);`);
    block.line("const p = changetype<usize>(done);");
    block.line("const latest = done.seen ? max<i64>(done.newest, " + time + ") : " + time + ";");
    if (step.refusals.length > 0 || windows.length > 1) {
      for (const kept of windows) {
        tooOld(block, kept, time, values[step.figures.indexOf(kept.figures[0])].where);
      }
    }
    refusals(block, scope, new Map(keys), values.map(({ of }) => of));
    for (const kept of windows) {
      add(block, kept, `p + ${at(kept)}`, time, values[step.figures.indexOf(kept.figures[0])]);
    }
    if (flags) {
      block.line(
        `if (done.flagged && latest - done.flaggedAt >= ${integer(flags.within)}) done.flagged = 0;`,
      );
    }
    const figures = new Map<string, Code>(keys);
    const asked = new Set(
      judgedBy(step).flatMap((node) =>
        [...walk(node)].flatMap((each) => each.kind === "field" && each.row === step.row ? [each.name] : [])
      ),
    );
    for (const figure of judged ? step.figures : []) {
      // Of windows, which do not change below, what no rule asks for is taken where it leaves.
      if ((figure.function === "count" || figure.function === "sum") && !asked.has(figure.name)) {
        figures.set(figure.name, { type: "i64", v: valueOf(figure) });
        continue;
      }
      // A constant of its own: what it is taken from changes below.
      const name = module.fresh("g");
      block.line(`const ${name} = ${valueOf(figure)};`);
      figures.set(figure.name, { type: "i64", v: name });
    }
    if (judged) {
      for (const { name } of facts) figures.set(name, factCode(name));
    }
    lasting.forEach((figure, i) => {
      const { of, where } = values[step.figures.indexOf(figure)];
      block.line(`${where ? `if (${where.v}) ` : ""}done.known${i} = ${of!.v};`);
    });
    remembered.forEach((figure, i) => {
      block.line(`done.before${i} = ${values[step.figures.indexOf(figure)].of!.v};`);
    });
    places.forEach(({ first, values: kept }, g) => {
      const where = values[step.figures.indexOf(first)].where;
      block.nest(`if (${where ? `${where.v} && ` : ""}${time} >= done.at${g})`, (inner) => {
        inner.line(`done.at${g} = ${time};`);
        kept.forEach((figure, i) =>
          inner.line(`done.place${g}_${i} = ${values[step.figures.indexOf(figure)].of!.v};`)
        );
      });
    });
    block.line("done.newest = latest;");
    block.line("done.seen += 1;");
    if (!judged) return;
    const seen = within(scope, step.row, fieldsIn(figures));
    figures.set("verdict", judge(block, seen, figures));
    site.after(block, fieldsIn(figures), time, "0");
  }

  function refuse(block: Block, test: string, reason: string): void {
    const refuse = module.use("operators/out", "refuse"), reject = module.use("lib/effects", "Reject");
    block.line(`if (${test}) return ${refuse}(${reject}.${reason});`);
  }

  /** Before anything is counted: it must not be that one window has taken what another refuses. */
  function tooOld(block: Block, kept: Kept, time: string, where: Code | undefined): void {
    const test = `${time} < latest && ${use("exactTooOld")}(p + ${at(kept)}, ${
      integer(kept.within)
    }, ${time})`;
    refuse(block, where ? `${where.v} && ${test}` : test, "TOO_OLD");
  }

  /** By the figures before the event; `of`: what figures are taken of, which is computed already. */
  function refusals(
    block: Block,
    scope: Scope,
    codes: ReadonlyMap<string, Code>,
    of: readonly (Code | undefined)[],
  ): void {
    const row = { of: "computed" }, computed = new Map<string, Code>();
    step.figures.forEach((figure, i) => {
      if (figure.of?.kind === "op") computed.set(formula(figure.of), of[i]!);
    });
    const replaced = (node: Node): Node => {
      if (node.kind === "field" || node.kind === "const") return node;
      const name = formula(node),
        own = [...walk(node)].every((each) => each.kind !== "field" || each.row !== step.row);
      if (own && computed.has(name)) return { kind: "field", type: node.type, row, name };
      return { ...node, args: node.args.map(replaced) };
    };
    const seen = within(scope, step.row, (name) => {
      const held = codes.get(name);
      if (held) return held;
      const figure = step.figures.find((each) => each.name === name);
      // Not held: what a condition does not come to is not computed.
      return figure ? { type: "i64", v: valueOf(figure) } : factCode(name);
    });
    const inner = within(seen, row, fieldsIn(computed));
    const tests = step.refusals.map(({ when }) =>
      block.hold(express(replaced(when), inner, block), "refused")
    );
    block.checked();
    tests.forEach(({ v }, i) => {
      block.line(`if (${v}) return ${module.use("operators/out", "refuse")}(${OWN_REJECTS + i});`);
    });
  }

  function factCode(name: string): Code {
    const i = facts.findIndex((each) => each.name === name), { type } = facts[i];
    return { type, v: type === "bool" ? `(done.fact${i} != 0)` : `done.fact${i}` };
  }

  function factOf(figure: Figure): number {
    return facts.findIndex(({ name }) => name === figure.fact);
  }

  /** Adds the event to a window; one that is older than the window is refused, as is one too many. */
  function add(block: Block, kept: Kept, at: string, time: string, value: { of?: Code; where?: Code }): void {
    const merged = `p + offsetof<${entry}>("merged${windows.indexOf(kept)}")`;
    const call = `${use(step.merges ? "exactMerge" : "exactAdd")}(${at}, ${INLINE}, ${step.most}, ${
      integer(kept.within)
    }, ${time}, ${value.of?.v ?? "1"}${step.merges ? `, ${merged}` : ""})`;
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
      case "known":
        return `done.known${lasting.indexOf(figure)}`;
      case "flagged":
        return `(latest - done.flaggedAt >= ${integer(figure.within)} ? 0 : done.flagged)`;
      case "newestAt":
        return `done.at${placeOf(figure)}`;
      case "newest": {
        const g = placeOf(figure);
        return `done.place${g}_${places[g].values.indexOf(figure)}`;
      }
      default: {
        const kept = windows.find(({ figures }) => figures.includes(figure))!;
        const of = `p + ${at(kept)}, ${INLINE}, latest, ${integer(figure.within)}`;
        if (figure.function === "sum") return `${use("exactSum")}(${of})`;
        return step.merges
          ? `<i64> ${use("exactCountMerged")}(${of}, done.merged${windows.indexOf(kept)})`
          : `<i64> ${use("exactCount")}(${of})`;
      }
    }
  }

  function placeOf(figure: Figure): number {
    return places.findIndex(({ figures }) => figures.includes(figure));
  }

  /** Reasons and figures of the decision, and the decision; gives the verdict. */
  function judge(block: Block, scope: Scope, figures: Map<string, Code>): Code {
    const effects = (name: string) => module.use("lib/effects", name);
    const verdict = module.fresh("verdict"), broken = module.fresh("broken");
    block.line(`let ${verdict} = ${effects("Verdict")}.APPROVE;`);
    block.line(`let ${broken}: i64 = 0;`);
    const known = sharedCalls(step, block, scope);
    let code = 0;
    const apply = (rule: Rule, counts: boolean) => {
      if (!rule.silent) code++;
      const test = known(rule.when, block);
      block.nest(`if (${test.v})`, (inner) => {
        if (!rule.silent && !site.silent) {
          const observed = rule.observed ? known(rule.observed, inner).v : "0";
          const limit = rule.limit ? known(rule.limit, inner).v : "0";
          inner.line(`${effects("reason")}(${code}, ${observed}, ${limit});`);
        }
        inner.line(`${verdict} = max<i32>(${verdict}, Verdict.${rule.verdict.toUpperCase()});`);
        if (counts) inner.line(`${broken} += 1;`);
      });
    };
    for (const rule of step.rules) apply(rule, true);
    // What failed in a rule refuses the event before it is flagged.
    if (flags) block.checked();
    if (flags) {
      block.nest(`if (${broken})`, (inner) => {
        inner.line("done.flagged += 1;");
        inner.line("done.flaggedAt = latest;");
      });
    }
    if (site.silent) return { type: "i64", v: `<i64> ${verdict}` };
    figures.set("broken", { type: "i64", v: broken });
    for (const rule of step.escalations) apply(rule, false);
    figures.set("verdict", { type: "i64", v: `<i64> ${verdict}` });
    step.told.forEach(({ node, where }, i) => {
      const tell = (inner: Block) => inner.line(`${effects("figure")}(${i + 1}, ${known(node, inner).v});`);
      if (where) block.nest(`if (${known(where, block).v})`, tell);
      else tell(block);
    });
    block.checked();
    block.line(`${effects("reply")}(${verdict});`);
    return { type: "i64", v: `<i64> ${verdict}` };
  }
}

/** What rules look at, and what is told. */
function judgedBy(step: Decide): Node[] {
  return [
    ...[...step.rules, ...step.escalations].flatMap(({ when, observed, limit }) => [when, observed, limit]),
    ...step.told.flatMap(({ node, where }) => [node, where]),
  ].filter((node) => node !== undefined);
}

/** Functions of one's own that several rules look at are called once, before them. */
function sharedCalls(step: Decide, block: Block, scope: Scope): (node: Node, block: Block) => Code {
  const counts = new Map<Node, number>();
  for (const root of judgedBy(step)) {
    for (const node of walk(root)) {
      if (node.kind === "call") counts.set(node, (counts.get(node) ?? 0) + 1);
    }
  }
  const shared = new Map<Node, Node>(), row = { of: "shared" }, codes = new Map<string, Code>();
  const inner = within(scope, row, fieldsIn(codes));
  const replaced = (node: Node): Node => {
    const known = shared.get(node);
    if (known || node.kind === "field" || node.kind === "const") return known ?? node;
    return { ...node, args: node.args.map(replaced) };
  };
  // Arguments stand before what is made of them: those that are shared too are known by then.
  const calls = [...counts].filter(([, count]) => count > 1).map(([node]) => node)
    .sort((a, b) => [...walk(a)].length - [...walk(b)].length);
  for (const node of calls) {
    const name = `call${shared.size}`;
    codes.set(name, block.hold(express(replaced(node), inner, block), "shared"));
    shared.set(node, { kind: "field", type: node.type, row, name });
  }
  return (node, block) => express(replaced(node), inner, block);
}

/** Values that are remembered of the same events: each with the newest time of these. */
interface Place {
  readonly where: string;
  readonly first: Figure;
  readonly figures: Figure[];
  readonly values: Figure[];
}

function placesOf(figures: readonly Figure[]): Place[] {
  const places: Place[] = [];
  for (const figure of figures) {
    if (figure.function !== "newest" && figure.function !== "newestAt") continue;
    const where = figure.where ? formula(figure.where) : "";
    let place = places.find((each) => each.where === where);
    if (!place) places.push(place = { where, first: figure, figures: [], values: [] });
    place.figures.push(figure);
    if (figure.function === "newest") place.values.push(figure);
  }
  return places;
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
