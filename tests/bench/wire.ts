/**
 * The wire: decisions over HTTP and NATS from outside the process. The engine, the load and (on JetStream)
 * nats-server are processes of their own; on two cores they share them, which the figures include.
 */
import { spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { create, toBinary, toJson } from "@bufbuild/protobuf";
import { PaymentEventSchema } from "../../actors/payments/gen/payment_pb.ts";
import { ECHO_SUBJECT, startConfig } from "./wire_config.ts";
import type { LoadOptions, LoadResult } from "./wire_load.ts";

export interface WireBenchOptions {
  /** Default "jetstream" where `natsUrl` is given, "sqlite" where not. */
  readonly ledger?: "jetstream" | "sqlite" | "memory";
  /** A nats-server with JetStream. */
  readonly natsUrl?: string;
  readonly seconds?: number;
  readonly connections?: number;
  /** Requests a second of the open loop. */
  readonly rate?: number;
  readonly type?: "json" | "protobuf";
}

export interface WireBench {
  readonly http: {
    readonly perSecond: number;
    readonly closedLoop: LoadResult;
    readonly openLoop: LoadResult;
    /** Processor time of the engine's process for a request of the closed loop, microseconds. */
    readonly engineCpuMicros?: number;
  };
  /** On JetStream alone: one request at a time, beside one append at a time in the same run. */
  readonly nats?: {
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly ledgerAckP50Ms: number;
    readonly timesLedgerAck: number;
    /** One js.publish at a time, the client library's own way to append. */
    readonly jsPublishP50Ms: number;
    readonly timesJsPublish: number;
    /** A request that the engine's process answers at once, with nothing decided and nothing appended. */
    readonly echoP50Ms: number;
    /** What the hops alone come to: an echo and an append. The rest is the engine's own. */
    readonly hopsTimesLedgerAck: number;
    readonly ownP50Ms: number;
  };
  readonly conditions: string;
}

const CARDS = 10_000;

export async function benchWire(options: WireBenchOptions = {}): Promise<WireBench> {
  const { natsUrl, seconds = 5, connections = 64, rate = 2000, type = "json" } = options;
  const ledger = options.ledger ?? (natsUrl ? "jetstream" : "sqlite");
  const data = await mkdtemp(join(tmpdir(), "millrace-wire-"));
  const prefix = `wire${process.pid}`;
  const config = { ledger, data, prefix, ...(natsUrl ? { natsUrl } : {}) };
  const server = serverProcess(config);
  try {
    const port = await server.port;
    const common = {
      port,
      path: "/v1/fraud/decide",
      contentType: type === "json" ? "application/json" : "application/x-protobuf",
      bodies: bodies(type),
      warmUpSeconds: 2,
      seconds,
    };
    const before = await server.cpuMicros();
    const closedLoop = await runLoad({ ...common, mode: "closed", connections });
    const after = await server.cpuMicros();
    // The warm-up counts on both sides: it asks as fast.
    const asked = closedLoop.perSecond * (seconds + common.warmUpSeconds);
    const engineCpuMicros = after === undefined || before === undefined
      ? undefined
      : Math.round((after - before) / asked);
    const openLoop = await runLoad({ ...common, mode: "open", connections, rate });
    const nats = ledger === "jetstream" ? await benchNats(config) : undefined;
    return {
      http: { perSecond: closedLoop.perSecond, closedLoop, openLoop, engineCpuMicros },
      ...(nats ? { nats } : {}),
      conditions:
        `fraud, ${CARDS} cards, ${type}, durable (process) on ${ledger}; ${connections} connections; ` +
        `${seconds} s after 2 s of warm-up; open loop at ${rate}/s from intended send times; engine, load` +
        `${ledger === "jetstream" ? " and nats-server" : ""} share this machine's cores`,
    };
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/**
 * Requests, ledger appends and js.publishes, one at a time and turn by turn on the same server. A request
 * crosses the loopback six times (client, server, engine, server for the append, and back), an append twice:
 * with nothing but the hops counted the ratio is 3.
 */
async function benchNats(
  given: { natsUrl?: string; data: string; prefix: string },
): Promise<WireBench["nats"]> {
  const rounds = 2000;
  const { connect } = await import("@nats-io/transport-node");
  const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
  const { openWorld } = await import("../../deploy/world.ts");
  const world = await openWorld(startConfig({ ...given, ledger: "jetstream" }));
  const connection = await connect({ servers: given.natsUrl });
  try {
    const chain = await world.ledger.open(`wire-bench-${process.pid}`);
    const stream = `wire_publish_${process.pid}`;
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
    const payloads = bodies("protobuf").map((body) => new Uint8Array(Buffer.from(body, "base64")));
    const requests: number[] = [];
    const appends: number[] = [];
    const publishes: number[] = [];
    const echoes: number[] = [];
    const client = jetstream(connection);
    let { last } = await chain.extent();
    for (let i = 0; i < rounds; i++) {
      const payload = payloads[i % payloads.length];
      const early = performance.now();
      await connection.request(ECHO_SUBJECT, payload, { timeout: 5000 });
      const began = performance.now();
      await connection.request("millrace.fraud.decide.bench", payload, { timeout: 5000 });
      const between = performance.now();
      const appended = await chain.append(last++, payload);
      if (appended.kind !== "stored") throw new Error(`Cannot measure an append: it was ${appended.kind}`);
      const after = performance.now();
      await client.publish(`${stream}.x`, payload);
      if (i >= rounds / 10) {
        echoes.push(began - early);
        requests.push(between - began);
        appends.push(after - between);
        publishes.push(performance.now() - after);
      }
    }
    await manager.streams.delete(stream);
    await chain.purge(last);
    await chain.close();
    const p50Ms = percentile(requests, 50);
    const ledgerAckP50Ms = percentile(appends, 50);
    const jsPublishP50Ms = percentile(publishes, 50);
    const echoP50Ms = percentile(echoes, 50);
    return {
      p50Ms,
      p99Ms: percentile(requests, 99),
      ledgerAckP50Ms,
      timesLedgerAck: round(p50Ms / ledgerAckP50Ms),
      jsPublishP50Ms,
      timesJsPublish: round(p50Ms / jsPublishP50Ms),
      echoP50Ms,
      hopsTimesLedgerAck: round((echoP50Ms + ledgerAckP50Ms) / ledgerAckP50Ms),
      ownP50Ms: round(p50Ms - echoP50Ms - ledgerAckP50Ms),
    };
  } finally {
    await connection.close();
    await world.close();
  }
}

function bodies(type: "json" | "protobuf"): string[] {
  return Array.from({ length: CARDS }, (_, i) => {
    const event = create(PaymentEventSchema, {
      event: {
        case: "payment",
        value: {
          card: `431940${String(i).padStart(10, "0")}`,
          bin: "431940",
          amount: BigInt(100 + i % 900),
          currency: "INR",
          at: BigInt(Date.now()) * 1000n,
          merchant: `grocery_pos-${i % 100}`,
          channel: 2,
          category: "grocery_pos",
        },
      },
    });
    const bytes = type === "json"
      ? new TextEncoder().encode(JSON.stringify(toJson(PaymentEventSchema, event)))
      : toBinary(PaymentEventSchema, event);
    return Buffer.from(bytes).toString("base64");
  });
}

function serverProcess(config: object) {
  const child = childProcess("wire_server.ts", JSON.stringify(config));
  let said = "";
  const port = new Promise<number>((resolve, reject) => {
    child.stdout.on("data", (part: Buffer) => {
      said += part;
      if (said.includes("\n")) resolve(JSON.parse(said).port);
    });
    child.once(
      "exit",
      (code) => reject(new Error(`Cannot start the engine of the wire benchmark: it ended with ${code}`)),
    );
  });
  port.catch(() => {});
  return {
    port,
    /** Processor time so far; where the system tells. */
    async cpuMicros(): Promise<number | undefined> {
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8").catch(() => undefined);
      const [user, system] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number) ??
        [];
      return user === undefined ? undefined : (user + system) * 10_000; // ticks of 1/100 s
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.stdin.end();
      await gone;
    },
  };
}

async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const child = childProcess("wire_load.ts");
  child.stdin.end(JSON.stringify(options));
  let said = "";
  child.stdout.on("data", (part: Buffer) => said += part);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`Cannot measure the wire: the load ended with ${code}`);
  return JSON.parse(said);
}

/** This runtime again, on a file beside this one. */
function childProcess(file: string, ...given: string[]) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", path] : [path];
  return spawn(process.execPath, [...run, ...given], { stdio: ["pipe", "pipe", "inherit"] });
}

function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * percent / 100))]);
}

const round = (value: number) => Math.round(value * 1000) / 1000;

if (import.meta.main) {
  console.log(JSON.stringify(await benchWire(JSON.parse(process.argv[2] ?? "{}")), null, 2));
}
