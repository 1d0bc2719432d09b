/** `import`: takes an exported partition into a ledger. */
import process from "node:process";
import { importChain } from "../../runtime/checkpoint/archive.ts";
import { openArchive } from "../archives.ts";
import { command, Problem } from "../command.ts";
import { LEDGER_OPTIONS } from "../config.ts";
import { text } from "../options.ts";
import { Progress } from "../progress.ts";
import { openWorld } from "../world.ts";

export const importCommand = command({
  name: "import",
  summary: "take an exported partition into a ledger",
  operands: "<file>",
  about:
    "Appends the frames of the file, as they are and with the numbers they had, to a ledger that does not hold\n" +
    "the chain, and stores its checkpoint. Each frame's hash and link is checked before it is stored. Cut off,\n" +
    "it may be begun again and goes on where it was. Do not import into a ledger whose pipelines run.",
  options: {
    ...LEDGER_OPTIONS,
    as: text("", "chain", "name of the chain in this ledger; by default the one it had", "fraud-7"),
  },
  examples: [
    ["deno task millrace import fraud-0.millrace --data data/copy", "a copy to experiment with"],
    ["deno task millrace start --data data/copy", "and a runtime on it"],
  ],
  async run({ values, operands, out }) {
    const [path] = operands;
    if (!path || operands.length > 1) throw new Problem("Cannot import: name one file that `export` wrote.");
    const world = await openWorld({ ...values, logLevel: "warn" });
    const bar = new Progress(`${path} {bar} frame {value} of {total} · {eta_formatted} left`, process.stderr);
    try {
      const { header, chain, checkpoints } = await importChain(world, openArchive(path), {
        ...(values.as ? { as: values.as } : {}),
        onProgress: (frame, last) => bar.at(frame, last),
      });
      bar.end();
      const at = checkpoints.length > 0 ? `checkpoints at ${checkpoints.join(", ")}` : "no checkpoint";
      out(`${chain}: frames ${header.first} to ${header.last}, ${at}, in ${world.ledger.name}`);
      return 0;
    } finally {
      bar.end();
      await world.close();
    }
  },
});
