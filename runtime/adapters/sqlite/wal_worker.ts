/** The thread that checkpoints the write-ahead log (see wal.ts). It blocks on the disk so that others need not. */
import { DatabaseSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";
import type { WalReply, WalRequest } from "./wal.ts";

let database: DatabaseSync | undefined;

parentPort!.on("message", (request: WalRequest) => {
  try {
    const reply = run(request);
    if (reply) parentPort!.postMessage(reply);
  } catch (error) {
    database?.close();
    database = undefined;
    parentPort!.postMessage({ kind: "error", message: String(error) } satisfies WalReply);
  }
});

function run(request: WalRequest): WalReply | undefined {
  switch (request.kind) {
    case "open":
      database = new DatabaseSync(request.file);
      database.exec("PRAGMA busy_timeout = 1000; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
      return undefined;
    case "pass":
      return checkpoint("pass", "PASSIVE");
    case "restart":
      return checkpoint("restart", "RESTART");
    case "close":
      database?.close();
      database = undefined;
      return { kind: "closed" };
  }
}

function checkpoint(kind: "pass" | "restart", mode: "PASSIVE" | "RESTART"): WalReply {
  const row = database!.prepare(`PRAGMA wal_checkpoint(${mode})`).get()!;
  return { kind, busy: row.busy !== 0, pagesLeft: Number(row.log) - Number(row.checkpointed) };
}
