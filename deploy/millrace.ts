/** The command line: `deno task millrace <command>`. Each command is a file of deploy/commands. */
import process from "node:process";
import { type Command, helpOf, helpOfAll, Problem } from "./command.ts";
import { configure } from "./config.ts";
import { nearest, OptionsError } from "./options.ts";

/** Loaded when they are called: a command must not wait for what only another one needs. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  start: async () => (await import("./commands/start.ts")).start,
  demo: async () => (await import("./commands/demo.ts")).demo,
  run: async () => (await import("./commands/run.ts")).run,
  inspect: async () => (await import("./commands/inspect.ts")).inspect,
  verify: async () => (await import("./commands/verify.ts")).verify,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  import: async () => (await import("./commands/import.ts")).importCommand,
  step: async () => (await import("./commands/step.ts")).step,
  explain: async () => (await import("./commands/explain.ts")).explain,
  late: async () => (await import("./commands/late.ts")).late,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
};

async function main(args: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = args;
  if (name === "help" || name === "--help" || name === "-h") return help(rest[0]);
  const load = COMMANDS[name];
  if (!load) return unknown(name);
  const command = await load();
  if (rest.includes("--help") || rest.includes("-h")) return help(name);
  const { values, operands } = configure(command.options, rest, process.env);
  return command.run({
    values,
    operands,
    signal: interrupts(),
    out: (line) => void process.stdout.write(line + "\n"),
    err: (line) => void process.stderr.write(line + "\n"),
  });
}

async function help(name: string | undefined): Promise<number> {
  if (name !== undefined && !COMMANDS[name]) return unknown(name);
  if (name === undefined) {
    console.log(helpOfAll(await Promise.all(Object.values(COMMANDS).map((load) => load()))));
  } else console.log(helpOf(await COMMANDS[name]()));
  return 0;
}

function unknown(name: string): number {
  const near = nearest(name, Object.keys(COMMANDS));
  const fix = near ? `Did you mean \`${near}\`?` : "`help` lists them.";
  console.error(`Cannot run \`${name}\`: there is no such command. ${fix}`);
  return 2;
}

/** The first SIGINT or SIGTERM asks for a clean end; the second does not wait for it. */
function interrupts(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

/** A reader that went away (`| head`) ends the program quietly. */
process.stdout.on("error", (error: { code?: string }) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (error instanceof OptionsError || error instanceof Problem) {
    console.error(error.message);
    process.exit(2);
  }
  console.error(error instanceof Error ? describe(error) : error);
  const option = optionBehind(error);
  if (option) console.error(`  option: ${option}`);
  process.exit(1);
}

/** The adapters know no options: which one is behind a failure of theirs is told here. */
function optionBehind(error: unknown): string | undefined {
  const { message } = error as { message?: string };
  if (message?.startsWith("Cannot serve HTTP on")) return "--http-port, --http-host";
  if (message?.startsWith("Cannot connect to NATS at")) return "--nats-url, --nats-credentials";
  if (message?.startsWith("Cannot open the ledger")) return "--data";
}

/** Message and causes; the stack too when MILLRACE_STACKS is set. */
function describe(error: Error): string {
  if (process.env.MILLRACE_STACKS) return error.stack ?? error.message;
  const lines = [error.message];
  for (let cause = error.cause; cause instanceof Error && lines.length < 5; cause = cause.cause) {
    lines.push(`  because: ${cause.message}`);
  }
  return lines.join("\n");
}
