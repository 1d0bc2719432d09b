/**
 * Subject-addressed messages between nodes and clients (core NATS in production; in the embedded default
 * there is no network and `none` refuses to serve).
 */
export interface Network {
  /** True where messages can reach other processes. */
  readonly connected: boolean;
  /** Serves requests on a subject (NATS wildcards). `queue`: members of one group share the work. */
  serve(subject: string, queue: string, handle: (request: NetworkRequest) => void): Promise<Closable>;
  /** Reads a stream from a position, in order; delivery is at least once. */
  stream(options: StreamOptions): Promise<StreamReader>;
  /**
   * Appends to an output stream: resolves when durable. `id` makes a repeat of the same message harmless.
   */
  publish(subject: string, payload: Uint8Array, headers: Record<string, string>, id: string): Promise<void>;
}

export interface NetworkRequest {
  readonly subject: string;
  readonly payload: Uint8Array;
  header(name: string): string | undefined;
  respond(payload: Uint8Array, headers?: Record<string, string>): void;
}

export interface StreamOptions {
  readonly stream: string;
  /** Only messages of this subject (wildcards allowed). */
  readonly subject?: string;
  /** First sequence wanted, or the first message at or after a time (microseconds), or everything. */
  readonly from: { sequence: number } | { time: number } | "start";
  readonly signal: AbortSignal;
}

export interface StreamReader extends AsyncIterable<StreamMessage> {
  /** Messages of the stream not yet delivered to this reader, as of the last one read. */
  readonly pending: number;
  /** Sequences of the first message the stream still keeps and of its last, as it is now; last + 1 and last when it is empty. */
  extent(): Promise<{ readonly first: number; readonly last: number }>;
  /** Sequence of the last message of the subjects that are read, as it is now; 0 where there is none. */
  newest(): Promise<number>;
}

export interface StreamMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly sequence: number;
  readonly time: number;
  header(name: string): string | undefined;
}

export interface Closable {
  close(): Promise<void>;
}
