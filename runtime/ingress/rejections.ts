/**
 * What a refusal of an event means, said to whoever sent it: the ledger keeps a number, the pipeline's own
 * `advice` says which fields lead to it, and what there is to say of any pipeline stands here.
 */
import type { DescEnum } from "@bufbuild/protobuf";
import type { KeyPath, Pipeline } from "../declare.ts";
import { RejectReason, RejectReasonSchema } from "../proto/gen/frame_pb.ts";
import { KEY_BYTES_MAX } from "./key.ts";

/** Pipelines name their own reject reasons from here on. */
const REJECTS_OF_PIPELINE = 100;

export interface Rejection {
  /** Its name, as in the pipeline's schema. */
  readonly reason: string;
  /** What it comes from; empty where there is nothing to say beyond the name. */
  readonly meaning: string;
}

type Rejecting = Pick<Pipeline, "input" | "key" | "rejects" | "advice">;

export function rejectionOf(pipeline: Rejecting, code: number): Rejection {
  const reason = nameIn(code < REJECTS_OF_PIPELINE ? RejectReasonSchema : pipeline.rejects, code);
  return { reason, meaning: pipeline.advice?.[reason] ?? general(pipeline, code) };
}

/** The name of a code, or the code where its enum has none. */
export function nameIn(names: DescEnum | undefined, code: number): string {
  return names?.value[code]?.name ?? `CODE_${code}`;
}

function general(pipeline: Rejecting, code: number): string {
  switch (code) {
    case RejectReason.MALFORMED:
      return `it is not a ${pipeline.input.typeName}`;
    case RejectReason.MISSING_FIELD:
      return "a field that it must have is absent, empty or 0";
    case RejectReason.OUT_OF_RANGE:
      return "a number or a text is outside its bounds";
    case RejectReason.OVERFLOW:
      return "arithmetic on it would overflow";
    case RejectReason.TOO_OLD:
      return "its time is before all that the state can still take";
    case RejectReason.TOO_NEW:
      return "its time is further ahead of this machine's clock than the pipeline allows";
    case RejectReason.KEY_TOO_LONG:
      return "its key, or another text, is longer than the pipeline keeps";
    case RejectReason.STATE_FULL:
      return "the state of its partition is as large as declared (stateBytesMax)";
    case RejectReason.POISON:
      return "the kernel trapped on it twice, and it is not tried again";
    case RejectReason.UNKNOWN_VARIANT:
      return "none of the kinds of event that the pipeline takes is set in it";
    case RejectReason.INVALID_UTF8:
      return "a text in it is not UTF-8";
    case RejectReason.NO_KEY:
      return keyAdvice(pipeline);
    case RejectReason.TOO_LARGE:
      return "it is larger than the pipeline takes";
    case RejectReason.LOOKUP_FAILED:
      return "what it was to be recorded with could not be looked up in time";
    default:
      return "";
  }
}

/** Which fields give an event of the pipeline its key. */
export function keyAdvice({ key }: Pick<Pipeline, "key">): string {
  const ways = key.map((path: KeyPath) => typeof path === "string" ? path : path.join(" and "));
  return `its key is ${ways.join(", or ")}: not empty, and at most ${KEY_BYTES_MAX} bytes`;
}
