/** Real nats-servers for tests: started on free ports with a store of their own, killed, paused, restarted. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { ensureNatsServer } from "../../deploy/tools.ts";

export interface NatsOptions {
  /** `sync_interval` of JetStream: "always", "20ms", … Default: the server's own (2 minutes). */
  readonly syncInterval?: string;
  readonly maxPayloadBytes?: number;
  /** Bytes JetStream may store. */
  readonly maxStoreBytes?: number;
  /** Where its files are; default a temporary folder that goes with it. */
  readonly storeDir?: string;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  /** Ends the process at once, or as the signal says; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Resolves when it stands still. */
  pause(): Promise<void>;
  resume(): void;
  /** Kills it and removes its files. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
/** Where nobody tells whether a process has stopped. */
const STOPPED_MS = 200;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const port = await freePort();
  return await startMember(options, port, "");
}

/** Three servers, one cluster; for R3 streams. */
export async function startNatsCluster(options: NatsOptions = {}): Promise<NatsServer[]> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = await Promise.all([freePort(), freePort(), freePort()]);
  const servers = await Promise.all(ports.map((port, index) => {
    const others = routes.map((route) => `nats://127.0.0.1:${route}`).join(", ");
    const cluster = `server_name: n${index}\ncluster { name: test, listen: "127.0.0.1:${
      routes[index]
    }", routes: [${others}] }\n`;
    return startMember(options, port, cluster);
  }));
  await elected(servers[0].url);
  return servers;
}

/** Waits until the cluster has a leader that answers for JetStream. */
async function elected(url: string): Promise<void> {
  const connection = await connectNats({ servers: url });
  const until = Date.now() + START_TIMEOUT_MS;
  while (true) {
    try {
      const manager = await jetstreamManager(connection);
      await manager.streams.add({ name: "elected", subjects: ["elected"], num_replicas: 3 });
      await manager.streams.delete("elected");
      return await connection.close();
    } catch (error) {
      if (Date.now() > until) {
        throw new Error("Cannot start a cluster: no leader was elected", { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function startMember(options: NatsOptions, port: number, cluster: string): Promise<NatsServer> {
  const binary = await ensureNatsServer();
  const folder = await mkdtemp(join(tmpdir(), "millrace-nats-"));
  const storeDir = options.storeDir ?? join(folder, "store");
  const file = join(folder, "nats.conf");
  await writeFile(file, configuration(options, port, storeDir) + cluster);
  let child = await launch(binary, file, port);
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    if (signal === "SIGKILL") child.kill("SIGCONT");
    await gone;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    kill,
    async restart() {
      await kill();
      child = await launch(binary, file, port);
    },
    // By its id: Deno's own `kill` takes the first signal for the last one.
    async pause() {
      process.kill(child.pid!, "SIGSTOP");
      for (const until = Date.now() + START_TIMEOUT_MS; !isStopped(child.pid!) && Date.now() < until;) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    resume: () => void process.kill(child.pid!, "SIGCONT"),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(options: NatsOptions, port: number, storeDir: string): string {
  const jetstream = [
    `store_dir: "${storeDir}"`,
    `max_file_store: ${options.maxStoreBytes ?? 8 * 1024 ** 3}`,
    ...(options.syncInterval ? [`sync_interval: ${options.syncInterval}`] : []),
  ];
  return [
    `listen: "127.0.0.1:${port}"`,
    `max_payload: ${options.maxPayloadBytes ?? 1024 * 1024}`,
    `jetstream { ${jetstream.join(", ")} }`,
    "",
  ].join("\n");
}

async function launch(binary: string, file: string, port: number): Promise<ChildProcess> {
  const until = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const child = spawn(binary, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    running.add(child);
    let said = "";
    child.stderr!.on("data", (chunk) => (said = (said + chunk).slice(-4000)));
    child.once("exit", () => running.delete(child));
    while (child.exitCode === null) {
      if (await answers(port) && child.exitCode === null) return child;
      if (Date.now() > until) {
        throw new Error(`Cannot start nats-server: no answer on port ${port}:\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Between finding a free port and listening there, somebody else may have it for a moment.
    if (Date.now() > until || !/address already in use/.test(said)) {
      throw new Error(`Cannot start nats-server: it ended with ${child.exitCode}:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => resolve(true)).once("error", () => resolve(false)).once(
      "close",
      () => resolve(false),
    );
    socket.once("data", () => socket.destroy());
  });
}

/** Whether all of its threads have taken the signal. Through a tool: Deno lets a program read /proc only with all rights. */
function isStopped(pid: number): boolean {
  try {
    const threads = execFileSync("sh", ["-c", `cat /proc/${pid}/task/*/stat`], { encoding: "utf8" });
    return threads.trimEnd().split("\n").every((line) => /\) T /.test(line));
  } catch {
    execFileSync("sleep", [String(STOPPED_MS / 1000)]);
    return true;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
