/** `.decide(figures, rules)`: a step that answers each event by rules over what its key has done. */
import { fieldsOfNamed } from "./base.ts";
import type { FigureExpr, RuleExpr } from "./columns.ts";
import { bool, type BoolLike, fieldOf, type Num, num, type NumLike } from "./expr.ts";
import type { Beside, Decide, Field, Figure, Named, Rule, Step, Told } from "./plan.ts";
import { type Duration, micros } from "./windows.ts";

export type FiguresOf<F> = { readonly [P in keyof F]: Num };
export type Rules<R, F> = Readonly<Record<string, RuleExpr<R, F>>>;

/** How many rules applied, and what they come to: 1 approve, 2 review, 3 decline. */
export interface Outcome {
  readonly broken: Num<"broken">;
  readonly verdict: Num<"verdict">;
}

/** Rules, and what is made of them. */
export interface Judgement<R, F> {
  /**
   * An event for which one of these holds is refused, with its name as the reason, and nothing of it is counted:
   * figures are those before it.
   */
  readonly refuse?: Readonly<Record<string, (figures: F, row: R) => BoolLike>>;
  readonly rules: Rules<R, F>;
  /** Rules over how many of those applied. An event that only these speak against is not flagged. */
  readonly escalate?: (outcome: Outcome) => Rules<R, F>;
  /** What is told with the decision; all figures where nothing is said. */
  readonly tell?: (outcome: Outcome) => Readonly<Record<string, NumLike | TellExpr>>;
}

export interface TellExpr {
  readonly value: NumLike;
  readonly where: BoolLike;
}

interface Keyed<X> {
  readonly step: Step;
  readonly keys: readonly Named[];
  readonly row: X;
}

export interface DecideOptions<X> {
  readonly ttl?: Duration;
  /** Most events of a key within a window. Default 1,000. */
  readonly most?: number;
  /**
   * Beyond them an event is refused (default), or the two oldest are taken for one at the later time: counts and sums
   * may then be too high, never too low.
   */
  readonly beyond?: "refuse" | "merge";
  /** What is known of a key: the newest row of another stream, whose numbers and conditions stand among the figures. */
  readonly facts?: Keyed<X>;
  /** A row of this stream takes the key's flags away. */
  readonly clears?: Keyed<unknown>;
}

interface Given<R> {
  readonly place: string;
  readonly step: Step;
  readonly view: R;
  readonly keys: readonly Named[];
}

export function decideStep<R>(
  { place, step, view, keys }: Given<R>,
  figures: Readonly<Record<string, FigureExpr<R>>>,
  // deno-lint-ignore no-explicit-any
  rules: Rules<R, any> | ((figures: any, row: R) => Judgement<R, any>),
  { ttl, most = 1_000, beyond = "refuse", facts, clears }: DecideOptions<unknown>,
): Decide {
  if (step.kind !== "source" && step.kind !== "filter") {
    throw new TypeError("its rows are not events as they come. Decide before other steps, but for filters.");
  }
  if (!Number.isInteger(most) || most < 1 || most > 1_000_000) {
    throw new TypeError(`the most events are ${most}. Give an integer from 1 to 1,000,000.`);
  }
  const row = { of: place };
  const built = Object.entries(figures).map(([name, figure]) => figureOf(name, figure, view));
  const known = beside(facts, keys), cleared = beside(clears, keys);
  for (const { name, fact } of built) {
    if (fact !== undefined && known?.fields.find((each) => each.name === fact)?.type !== "i64") {
      throw new TypeError(`"${name}" is told by "${fact}", and the facts have no such integer.`);
    }
  }
  const twice = known?.fields.find(({ name }) => name in figures);
  if (twice) {
    throw new TypeError(`a figure and a fact are called "${twice.name}". Name one of them otherwise.`);
  }
  const fields: Field[] = [...built, ...known?.fields ?? []].map(({ name, type }) => ({ name, type }));
  const seen = Object.fromEntries(fields.map(({ name, type }) => [name, fieldOf(row, name, type)]));
  const outcome = {
    broken: fieldOf(row, "broken", "i64") as Num<"broken">,
    verdict: fieldOf(row, "verdict", "i64") as Num<"verdict">,
  };
  const judgement = typeof rules === "function" ? rules(seen, view) : { rules };
  const ruled = (all: Rules<R, unknown>) =>
    Object.entries(all).map(([name, rule]) => ruleOf(name, rule, seen, view));
  const tell = judgement.tell?.(outcome) ??
    Object.fromEntries(built.map(({ name }) => [name, seen[name] as Num]));
  const longest = Math.max(0, ...built.map(({ within }) => within));
  return {
    kind: "decide",
    from: step,
    keys,
    figures: built,
    refusals: Object.entries(judgement.refuse ?? {}).map(([name, when]) => ({
      name,
      when: bool(when(seen, view)).node,
    })),
    rules: ruled(judgement.rules),
    escalations: ruled(judgement.escalate?.(outcome) ?? {}),
    told: Object.entries(tell).map(([name, each]) => toldOf(name, each)),
    facts: known,
    clears: cleared && { ...cleared, fields: [] },
    ttl: micros(ttl ?? longest + 3_600_000_000, "time to live"),
    most,
    merges: beyond === "merge",
    place,
    row,
    fields: [
      ...fieldsOfNamed(keys),
      ...built.map(({ name, type }) => ({ name, type })),
      { name: "verdict", type: "i64" },
    ],
    changelog: false,
  };
}

function figureOf<R>(name: string, figure: FigureExpr<R>, view: R): Figure {
  const of = figure.of && num(figure.of(view)).node;
  if (of && of.type !== "i64") throw new TypeError(`"${name}" is a float. Figures are integers: round() it.`);
  const where = figure.where && bool(figure.where(view)).node;
  return {
    name,
    function: figure.function,
    of,
    where,
    fact: figure.fact,
    within: figure.within,
    type: "i64",
  };
}

function ruleOf<R>(name: string, rule: RuleExpr<R, unknown>, seen: unknown, view: R): Rule {
  const limit = typeof rule.limit === "function" ? rule.limit(seen, view) : rule.limit;
  return {
    name,
    when: bool(rule.when(seen, view)).node,
    verdict: rule.verdict,
    silent: rule.silent ?? false,
    observed: rule.observed && num(rule.observed(seen, view)).round().node,
    limit: limit === undefined ? undefined : num(limit).round().node,
  };
}

function toldOf(name: string, each: NumLike | TellExpr): Told {
  const { value, where } = typeof each === "object" && "where" in each && "value" in each
    ? each
    : { value: each as NumLike, where: undefined };
  return { name, node: num(value).round().node, where: where === undefined ? undefined : bool(where).node };
}

/** Its rows stand beside the key's events: keyed alike, of numbers and conditions. */
function beside(stream: Keyed<unknown> | undefined, keys: readonly Named[]): Beside | undefined {
  if (!stream) return undefined;
  const types = (named: readonly Named[]) => named.map(({ node }) => node.type).join(", ");
  if (types(stream.keys) !== types(keys)) {
    throw new TypeError(`its keys differ: (${types(keys)}) and (${types(stream.keys)}). Key both alike.`);
  }
  const fields = stream.step.fields.filter(({ type }) => type === "i64" || type === "bool");
  return { from: stream.step, keys: stream.keys, fields };
}
