/** What happens to whole processes, to their clocks and to the machines below them, at random moments. */
import type { Seeded } from "../../actors/random.ts";
import { PER_SECOND_KINDS, type PerSecond, type StandbyKind } from "./faults.ts";
import type { Plan } from "./plan.ts";
import type { Process, Processes } from "./processes.ts";
import type { Ground } from "./world.ts";

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const JUMPS = [HOUR, HOUR / 12, 7_000];
/** Mean time between two strokes; each kind is drawn at each. */
const STROKE = 50_000;
/** Where no client sends anything there is less to break: strokes are further apart. */
const AT_REST = 4;
const OPERATOR = 250_000;
/** Partitions whose watermark others wait for. */
const LAGGING = ["spans-0", "spans-1"];
/** And those that others feed. */
const FED = [0, 1, 2];

export class Chaos {
  readonly #ground: Ground;
  readonly #plan: Plan;
  readonly #processes: Processes;
  readonly #random: Seeded;
  readonly #atRest: () => boolean;
  #over = false;

  constructor(ground: Ground, plan: Plan, processes: Processes, atRest: () => boolean) {
    this.#atRest = atRest;
    this.#ground = ground;
    this.#plan = plan;
    this.#processes = processes;
    this.#random = plan.random.fork("chaos");
  }

  begin(): void {
    this.#strike();
    this.#operate();
  }

  /** From now on nothing strikes, and what did is mended. */
  end(): void {
    this.#over = true;
    this.#ground.diskFullUntil = this.#ground.slowUntil = this.#ground.lagging.until = 0;
    this.#ground.unseenUntil = this.#ground.standbysLagUntil = this.#ground.lookupsAwayUntil = 0;
    this.#processes.settling = true;
    for (const { world } of this.#processes.all) {
      world.thaw();
      world.cutOff = { out: false, back: false };
      world.unreachable = false;
      if (world.paused) world.resume();
      if (this.#plan.timed && this.#plan.faults.clockBackward > 0) {
        // The last windows must not wait for a clock that may take an hour to be where it was.
        this.#ground.counters.fault("clockBackward");
        world.jump(-this.#jump());
      }
    }
  }

  #strike(): void {
    if (this.#over) return;
    const { faults } = this.#ground;
    for (const kind of PER_SECOND_KINDS) {
      if (faults[kind] === 0 || !this.#random.chance(faults[kind] * STROKE / SECOND)) continue;
      if (this.#strikeWith(kind)) this.#ground.counters.fault(kind);
    }
    for (const process of this.#processes.all) this.#processes.check(process);
    const pause = this.#random.int(STROKE / 2, STROKE * 1.5);
    this.#later(this.#atRest() ? AT_REST * pause : pause, () => this.#strike());
  }

  #operate(): void {
    this.#processes.replaceFailed();
    this.#later(OPERATOR, () => this.#operate());
  }

  /** False where there was nothing to strike. */
  #strikeWith(kind: PerSecond): boolean {
    const processes = this.#processes, random = this.#random, ground = this.#ground;
    const { scheduler } = ground;
    if (processes.all.length === 0) return false;
    const process = random.pick(processes.all);
    const { world } = process;
    switch (kind) {
      case "crash":
        processes.crash(process, "at random");
        return true;
      case "gracefulStop":
        process.runtime.stop();
        if (processes.starting === 0 && !this.#plan.standby) processes.spawnLater(random.pick([0, 50_000]));
        this.#later(2 * SECOND, () => processes.crash(process, "it takes too long to stop"));
        return true;
      case "secondOwner":
        return processes.all.length === 1 && this.#addOwner(process);
      case "thirdOwner":
        return processes.all.length === 2 && this.#addOwner(process);
      case "pausedOwner":
        return this.#pause(process);
      case "partitionLedger":
        return this.#cutOff(process, { out: true, back: true });
      case "partitionAnswers":
        return this.#cutOff(process, { out: false, back: true });
      case "partitionClients":
        world.unreachable = true;
        this.#heal(() => (world.unreachable = false));
        return true;
      case "diskFull":
        ground.diskFullUntil = scheduler.now + random.int(0, SECOND / 2);
        return true;
      case "slowDisk":
        ground.slowUntil = scheduler.now + random.int(0, SECOND / 2);
        return true;
      case "clockForward":
        this.#clockMoves(process);
        world.jump(this.#jump());
        return true;
      case "clockBackward":
        this.#clockMoves(process);
        world.jump(-this.#jump());
        return true;
      case "clockFrozen":
        this.#clockMoves(process);
        world.freeze();
        this.#later(random.int(0, 2 * SECOND), () => world.thaw());
        return true;
      case "checkpointRot":
        return this.#rot();
      case "upgrade":
        return this.#upgrade();
      case "laggingPartition":
        return this.#lag(random.pick(LAGGING));
      case "laggingReceiver":
        return this.#lag(`${this.#plan.timed ? "totals" : "second"}-${random.pick(FED)}`);
      case "lookupsAway":
        ground.lookupsAwayUntil = scheduler.now + random.int(0, SECOND);
        return true;
      default:
        return this.#strikePair(kind);
    }
  }

  /** Where there is an owner, and a standby that follows it. */
  #strikePair(kind: StandbyKind): boolean {
    const processes = this.#processes, random = this.#random, ground = this.#ground;
    const { scheduler } = ground;
    const { owners, standbys } = processes;
    if (owners.length === 0 || standbys.length === 0) return false;
    const owner = random.pick(owners), standby = random.pick(standbys);
    switch (kind) {
      case "ownerCrash":
        processes.crash(owner, "a standby is there");
        return true;
      case "standbyCrash":
        processes.crash(standby, "it stood by");
        return true;
      case "bothCrash":
        processes.crash(owner, "with its standby");
        processes.crash(standby, "with its owner");
        return true;
      case "handover":
        owner.runtime.stop();
        this.#later(2 * SECOND, () => processes.crash(owner, "it takes too long to stop"));
        return true;
      case "ownerStandsStill":
        return this.#pause(owner);
      case "standbyStandsStill":
        return this.#pause(standby);
      case "standbyLags":
        ground.standbysLagUntil = scheduler.now + random.int(0, SECOND);
        return true;
      case "ownerUnseen":
        ground.unseenUntil = scheduler.now + random.int(0, SECOND);
        return true;
    }
  }

  /** Whether windows wait for this clock. */
  #clockMoves({ runtime }: Process): void {
    if (!this.#plan.timed) return;
    const waits = runtime.status().partitions.some(({ pipeline, keys }) => pipeline === "pulse" && keys > 0);
    if (waits) this.#ground.counters.fault("clockUnderTimer");
  }

  /** Ids are remembered for a time that clocks tell: where it is short, so are the jumps. */
  #jump(): number {
    return this.#plan.upkeep === "purge" ? 7_000 : this.#random.pick(JUMPS);
  }

  #addOwner(older: Process): boolean {
    const processes = this.#processes;
    if (processes.starting > 0) return false;
    processes.spawnLater(0);
    this.#later(this.#random.int(0, 2 * SECOND), () => processes.crash(older, "replaced"));
    return true;
  }

  /** It stands still while another takes over; then it goes on as if nothing had been. */
  #pause(process: Process): boolean {
    const { world } = process;
    if (world.paused) return false;
    world.pause();
    if (this.#processes.starting === 0 && !this.#plan.standby) {
      this.#processes.spawnLater(this.#random.int(0, 50_000));
    }
    this.#later(this.#random.int(50_000, SECOND), () => world.paused && world.resume());
    return true;
  }

  #lag(chain: string): boolean {
    const { scheduler } = this.#ground;
    this.#ground.lagging = { chain, until: scheduler.now + this.#random.int(SECOND / 4, 2 * SECOND) };
    return true;
  }

  #cutOff({ world }: Process, cutOff: { out: boolean; back: boolean }): boolean {
    if (world.cutOff.out || world.cutOff.back) return false;
    world.cutOff = cutOff;
    this.#heal(() => (world.cutOff = { out: false, back: false }));
    return true;
  }

  #heal(mend: () => void): void {
    this.#later(this.#random.int(10_000, SECOND), () => {
      this.#ground.counters.fault("heal");
      mend();
    });
  }

  /** A checkpoint is damaged where it lies. Where the ledger is purged up to it, none is: that would be data lost. */
  #rot(): boolean {
    const { blobs } = this.#ground;
    if (blobs.size === 0 || this.#plan.upkeep === "purge") return false;
    const name = this.#random.pick([...blobs.keys()].sort());
    const blob = blobs.get(name)!;
    const way = this.#random.int(0, 2);
    if (way === 0 || blob.length === 0) blobs.delete(name);
    else if (way === 1) blobs.set(name, blob.slice(0, this.#random.int(0, blob.length - 1)));
    else blobs.set(name, flipped(blob, this.#random));
    return true;
  }

  /** The next process runs the next kernel. There is no way back: the one before would trap on what was taken. */
  #upgrade(): boolean {
    const processes = this.#processes;
    if (processes.version + 1 >= processes.topologies.length) return false;
    processes.version++;
    if (this.#plan.timed) this.#ground.counters.fault("upgradeOfWindows");
    const [older] = processes.all;
    if (this.#random.chance(0.5)) processes.crash(older, "upgrade");
    else this.#addOwner(older);
    return true;
  }

  #later(micros: number, run: () => void): void {
    this.#ground.scheduler.after(micros, run);
  }
}

/** A copy: who reads it just now has what was there. */
function flipped(bytes: Uint8Array, random: Seeded): Uint8Array {
  const copy = bytes.slice();
  copy[random.int(0, copy.length - 1)] ^= 1 << random.int(0, 7);
  return copy;
}
