/**
 * The contract between the runtime and a kernel (a WebAssembly module built from wasm/).
 *
 * A kernel is pure and synchronous: no imports but `env.abort` (a trap). It reads no clock; the frame's
 * clock is its only time. All state that must survive lives in linear memory (no WebAssembly global may
 * carry state across calls), so that the pages of memory are the state.
 *
 * Buffers are shared: the host writes at `input(length)`, the kernel answers in the result block and the
 * output region it names. Both are valid until the next call.
 */

/** Version of this contract; a kernel of another version is refused at load. */
export const ABI_VERSION = 2;

/** Bytes of linear memory that a snapshot treats as one unit. */
export const PAGE_BYTES = 4096;

export interface KernelExports {
  memory: WebAssembly.Memory;
  /** Equals ABI_VERSION. */
  abi(): number;
  /** Address of the result block (RESULT below); constant for the life of the instance. */
  result(): number;
  /** UTF-8 JSON of KernelDescription, as output region of the result block. */
  describe(): void;
  /** Reserves `length` bytes of input and returns their address. May grow memory. */
  input(length: number): number;
  /** Reads KernelParams (protobuf) of `length` bytes from the input. Called once. Status in the result block. */
  init(length: number): void;
  /**
   * Applies the `events` region of a frame: `length` bytes of input, each event as it stands in Frame
   * (tag 0x3a, length, Event). Stops before the first event whose effects might not fit in `outputMax`
   * bytes; always takes at least one. Before each event consumedEvents in the result block is set to its
   * index, so that after a trap the host can read which event it was. The output region holds the `effects` of the frame (tag 0x42, length,
   * Effect), in event order.
   */
  apply(clock: bigint, number: bigint, length: number, outputMax: number): void;
  /** Applies one Event message (`length` bytes of input, no tag) as event `index` of open frame `number`. */
  decide(clock: bigint, number: bigint, index: number, length: number): void;
  /** Looks a key up (`length` bytes of input): status OK and the pipeline's state message, or NOT_FOUND. */
  query(length: number): void;
  /** The highest sequence applied of the source named by `length` bytes of input, as u64; 0 = none. */
  sourceMark(length: number): void;
  /**
   * Starts a snapshot of memory as it stands now: of the pages changed since the last complete one, or with
   * `all` = 1 of every page that holds state. Returns their number.
   */
  snapshotBegin(all: number): number;
  /**
   * Writes up to `pagesMax` pages of that snapshot to the output region, each as u32 page number (little
   * endian) then PAGE_BYTES bytes, and returns how many; 0 = the snapshot is complete. Events may be applied
   * between calls: a page about to change is copied first, so the snapshot stays of one instant.
   */
  snapshotNext(pagesMax: number): number;
  /** Forgets a snapshot under way; its pages count as changed again. */
  snapshotAbort(): void;
  /** After the host has grown memory and written every saved page back: rebuilds what is derived. */
  restored(): void;
}

/** Offsets in the result block, little endian. */
export const RESULT = {
  status: 0, // i32, one of STATUS
  consumedBytes: 4, // u32, of the events region
  consumedEvents: 8, // u32
  outputAddress: 12, // u32
  outputLength: 16, // u32
  rejects: 20, // u32, REJECT effects in this output
  nextTimer: 24, // i64, microseconds: when a TIMER event is wanted; MAX_INT64 = none
  keys: 32, // u64, keys with state
  stateBytes: 40, // u64, bytes of memory in use for state
  bytes: 48,
} as const;

export const STATUS = { OK: 0, NOT_FOUND: 1, BAD_PARAMS: -1, BAD_FRAME: -2, OUT_OF_MEMORY: -3 } as const;

export const EVENTS_TAG = 0x3a;
export const EFFECTS_TAG = 0x42;

export interface KernelDescription {
  name: string;
  abi: number;
  /** SHA-256, hex, of the descriptor set its decoders were generated from. */
  schemaHash: string;
  /** Most bytes of effects that one event can cause. */
  effectBytesMax: number;
  /** Longest event payload it takes, bytes. */
  eventBytesMax: number;
  /** Longest key, bytes. */
  keyBytesMax: number;
}
