import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { type LogOptions, stderrLog } from "./log.ts";

function lines(options: LogOptions, use: (log: ReturnType<typeof stderrLog>) => void): string[] {
  const written: string[] = [];
  use(stderrLog({ now: () => 0, ...options, write: (line) => written.push(line) }));
  return written;
}

describe("the log", () => {
  it("writes one JSON object a line, with big integers and errors in words", () => {
    const cause = new Error("inner");
    const [line] = lines({ format: "json" }, (log) => {
      log.warn("odd", { count: 3n, error: new TypeError("outer", { cause }), list: [1n] });
    });
    assert.deepEqual(JSON.parse(line), {
      time: "1970-01-01T00:00:00.000Z",
      level: "warn",
      message: "odd",
      count: "3",
      error: "TypeError: outer; cause: Error: inner",
      list: ["1"],
    });
    assert.equal(line.indexOf("\n"), line.length - 1);
  });

  it("does not let a field disguise a line", () => {
    const [line] = lines({ format: "json" }, (log) => log.error("real", { level: "info", message: "fake" }));
    assert.equal(JSON.parse(line).level, "error");
    assert.equal(JSON.parse(line).message, "real");
  });

  it("writes text for people, a line each, whatever the values hold", () => {
    const [line] = lines(
      { format: "text" },
      (log) => log.info("took over", { chain: "a-0", why: "two\nlines", n: 1 }),
    );
    assert.equal(line, '00:00:00.000 info  took over chain=a-0 why="two\\nlines" n=1\n');
  });

  it("leaves out what is below its level", () => {
    const all = (log: ReturnType<typeof stderrLog>) => {
      log.info("a");
      log.warn("b");
      log.error("c");
    };
    assert.equal(lines({}, all).length, 3);
    assert.equal(lines({ level: "warn" }, all).length, 2);
    assert.equal(lines({ level: "error" }, all).length, 1);
    assert.equal(lines({ level: "silent" }, all).length, 0);
  });
});
