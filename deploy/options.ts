/**
 * Options: declared once, then read from flags, environment and the config file alike. The first source that
 * names an option wins, in that order; the default comes last. Every problem is collected, and each says
 * which option, which value, where it came from, and what would be right.
 */

/** What one option is. `T` is the type of its value. */
export interface Option<T> {
  readonly fallback: T;
  /** One line for help. */
  readonly what: string;
  /** What stands for the value in help, "" for a switch: `--data <folder>`. */
  readonly placeholder: string;
  /** What a right value looks like, for errors: "a whole number from 0 to 65535". */
  readonly expected: string;
  /** An example value, for errors. */
  readonly example: string;
  /** Reads a flag's or a variable's text. `undefined` = it is not one. */
  fromText(text: string): T | undefined;
  /** Reads a value of the JSON file. */
  fromJson(value: unknown): T | undefined;
  readonly switch: boolean;
}

// deno-lint-ignore no-explicit-any -- a table of options of different types
export type Options = Readonly<Record<string, Option<any>>>;

export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** Where each value came from, for messages: "flag --data", "MILLRACE_DATA", "millrace.json", "default". */
export type Origins<O extends Options> = { readonly [K in keyof O]: string };

export interface Sources {
  /** Names without dashes, in kebab case. A switch carries `true`. */
  readonly flags: ReadonlyMap<string, string | true>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly path: string; readonly values: Readonly<Record<string, unknown>> };
}

/** Everything that is wrong with the options, one problem a line. */
export class OptionsError extends Error {
  override name = "OptionsError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

export function readOptions<O extends Options>(
  options: O,
  sources: Sources,
): { values: Values<O>; origins: Origins<O> } {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const problems = unknownNames(options, sources);
  for (const [name, option] of Object.entries(options)) {
    const given = find(name, sources);
    if (given === undefined) {
      values[name] = option.fallback;
      origins[name] = "default";
      continue;
    }
    const value = typeof given.value === "string" && given.text
      ? option.fromText(given.value)
      : option.fromJson(given.value);
    if (value === undefined) problems.push(wrongValue(name, option, given));
    values[name] = value;
    origins[name] = given.origin;
  }
  if (problems.length > 0) throw new OptionsError(problems);
  return { values: values as Values<O>, origins: origins as Origins<O> };
}

export function text(
  fallback: string,
  placeholder: string,
  what: string,
  example = placeholder,
): Option<string> {
  const take = (value: unknown) => typeof value === "string" && value !== "" ? value : undefined;
  return {
    fallback,
    what,
    placeholder,
    expected: "a text that is not empty",
    example,
    fromText: take,
    fromJson: take,
    switch: false,
  };
}

export function integer(
  fallback: number,
  bounds: { min: number; max: number },
  placeholder: string,
  what: string,
): Option<number> {
  const take = (value: unknown) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max
      ? value
      : undefined;
  return {
    fallback,
    what,
    placeholder,
    expected: `a whole number from ${bounds.min} to ${bounds.max}`,
    example: String(fallback),
    fromText: (value) => /^\d[\d_]*$/.test(value) ? take(Number(value.replaceAll("_", ""))) : undefined,
    fromJson: take,
    switch: false,
  };
}

export function choice<const C extends readonly string[]>(
  fallback: C[number],
  choices: C,
  what: string,
): Option<C[number]> {
  const take = (value: unknown) => choices.find((one) => one === value);
  return {
    fallback,
    what,
    placeholder: choices.join("|"),
    expected: `one of ${choices.join(", ")}`,
    example: fallback,
    fromText: take,
    fromJson: take,
    switch: false,
  };
}

export function toggle(what: string): Option<boolean> {
  return {
    fallback: false,
    what,
    placeholder: "",
    expected: "true or false",
    example: "true",
    fromText: (value) =>
      value === "true" || value === "1" ? true : value === "false" || value === "0" ? false : undefined,
    fromJson: (value) => typeof value === "boolean" ? value : undefined,
    switch: true,
  };
}

/** httpPort → http-port */
export function kebab(name: string): string {
  return name.replace(/[A-Z0-9]+/g, (part, at) => at === 0 ? part : `-${part.toLowerCase()}`);
}

/** httpPort → MILLRACE_HTTP_PORT */
export function variable(name: string): string {
  return `MILLRACE_${kebab(name).replaceAll("-", "_").toUpperCase()}`;
}

/** The one of `names` that is nearest to a misspelt one, when any is near. */
export function nearest(misspelt: string, names: readonly string[]): string | undefined {
  let best: string | undefined, bestDistance = Math.max(2, Math.floor(misspelt.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(misspelt, name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

interface Given {
  readonly value: unknown;
  /** True when the value is text that stands for something: a flag or a variable, not JSON. */
  readonly text: boolean;
  readonly origin: string;
}

function find(name: string, sources: Sources): Given | undefined {
  const flag = sources.flags.get(kebab(name));
  if (flag !== undefined) return { value: flag, text: true, origin: `--${kebab(name)}` };
  const variableText = sources.environment[variable(name)];
  if (variableText !== undefined && variableText !== "") {
    return { value: variableText, text: true, origin: `environment variable ${variable(name)}` };
  }
  const value = sources.file?.values[name];
  return value === undefined ? undefined : { value, text: false, origin: sources.file!.path };
}

function wrongValue(name: string, option: Option<unknown>, given: Given): string {
  if (given.value === true) {
    return `Cannot use --${kebab(name)} without a value: it must be ${option.expected}. ` +
      `For example: --${kebab(name)} ${option.example}`;
  }
  const fix = given.text
    ? `--${kebab(name)} ${option.example}`.trimEnd()
    : `"${name}": ${JSON.stringify(option.fallback)}`;
  return `Cannot use ${JSON.stringify(given.value)} as ${name} (from ${given.origin}): ` +
    `it must be ${option.expected}. For example: ${fix}`;
}

function unknownNames(options: Options, sources: Sources): string[] {
  const names = Object.keys(options);
  const problems: string[] = [];
  const suggest = (given: string, known: readonly string[], dash: string) => {
    const near = nearest(given, known);
    return near === undefined ? "See `millrace help`." : `Did you mean ${dash}${near}?`;
  };
  for (const flag of sources.flags.keys()) {
    const known = names.map(kebab);
    if (!known.includes(flag)) {
      problems.push(`Cannot use --${flag}: there is no such option. ${suggest(flag, known, "--")}`);
    }
  }
  for (const name of Object.keys(sources.file?.values ?? {})) {
    if (!names.includes(name)) {
      problems.push(
        `Cannot use "${name}" (from ${sources.file!.path}): there is no such option. ${
          suggest(name, names, "")
        }`,
      );
    }
  }
  return problems;
}

/** Levenshtein's, by rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
