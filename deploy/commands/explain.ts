/** `explain`: what a declared pipeline will do and keep, before it runs. */
import { explain as explainPlan } from "../../runtime/mod.ts";
import { command, Problem } from "../command.ts";
import { declared, readDeclarations } from "../declared.ts";
import { against } from "../against.ts";
import { integer, text, toggle } from "../options.ts";

export const explain = command({
  name: "explain",
  summary: "the plan of a declared pipeline, its state, and what that will take",
  operands: "<file.ts>",
  about:
    "Prints the steps in the order in which a row meets them, which of them keep state, and about how many\n" +
    "bytes a key takes there, text taken as 24 bytes. State that grows with keys for ever is refused, unless\n" +
    "the declaration says `unbounded: true`.",
  options: {
    keys: integer(1_000_000, { min: 1, max: 1_000_000_000 }, "n", "keys to estimate the state for"),
    against: text(
      "",
      "file or folder",
      "tell what becomes of the state that this declaration, or the ledger in this folder, has kept",
      "./old.ts",
    ),
    source: toggle("print the AssemblyScript that it compiles to"),
  },
  examples: [
    ["deno task millrace explain ./errors_by_page.ts", "what it is, and what a million keys take"],
    ["deno task millrace explain ./errors_by_page.ts --source", "the kernel as text"],
    [
      "deno task millrace explain ./new.ts --against ./old.ts",
      "whether the state of the old one carries over",
    ],
    [
      "deno task millrace explain ./new.ts --against ./data",
      "and of what runs there, with the time of a replay",
    ],
  ],
  async run({ values, operands, out }) {
    const [path] = operands;
    if (!path || operands.length > 1) {
      throw new Problem("Cannot explain: name one file. For example: explain ./errors_by_page.ts");
    }
    if (values.against) return await against(path, values.against, out);
    for (const declaration of await readDeclarations(path)) {
      const { compiled, wasm } = await declared(declaration);
      if (values.source) { for (const each of compiled.files.values()) out(each); }
      else for (const line of explainPlan(compiled, { keys: values.keys, wasmBytes: wasm.length })) out(line);
    }
    return 0;
  },
});
