/**
 * From plan to AssemblyScript: one kernel that reads the sources' events, gives their rows to operators, and
 * puts out what comes of them. A step without state is code in the path of a row; a step with state is an
 * operator of wasm/operators, numbered in the order in which event time reaches it.
 */
import type { End, Plan, Source, Step, To, View } from "../plan.ts";
import { inOrder, inputsOf } from "../plan.ts";
import { hex, sha256 } from "../../hash.ts";
import { INPUTS_QUERY } from "../marks.ts";
import { aheadText } from "./ahead.ts";
import { correctionText } from "./correct.ts";
import { Decoder } from "./decode.ts";
import { type Operator, operatorOf } from "./operators/mod.ts";
import { projected } from "./operators/shared.ts";
import { endFields, identityOf, inputOf, RETRACTED } from "./output.ts";
import { keyInline, writeKey } from "./rows.ts";
import { cutTails, isStateful, tellsByTime } from "./state.ts";
import { Block, type Code, express, integer, Module, type Scope, within } from "./text.ts";

/** Longest event a declared kernel takes, bytes. */
const EVENT_BYTES_MAX = 16384;

export interface KernelText {
  /** The kernel's own file, and those of the developer's own functions, by file name without ".ts". */
  readonly files: ReadonlyMap<string, string>;
  /** Steps with state, in the order of their numbers. */
  readonly operators: readonly (Step | View)[];
  /** What of it changes state, and nothing else: see state.ts. */
  readonly state: ReadonlyMap<string, string>;
}

/** `patient`: events move no watermark, so nothing is late; only what is told does. */
export function kernelText(plan: Plan, name: string, patient = false): KernelText {
  const whole = new Writer(plan, patient, false), state = new Writer(plan, patient, true);
  const written = whole.write(name);
  return { ...written, state: state.writeState(whole.schemaHash) };
}

interface Numbered {
  readonly step: Step | View;
  readonly number: number;
  readonly operator: Operator;
}

class Writer {
  readonly #plan: Plan;
  readonly #patient: boolean;
  readonly #module = new Module();
  readonly #decoders: readonly Decoder[];
  readonly #consumers = new Map<Step, { to: Step | End; side: number }[]>();
  readonly #operators = new Map<Step | End, Numbered>();
  /** Only what changes state is written. */
  readonly #stateOnly: boolean;
  readonly #silent: (step: Step | End) => boolean;

  constructor(plan: Plan, patient: boolean, stateOnly: boolean) {
    this.#plan = plan;
    this.#patient = patient;
    this.#stateOnly = stateOnly;
    this.#decoders = plan.sources.map((source) => new Decoder(this.#module, source));
    for (const step of inOrder(plan)) {
      inputsOf(step).forEach((from, side) => {
        const known = this.#consumers.get(from) ?? [];
        known.push({ to: step, side });
        this.#consumers.set(from, known);
      });
    }
    this.#silent = stateOnly ? cutTails(this.#consumers) : () => false;
  }

  write(name: string): Omit<KernelText, "state"> {
    const { body, operators } = this.#body();
    const text = [
      `/** Compiled from the declaration of pipeline ${JSON.stringify(this.#plan.name)}. */`,
      this.#module.header(),
      `export const NAME = ${JSON.stringify(name)};`,
      `export const SCHEMA_HASH = "${this.schemaHash}";`,
      `export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;`,
      `export const EVENT_BYTES_MAX: u32 = ${EVENT_BYTES_MAX};`,
      "export const KEY_BYTES_MAX: u32 = 1024;",
      ...body,
    ].join("\n");
    return { files: new Map([["kernel", text], ...this.#module.ownSources]), operators };
  }

  /** `schemaHash` is the whole kernel's: an event that cannot be read for its outputs alone is refused, too. */
  writeState(schemaHash: string): ReadonlyMap<string, string> {
    const { body } = this.#body();
    // Corrections of a view are recorded by its channel.
    const views = this.#plan.ends.map(({ kind, channel }) => kind === "view" ? `view ${channel}` : "");
    const text = [this.#module.header(), schemaHash, views.join(""), ...body].join("\n")
      .replaceAll(/ \/\/ .*$/gm, "");
    return new Map([["kernel", text], ...this.#module.ownSources]);
  }

  #body(): { readonly body: readonly string[]; readonly operators: readonly (Step | View)[] } {
    const steps = inOrder(this.#plan);
    // Operators first: what a source's row meets must be known when its code is written.
    const stateful = steps.filter((step): step is Step | View => isStateful(step));
    stateful.forEach((step, number) => this.#operators.set(step, { step, number, operator: undefined! }));
    for (const step of [...stateful].reverse()) {
      const { number } = this.#operators.get(step)!;
      const operator = step.kind === "view" ? this.#view(step, number) : operatorOf(step, {
        module: this.#module,
        number,
        silent: this.#silent(step),
        after: (block, fields, time, op) => this.#row(step, block, new Map([[step.row, fields]]), time, op),
      });
      this.#operators.set(step, { step, number, operator });
    }
    const numbered = stateful.map((step) => this.#operators.get(step)!);
    const sources = this.#plan.sources.map((source) => this.#source(source));
    const body = [
      ...this.#decoders.map(String),
      ...numbered.flatMap(({ operator }) => operator.declarations),
      ...numbered.map((each, i) => this.#instance(each, numbered.slice(0, i))),
      ...sources,
      this.#onInit(numbered),
      this.#onEvent(),
      aheadText(this.#module, this.#plan, numbered),
      this.#pump(numbered),
      ...this.#stateOnly ? [] : [this.#hooks(numbered)],
    ];
    return { body, operators: stateful };
  }

  /** Of the fields that are read: one that is added to a message changes nothing here. */
  get schemaHash(): string {
    return hex(sha256(new TextEncoder().encode(this.#decoders.map((each) => each.schema).join(";"))));
  }

  // ---- the path of a row ----

  /** Code for everything that follows a step for one row of it. */
  #row(step: Step, block: Block, scope: Scope, time: string, op: string): void {
    const consumers = this.#consumers.get(step) ?? [];
    for (const { to, side } of consumers) {
      if (consumers.length === 1) this.#consume(to, side, step, block, scope, time, op);
      else block.nest("", (inner) => this.#consume(to, side, step, inner, scope, time, op));
    }
  }

  #consume(
    to: Step | End,
    side: number,
    from: Step,
    block: Block,
    scope: Scope,
    time: string,
    op: string,
  ): void {
    switch (to.kind) {
      case "source":
        throw new Error("a source reads from nothing");
      case "filter": {
        const test = express(to.where, scope, block);
        if (to.reason !== undefined) {
          block.checked();
          block.line(
            `if (!(${test.v})) return ${this.#module.use("operators/out", "refuse")}(${to.reason});`,
          );
          return this.#row(to, block, scope, time, op);
        }
        return block.nest(`if (${test.v})`, (inner) => this.#row(to, inner, scope, time, op));
      }
      case "map":
        return this.#row(to, block, within(scope, to.row, projected(to.values, block, scope)), time, op);
      case "flatMap":
        for (const { where, values } of to.rows) {
          const test = express(where, scope, block);
          block.nest(`if (${test.v})`, (inner) => {
            this.#row(to, inner, within(scope, to.row, projected(values, inner, scope)), time, op);
          });
        }
        return;
      case "union":
        return this.#row(to, block, within(scope, to.row, scope.get(from.row)!), time, op);
      case "to":
        return this.#put(to, block, scope, op);
      default: {
        const { number, operator } = this.#operators.get(to)!;
        block.line(`${this.#module.use("operators/out", "enterRow")}(${time}, ${number});`);
        operator.give(block, scope, side, time, op);
      }
    }
  }

  // ---- ends ----

  #put(end: To, block: Block, scope: Scope, op: string): void {
    block.checked();
    const emit = this.#module.use("operators/out", "emit");
    const fields = scope.get(end.from.row);
    const key = this.#identity(end, identityOf(end.from).map((name) => block.hold(fields!(name))), block);
    if (end.fields.length === 0) {
      block.line(`${emit}(${end.channel}, ${key.v}, ${key.n}, body, bodyLength);`);
      return;
    }
    const p = this.#encode(end, block, scope, op);
    block.line(`${emit}(${end.channel}, ${key.v}, ${key.n}, scratch(), <u32> (${p} - scratch()));`);
  }

  /** Writes a row as its message at scratch(); gives the variable that holds its end. */
  #encode(end: End, block: Block, scope: Scope, op: string): string {
    const fields = scope.get(end.from.row)!;
    const use = (name: string) => this.#module.use("lib/wire", name);
    const scratch = this.#module.use("lib/effects", "scratch");
    const p = this.#module.fresh("p");
    const codes = endFields(end).map(({ name, number }) =>
      name === "retracted" && number === 1000
        ? { number, code: { type: "bool", v: `(${op}) != 0` } as Code }
        : { number, code: block.hold(fields(name)) }
    );
    block.checked();
    const texts = codes.filter(({ code }) => code.n !== undefined).map(({ code }) => code.n);
    if (texts.length > 0) {
      const refuse = this.#module.use("operators/out", "refuse"),
        reject = this.#module.use("lib/effects", "Reject");
      block.line(`if (${texts.join(" + ")} > 57344) return ${refuse}(${reject}.OUT_OF_RANGE);`);
    }
    block.line(`let ${p} = ${scratch}();`);
    for (const { number, code } of codes) {
      const tag = (wire: number) => (number << 3 | wire) >>> 0;
      const store = (wire: number) =>
        tag(wire) < 0x80
          ? `store<u8>(${p}, ${tag(wire)}); ${p} = ${p} + 1;`
          : `${p} = ${use("writeVarint")}(${p}, ${tag(wire)});`;
      if (code.n !== undefined) {
        block.line(`if (${code.n}) ${p} = ${use("writeBytes")}(${p}, ${tag(2)}, ${code.v}, ${code.n});`);
      } else if (code.type === "f64") {
        block.line(`if (${code.v} != 0) { ${store(1)} store<f64>(${p}, ${code.v}); ${p} = ${p} + 8; }`);
      } else {
        block.line(`if (${code.v}) { ${store(0)} ${p} = ${use("writeVarint")}(${p}, <u64> ${code.v}); }`);
      }
    }
    return p;
  }

  /** What identifies a row of an output, as text: its key and window; nothing where there is no such thing. */
  #identity(end: End, codes: readonly Code[], block: Block): Code {
    if (codes.length === 0) return { type: "text", v: "8", n: "0" };
    if (codes.length === 1 && codes[0].n !== undefined) return codes[0];
    const begin = this.#module.use("operators/names", "beginName"),
      part = this.#module.use("operators/names", "nameText");
    const digits = this.#module.use("operators/names", "nameNumber");
    const end_ = this.#module.use("operators/names", "nameLength");
    block.line(`const name${end.channel}_ = ${begin}();`);
    for (const code of codes) {
      block.line(code.n !== undefined ? `${part}(${code.v}, ${code.n});` : `${digits}(<i64> ${code.v});`);
    }
    return { type: "text", v: `name${end.channel}_`, n: `${end_}()` };
  }

  #view(view: View, number: number): Operator {
    const buffer = `key${number}`;
    return {
      type: this.#module.use("operators/view", "View"),
      bytes: this.#module.use("operators/view", "VIEW_BYTES"),
      init: `op${number}.init(${keyInline(view.keys)}, ${view.ttl})`,
      declarations: [`const ${buffer} = memory.data(1040, 8);`],
      delay: 0,
      give: (block, scope, _side, time, op) => {
        const key = writeKey(block, view.keys, scope, () => buffer);
        const name = this.#stateOnly ? { v: "", n: "" } : this.#identity(
          view,
          view.keys.map((each) => block.hold(express(each.node, scope, block))),
          block,
        );
        const p = this.#encode(view, block, scope, op);
        const put = view.from.changelog
          ? `(${op} ? op${number}.take(${key.v}, ${key.n}) : op${number}.put(${time}, ROW))`
          : `op${number}.put(${time}, ROW)`;
        const row = `${key.v}, ${key.n}, scratch(), <u32> (${p} - scratch())`;
        if (this.#stateOnly) return block.line(`${put.replaceAll("ROW", row)};`);
        // Whoever follows the view is told of the change.
        block.nest(`if (${put.replaceAll("ROW", row)})`, (inner) => {
          inner.line(
            `${this.#module.use("operators/out", "emit")}(${view.channel}, ${name.v}, ${name.n}, ${
              row.slice(row.indexOf("scratch"))
            });`,
          );
        });
      },
    };
  }

  // ---- the kernel's hooks ----

  #source(source: Source): string {
    const { input, time, timed, disorder, ahead } = source;
    const block = new Block(this.#module);
    const decoder = this.#decoders[input];
    const scope: Scope = new Map([[source.row, (name: string) => decoder.field(name)]]);
    const clock = this.#module.use("lib/context", "clock");
    const at = time ? express(time, scope, block).v : clock;
    block.line(`const time: i64 = ${at};`);
    block.checked();
    if (time) {
      const enterRow = this.#module.use("operators/out", "enterRow"),
        late = this.#module.use("operators/out", "late");
      const reason = this.#module.use("operators/out", "LateReason");
      const plus = this.#module.use("operators/bounds", "plus");
      block.nest(`if (time > ${plus}(${clock}, ${integer(ahead)}))`, (inner) => {
        inner.line(`${enterRow}(time, 0);`);
        inner.line(`return ${late}(time, time, ${reason}.FAR_FUTURE);`);
      });
    }
    const rows = new Block(this.#module);
    // Of the stage before: an update is the old row taken back, then the new one.
    const op = source.changelog ? `<i32> ${decoder.field(RETRACTED.name).v}` : "0";
    this.#row(source, rows, scope, "time", op);
    block.line(`rows${input}(time);`);
    if (timed && !source.fed && !this.#patient) {
      const minus = this.#module.use("operators/bounds", "minus");
      block.line(`${this.#module.use("operators/time", "observe")}(${input}, ${minus}(time, ${disorder}));`);
    }
    return `function rows${input}(time: i64): void {\n${rows}\n}\nfunction source${input}(): void {\n${block}\n}`;
  }

  /** The operator's struct, after those before it. */
  #instance({ number, operator }: Numbered, earlier: readonly Numbered[]): string {
    const base = this.#module.use("operators/time", "OPERATORS");
    const at = [base, ...earlier.map((each) => each.operator.bytes)].join(" + ");
    return `const op${number} = changetype<${operator.type}>(${at});`;
  }

  #onInit(numbered: readonly Numbered[]): string {
    const init = this.#module.use("operators/time", "timeInit");
    const state = this.#module.use("lib/memory", "STATE");
    const base = this.#module.use("operators/time", "OPERATORS");
    const bytes = [...numbered.map(({ operator }) => operator.bytes), "0"].join(" + ");
    return [
      "export function onInit(params: usize, length: u32): bool {",
      `  if (${base} + ${bytes} > ${state} + 32768) return false;`,
      `  if (!${init}(${this.#plan.sources.length})) return false;`,
      ...this.#plan.sources.flatMap(({ input, fed }) =>
        fed
          ? [
            `  if (!${
              this.#module.use("operators/time", "stageInput")
            }(${input}, ${fed.partitions})) return false;`,
          ]
          : []
      ),
      ...numbered.map(({ operator }) => `  if (!${operator.init}) return false;`),
      "  return true;",
      "}",
    ].join("\n");
  }

  #onEvent(): string {
    const { variants } = inputOf(this.#plan);
    const refuse = this.#module.use("operators/out", "refuse");
    this.#module.use("operators/out", "enterOut");
    this.#module.use("operators/values", "enterValues");
    this.#module.use("operators/out", "OUT_BYTES_MAX");
    const whole = (input: number) => [
      `  const bad = decode${input}(body, bodyLength);`,
      `  if (bad) ${refuse}(<u32> bad);`,
      `  else source${input}();`,
    ];
    const lines = variants ? this.#variants(variants) : [
      "  body = ptr;",
      "  bodyLength = length;",
      ...whole(0),
    ];
    return [
      "/** The message of the event at hand. Scratch. */",
      "let body: usize = 0;",
      "let bodyLength: u32 = 0;",
      "export function onEvent(ptr: usize, length: u32): void {",
      "  enterOut();",
      "  enterValues();",
      ...lines,
      "  pump();",
      "}",
    ].join("\n");
  }

  /** Finds the variant that the envelope holds: the last one given, as protobuf says. */
  #variants(variants: ReadonlyMap<Source, number>): string[] {
    const use = (name: string) => this.#module.use("lib/wire", name);
    const refuse = this.#module.use("operators/out", "refuse"),
      reject = this.#module.use("lib/effects", "Reject");
    const [first] = variants.keys();
    const members = first.variant
      ? first.variant.within.fields.filter(({ oneof, message }) => oneof && message).map(({ number }) =>
        number
      )
      : [...variants.values()];
    const others = members.filter((number) => ![...variants.values()].includes(number));
    const cases = [...new Set(variants.values())].map((number) => {
      const sources = [...variants].filter(([, at]) => at === number).map(([source]) => source.input);
      return [
        `    case ${number}: {`,
        ...sources.flatMap((input) => [
          `      const bad${input} = decode${input}(body, bodyLength);`,
          `      if (bad${input}) ${refuse}(<u32> bad${input});`,
          `      else source${input}();`,
        ]),
        "      break;",
        "    }",
      ].join("\n");
    });
    return [
      "  let which: u32 = 0;",
      "  const stop = ptr + length;",
      "  for (let p = ptr; p < stop; p = at) {",
      `    const tag = ${use("varint")}(p, stop);`,
      `    if (!${use("at")}) return ${refuse}(${use("MALFORMED")});`,
      `    if (${[...new Set(members)].map((number) => `tag == ${number << 3 | 2}`).join(" || ")}) {`,
      `      bodyLength = ${use("lengthOf")}(at, stop);`,
      `      if (!at) return ${refuse}(MALFORMED);`,
      "      body = at;",
      "      which = <u32> tag >> 3;",
      `      ${use("moveTo")}(at + bodyLength);`,
      `    } else ${use("skip")}(tag, at, stop);`,
      `    if (!at) return ${refuse}(MALFORMED);`,
      "  }",
      "  switch (which) {",
      ...cases,
      ...others.map((number) => `    case ${number}:`),
      ...(others.length > 0 ? ["      break; // nobody asks for it"] : []),
      "    default:",
      `      ${refuse}(${reject}.UNKNOWN_VARIANT);`,
      "  }",
    ];
  }

  /** Event time reaches each operator when all before it have put out what they had. */
  #pump(numbered: readonly Numbered[]): string {
    const use = (file: string, name: string) => this.#module.use(file, name);
    const minus = use("operators/bounds", "minus");
    const clocked = this.#plan.sources.filter(({ timed, time }) => timed && !time);
    const timers = clocked.length > 0
      ? numbered.filter(({ step }) => step.kind !== "view").map(({ number }) =>
        `  if (op${number}.due() != i64.MAX_VALUE) ${use("lib/effects", "setTimer")}(op${number}.due());`
      )
      : [];
    return [
      "let settled: bool = false;",
      "/** Puts out what waits and lets operators fire what is due, as far as one event may. */",
      "function pump(): void {",
      ...clocked.map(({ input }) =>
        `  ${use("operators/time", "observe")}(${input}, ${use("lib/context", "clock")});`
      ),
      `  settled = ${use("operators/out", "drain")}() && fire();`,
      `  if (!settled) return ${use("lib/effects", "setTimer")}(${use("lib/context", "clock")});`,
      ...timers,
      "}",
      "function fire(): bool {",
      `  const w = ${use("operators/time", "newest")}();`,
      ...numbered.filter(({ step }) => step.kind !== "view" || step.ttl > 0).flatMap(({ step, number }) => {
        const delay = this.#delayBefore(step);
        const mark = delay > 0 ? `${minus}(w, ${delay})` : "w";
        return [
          `  ${use("operators/time", "tellOperator")}(${number}, ${mark});`,
          `  if (op${number}.due() <= ${mark} && !op${number}.advance(${mark})) return false;`,
        ];
      }),
      "  return drain();",
      "}",
    ].join("\n");
  }

  /** How far rows may trail the watermark when they reach a step: what the steps before it hold back. */
  #delayBefore(step: Step | End): number {
    return Math.max(
      0,
      ...inputsOf(step).map((from) =>
        this.#delayBefore(from) + (this.#operators.get(from)?.operator.delay ?? 0)
      ),
    );
  }

  #hooks(numbered: readonly Numbered[]): string {
    const use = (file: string, name: string) => this.#module.use(file, name);
    const views = numbered.filter(({ step }) => step.kind === "view");
    const shown = new Map(views.map(({ step, number }) => [step as View as End, number]));
    const keys = numbered.map(({ number }) => `op${number}.keys()`).join(" + ") || "0";
    const delay = Math.max(0, ...this.#plan.ends.map((end) => this.#delayBefore(end)));
    const open =
      numbered.filter(({ step }) => tellsByTime(step)).map(({ number }) => `op${number}.open()`).join(
        " || ",
      ) || "false";
    return [
      "export function onTimer(): void {",
      "  enterOut();",
      "  enterValues();",
      "  pump();",
      "}",
      "export function onWatermark(payload: usize, length: u32): void {",
      "  enterOut();",
      "  enterValues();",
      `  ${use("operators/time", "observeMark")}(payload, length);`,
      "  pump();",
      "}",
      correctionText(this.#module, this.#plan.ends, shown),
      "export function onFrameEnd(): void {",
      `  if (settled && ${use("operators/time", "advances")}(${open})) ${use("lib/effects", "advanced")}(${
        delay > 0
          ? `${use("operators/bounds", "minus")}(newest(), ${delay})`
          : `${use("operators/time", "newest")}()`
      }, ${use("operators/time", "toldIdle")}());`,
      "  settled = false;",
      "}",
      "export function stateKeys(): u64 {",
      `  return ${keys};`,
      "}",
      "/** A view's number, then 0 and a key, or 1, cursor, limit (u32) and a prefix; or 255 and a byte: how the inputs stand. */",
      "export function onQuery(ptr: usize, length: u32): bool {",
      "  if (length < 2) return false;",
      "  const view = load<u8>(ptr), scans = load<u8>(ptr, 1) != 0;",
      `  if (view == ${INPUTS_QUERY}) {`,
      `    const inputs = ${use("lib/memory", "OUTPUT")};`,
      `    ${use("lib/effects", "answer")}(inputs, <u32> (${
        use("operators/time", "tellInputs")
      }(inputs) - inputs));`,
      "    return true;",
      "  }",
      "  if (scans && length < 10) return false;",
      ...(views.length > 0
        ? [
          `  const p = ${use("lib/memory", "OUTPUT")};`,
          "  let end: usize = 0;",
          ...views.map(({ step, number }) =>
            [
              `  if (view == ${(step as View).index}) {`,
              `    if (scans) end = op${number}.scan(load<u32>(ptr, 2), load<u32>(ptr, 6), ptr + 10, length - 10, p + 8);`,
              `    else end = op${number}.get(ptr + 2, length - 2, p + 8);`,
              "  }",
            ].join("\n")
          ),
          "  if (!end) return false;",
          `  store<i64>(p, ${use("operators/time", "newest")}());`,
          `  ${use("lib/effects", "answer")}(p, <u32> (end - p));`,
          "  return true;",
        ]
        : ["  return false;"]),
      "}",
    ].join("\n");
  }
}
