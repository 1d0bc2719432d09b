/**
 * Turns outcomes into answers, as JSON and as DecideReply, alike for every edge. Names of reasons and figures
 * come from the pipeline's own enums. The binary answer carries the Decision's bytes untouched.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { fromHex } from "../hash.ts";
import type { Pipeline, Topology } from "../declare.ts";
import type { Outcome, Position, Runtime } from "../runtime.ts";
import { Outcome as OutcomeCode } from "../proto/gen/reply_pb.ts";
import { compileKey, type KeyExtractor } from "./key.ts";
import { int64Json } from "./json.ts";
import { noKey, type Problem, problemType, refusal } from "./problem.ts";
import { nameIn, type Rejection, rejectionOf } from "./rejections.ts";

export const VERDICTS = ["UNDECIDED", "APPROVE", "REVIEW", "DECLINE"] as const;

/** A name under which decisions are asked: one pipeline, or a decision group. */
export interface Route {
  readonly name: string;
  readonly members: readonly Member[];
  readonly isGroup: boolean;
}

export interface Member {
  readonly pipeline: Pipeline;
  readonly keys: KeyExtractor;
  /** Hex of the kernel hash; empty until the runtime knows it. */
  kernel(): string;
  reason(code: number): string;
  figure(code: number): string;
  reject(code: number): Rejection;
}

/** What one event came to, over all members of its route. */
export interface Answer {
  /** Of the member whose answer stands. */
  readonly index: number;
  readonly outcomes: readonly Outcome[];
  /** What is answered instead: the id stands for another event. */
  readonly problem?: Problem;
}

export function routesOf(runtime: Runtime, topology: Topology): Map<string, Route> {
  const routes = new Map<string, Route>();
  const members = new Map(topology.pipelines.map((pipeline) => [pipeline.name, memberOf(runtime, pipeline)]));
  for (const [name, member] of members) routes.set(name, { name, members: [member], isGroup: false });
  for (const [name, names] of Object.entries(topology.decisions ?? {})) {
    const group = names.map((each) => members.get(each)!);
    const odd = group.find(({ pipeline }) => pipeline.input.typeName !== group[0].pipeline.input.typeName);
    if (odd) {
      throw new Error(
        `Cannot serve decision group "${name}": ${odd.pipeline.name} takes ${odd.pipeline.input.typeName} and ` +
          `${names[0]} takes ${group[0].pipeline.input.typeName}. Give its pipelines the same input message.`,
      );
    }
    routes.set(name, { name, members: group, isGroup: true });
  }
  return routes;
}

/** Of several outcomes the one that stands: what the sender must act on first, then the strictest verdict. */
export function standing(outcomes: readonly Outcome[]): Answer {
  let index = 0;
  let most = -1;
  for (let i = 0; i < outcomes.length; i++) {
    const weight = weightOf(outcomes[i]);
    if (weight > most) [index, most] = [i, weight];
  }
  return { index, outcomes };
}

function weightOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "unknown":
      return 12;
    case "refused":
      return 11;
    case "rejected":
      return 10;
    case "decided":
      return verdictOf(outcome.reply);
    case "applied":
      return 0;
  }
}

/** The verdict alone, read from an encoded Decision. */
export function verdictOf(decision: Uint8Array): number {
  // Encoders write it first; anything else is read properly.
  if (decision.length >= 2 && decision[0] === 0x08 && decision[1] < VERDICTS.length) return decision[1];
  const reader = new BinaryReader(decision);
  let verdict = 0;
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1 && wire === WireType.Varint) verdict = reader.int32();
    else reader.skip(wire, number);
  }
  return verdict;
}

/** The problem an outcome is, or undefined where it is an answer. */
export function problemOf(member: Member, outcome: Outcome): Problem | undefined {
  const { name } = member.pipeline;
  switch (outcome.kind) {
    case "decided":
    case "applied":
      return undefined;
    case "rejected": {
      const { reason, meaning } = member.reject(outcome.reason);
      const why = meaning ? `${reason}, ${meaning}` : reason;
      return {
        status: 422,
        code: "rejected",
        title: "The event was rejected",
        detail: `Pipeline "${name}" rejected the event: ${why}. It is kept as a dead letter.`,
        more: { reason, position: outcome.position, duplicate: outcome.duplicate },
      };
    }
    case "refused":
      if (outcome.admission === "no-key") return noKey(member.pipeline);
      return refusal(name, outcome.admission, outcome.retryAfterMs);
    case "unknown":
      return {
        status: 503,
        code: "outcome-unknown",
        title: "The outcome is not known",
        detail:
          `Pipeline "${name}" failed before the outcome was known. Ask again with the same Idempotency-Key.`,
        retryAfterMs: 1000,
      };
  }
}

/** The problem that an answer is, or undefined where it is none. */
export function problemOfAnswer(route: Route, { index, outcomes, problem }: Answer): Problem | undefined {
  return problem ?? problemOf(route.members[index], outcomes[index]);
}

/** The answer as JSON text. Problems of an item stand inside (batches); a lone request answers them itself. */
export function answerJson(route: Route, answer: Answer): string {
  const { index, outcomes } = answer;
  if (!route.isGroup) return outcomeJson(route.members[0], outcomes[0], "{");
  const all = outcomes.map((outcome, i) =>
    outcomeJson(route.members[i], outcome, `{"pipeline":${JSON.stringify(route.members[i].pipeline.name)},`)
  );
  const { pipeline } = route.members[index];
  const top = outcomeJson(
    route.members[index],
    outcomes[index],
    `{"pipeline":${JSON.stringify(pipeline.name)},`,
  );
  return `${top.slice(0, -1)},"answers":[${all.join(",")}]}`;
}

function outcomeJson(member: Member, outcome: Outcome, open: string): string {
  switch (outcome.kind) {
    case "decided":
      return `${open}"status":"decided",${decisionJson(member, outcome.reply)},` +
        `"position":${positionJson(outcome.position)},"kernel":"${member.kernel()}",` +
        `"durable":${outcome.durable},"duplicate":${outcome.duplicate}}`;
    case "applied":
      return `${open}"status":"applied","position":${positionJson(outcome.position)},` +
        `"kernel":"${member.kernel()}","durable":true,"duplicate":${outcome.duplicate}}`;
    case "rejected":
    case "refused":
    case "unknown": {
      const { title, detail, status, retryAfterMs, more, code } = problemOf(member, outcome)!;
      const problem = { type: `urn:millrace:problem:${code}`, title, status, detail, retryAfterMs, ...more };
      const position = outcome.kind === "rejected" ? `"position":${positionJson(outcome.position)},` : "";
      return `${open}"status":"${outcome.kind}",${position}"problem":${JSON.stringify(problem)}}`;
    }
  }
}

export function positionJson({ partition, frame, event }: Position): string {
  return `{"partition":${partition},"frame":${frame},"event":${event}}`;
}

/** `"verdict":…,"reasons":[…],"figures":{…}` of an encoded Decision. */
function decisionJson(member: Member, decision: Uint8Array): string {
  const reader = new BinaryReader(decision);
  let verdict = 0;
  let reasons = "";
  let figures = "";
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1 && wire === WireType.Varint) verdict = reader.int32();
    else if (number === 2 && wire === WireType.LengthDelimited) {
      const [code, observed, limit] = threeNumbers(reader);
      reasons += `${reasons && ","}{"reason":${JSON.stringify(member.reason(Number(code)))},` +
        `"observed":${int64Json(observed)},"limit":${int64Json(limit)}}`;
    } else if (number === 3 && wire === WireType.LengthDelimited) {
      const [code, value] = threeNumbers(reader);
      figures += `${figures && ","}${JSON.stringify(member.figure(Number(code)))}:${int64Json(value)}`;
    } else reader.skip(wire, number);
  }
  const name = VERDICTS[verdict] ?? `VERDICT_${verdict}`;
  return `"verdict":"${name}","reasons":[${reasons}],"figures":{${figures}}`;
}

/** Fields 1 (uint32), 2 and 3 (int64) of a Reason or Figure. */
function threeNumbers(reader: BinaryReader): [number, bigint | string, bigint | string] {
  const end = reader.uint32() + reader.pos;
  const found: [number, bigint | string, bigint | string] = [0, 0n, 0n];
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    if (wire !== WireType.Varint || number > 3) reader.skip(wire, number);
    else if (number === 1) found[0] = reader.uint32();
    else found[number - 1] = reader.int64();
  }
  return found;
}

const OUTCOMES = {
  decided: OutcomeCode.DECIDED,
  applied: OutcomeCode.APPLIED,
  rejected: OutcomeCode.REJECTED,
  refused: OutcomeCode.REFUSED,
  unknown: OutcomeCode.UNKNOWN,
};

/** The answer as an encoded DecideReply (runtime/proto/reply.proto). */
export function answerBinary(route: Route, answer: Answer): Uint8Array {
  if (answer.problem) return problemBinary(answer.problem);
  const writer = new BinaryWriter();
  writeReply(writer, route.members[answer.index], answer.outcomes[answer.index], route.isGroup);
  if (route.isGroup) {
    for (let i = 0; i < answer.outcomes.length; i++) {
      writer.tag(9, WireType.LengthDelimited).fork();
      writeReply(writer, route.members[i], answer.outcomes[i], true);
      writer.join();
    }
  }
  return writer.finish();
}

function writeReply(writer: BinaryWriter, member: Member, outcome: Outcome, named: boolean): void {
  writer.tag(1, WireType.Varint).int32(OUTCOMES[outcome.kind]);
  if (outcome.kind === "decided") writer.tag(2, WireType.LengthDelimited).bytes(outcome.reply);
  if (outcome.kind === "decided" || outcome.kind === "applied" || outcome.kind === "rejected") {
    const { partition, frame, event } = outcome.position;
    writer.tag(3, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).uint32(partition).tag(2, WireType.Varint).uint64(frame);
    writer.tag(3, WireType.Varint).uint32(event).join();
    writer.tag(4, WireType.LengthDelimited).bytes(hexBytes(member.kernel()));
    writer.tag(5, WireType.Varint).bool(outcome.kind === "decided" ? outcome.durable : true);
    if (outcome.duplicate) writer.tag(6, WireType.Varint).bool(true);
  }
  const problem = problemOf(member, outcome);
  if (problem) writeProblem(writer, problem, outcome.kind === "rejected" ? outcome.reason : 0);
  if (named) writer.tag(8, WireType.LengthDelimited).string(member.pipeline.name);
}

/** A DecideReply that holds a problem alone: for requests that never became an event. */
export function problemBinary(problem: Problem): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int32(OutcomeCode.REFUSED);
  writeProblem(writer, problem, 0);
  return writer.finish();
}

function writeProblem(writer: BinaryWriter, problem: Problem, rejectReason: number): void {
  writer.tag(7, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).uint32(problem.status);
  writer.tag(2, WireType.LengthDelimited).string(problemType(problem));
  writer.tag(3, WireType.LengthDelimited).string(problem.title);
  writer.tag(4, WireType.LengthDelimited).string(problem.detail);
  if (problem.retryAfterMs) writer.tag(5, WireType.Varint).uint32(problem.retryAfterMs);
  if (rejectReason) writer.tag(6, WireType.Varint).uint32(rejectReason);
  writer.join();
}

function memberOf(runtime: Runtime, pipeline: Pipeline): Member {
  let kernel = "";
  return {
    pipeline,
    keys: compileKey(pipeline),
    kernel: () =>
      kernel ||= runtime.status().partitions.find((each) => each.pipeline === pipeline.name)?.kernel ?? "",
    reason: (code) => nameIn(pipeline.reasons, code),
    figure: (code) => nameIn(pipeline.figures, code),
    reject: (code) => rejectionOf(pipeline, code),
  };
}

let lastHex = "";
let lastBytes: Uint8Array = new Uint8Array(0);

function hexBytes(hex: string): Uint8Array {
  if (hex !== lastHex) {
    lastHex = hex;
    lastBytes = fromHex(hex);
  }
  return lastBytes;
}
