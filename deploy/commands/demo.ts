/** `demo`: card payments and orders on the embedded ledger, an attack among them, watched live. */
import { command, type Invocation } from "../command.ts";
import { START_OPTIONS } from "../config.ts";
import { integer, text, toggle } from "../options.ts";
import { runDemo } from "../demo/demo.ts";

const OPTIONS = {
  ...START_OPTIONS,
  data: text(
    "data/demo",
    "folder",
    "where the demo keeps its ledger; start again on it and it carries on",
    "./data/demo",
  ),
  seconds: integer(60, { min: 1, max: 86_400 }, "s", "how long it runs"),
  rate: integer(10_000, { min: 10, max: 1_000_000 }, "n", "events offered in a second"),
  seed: integer(1, { min: 0, max: 4_294_967_295 }, "n", "the same seed draws the same traffic"),
  json: toggle("print the summary as JSON, as the last line"),
} as const;

export type DemoOptions = Invocation<typeof OPTIONS>["values"];

export const demo = command({
  name: "demo",
  summary: "watch card payments and orders being decided, and an attack being blocked",
  about:
    "Offers seeded card payments and orders to the shipped pipelines, on a ledger in this process. A few\n" +
    "seconds in, an attack on a BIN begins. The screen shows what is decided, how fast, and what a batch job\n" +
    "would have let through. At the end every event that was admitted is looked up in the ledger: lost and\n" +
    "duplicated are counted, not assumed. Kill it in any way and start it again on the same folder.",
  options: OPTIONS,
  examples: [
    ["deno task demo", "one minute"],
    ["deno task demo --seconds 15 --json", "a short one; the last line is the summary"],
    ["deno task demo --ledger jetstream", "the same on a NATS server at 127.0.0.1:4222"],
  ],
  run: ({ values, signal, out }) => runDemo(values, signal, out),
});
