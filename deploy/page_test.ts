import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../actors/tally/tally.ts";
import { systemClock } from "../runtime/adapters/clock.ts";
import { systemRandom } from "../runtime/adapters/random.ts";
import { httpApp } from "../runtime/ingress/http.ts";
import { fakeRuntime } from "../tests/support/fake_runtime.ts";
import { statusPage } from "./page.ts";

const log = { info() {}, warn() {}, error() {} };
const topology = { pipelines: [tally] };
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("the status page", () => {
  const { html, policy } = statusPage();
  const textOf = (element: string) => new RegExp(`<${element}>([^]*?)</${element}>`).exec(html)![1];

  it("may run its own style and script, and nothing else", () => {
    for (const element of ["style", "script"]) {
      const hash = createHash("sha256").update(textOf(element)).digest("base64");
      assert.ok(policy.includes(`${element}-src 'sha256-${hash}';`), element);
      assert.equal(html.split(`<${element}`).length, 2);
    }
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(html, /\son\w+=|\sstyle=|innerHTML|insertAdjacent/);
    assert.deepEqual([...html.matchAll(/https?:\/\/|(?:src|href)="(?!\/)/g)], []);
  });

  it("reads what /metrics writes, and tells a quantile of what came between two looks", () => {
    const { parse, bucketsOf, quantile } = functions(textOf("script"));
    const look = (counts: number[]) =>
      bucketsOf(
        parse(
          `# TYPE t histogram\n` +
            ["0.001", "0.01", "+Inf"].map((le, i) =>
              `t_bucket{le="${le}",pipeline="a \\"b\\""} ${counts[i]}\n`
            )
              .join(""),
        ),
        "t",
      );
    assert.equal(quantile(look([10, 20, 20]), look([10, 10, 10]), 0.5)!.toFixed(6), "0.005500");
    assert.equal(quantile(look([10, 10, 14]), look([10, 10, 10]), 0.5), 0.01);
    assert.equal(quantile(look([4, 4, 4]), undefined, 0.5), 0.0005);
    assert.equal(quantile(look([4, 4, 4]), look([4, 4, 4]), 0.99), undefined);
  });

  it("is given to browsers without a token, which it then asks for; programs need one", async () => {
    const app = httpApp(fakeRuntime(topology), {
      clock: systemClock(),
      random: systemRandom(),
      log,
      token: "s3cret",
      page: { html, policy },
    });
    const page = await app.request("/", { headers: BROWSER });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get("content-security-policy"), policy);
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(await page.text(), html);
    assert.equal((await app.request("/")).status, 401);
    assert.equal((await app.request("/v1/status", { headers: BROWSER })).status, 401);
    const index = await app.request("/", { headers: { authorization: "Bearer s3cret" } });
    assert.deepEqual((await index.json()).pipelines, ["tally"]);
    assert.equal((await app.request("/", { method: "POST" })).status, 405);
  });
});

interface Functions {
  parse(text: string): unknown[];
  bucketsOf(samples: unknown[], name: string): Map<string, number>;
  quantile(
    now: Map<string, number>,
    then: Map<string, number> | undefined,
    share: number,
  ): number | undefined;
}

/** The functions of the page's script, in a document of nothing. */
function functions(script: string): Functions {
  const document = { getElementById: () => ({ addEventListener() {} }) };
  const declared = script.replace(/watch\(\);\s*$/, "return { parse, bucketsOf, quantile };");
  assert.notEqual(declared, script);
  return new Function("document", declared)(document);
}
