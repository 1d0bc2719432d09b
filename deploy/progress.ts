/** A progress bar on a terminal; nothing elsewhere, where it would only fill a log. */
import { SingleBar } from "cli-progress";

/** Progress is drawn at most so often. */
const REDRAW_MS = 100;

export class Progress {
  readonly #bar: SingleBar | undefined;
  #started = false;

  /** `format` as cli-progress takes it: `{bar}`, `{value}`, `{total}` and fields of one's own. */
  constructor(format: string, stream: NodeJS.WriteStream) {
    if (!stream.isTTY) return;
    this.#bar = new SingleBar({
      format,
      stream,
      barsize: 30,
      fps: 1_000 / REDRAW_MS,
      hideCursor: false,
      clearOnComplete: true,
    });
  }

  at(value: number, total: number, fields: Record<string, unknown> = {}): void {
    if (!this.#bar) return;
    if (!this.#started) this.#bar.start(total, value, fields);
    this.#started = true;
    this.#bar.setTotal(total);
    this.#bar.update(value, fields);
  }

  end(): void {
    if (this.#started) this.#bar?.stop();
  }
}
