/**
 * Effects name an output by its place in the declaration. Another version may declare other outputs, or the same ones
 * in another order, and its readers meet frames of the one before. So the frame that begins an epoch records the
 * names, and here they lead from the places of then to those of now.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { encodeEvent } from "../partition/mailbox.ts";
import { EVENT_KIND, EventCursor } from "../partition/records.ts";
import { concat } from "../partition/wire.ts";
import { CorrectionSchema } from "../proto/gen/frame_pb.ts";

/** From this frame on, until another, outputs had these names. */
export type Era = readonly [frame: number, names: readonly string[]];

export class Channels {
  /** As declared now, by channel. */
  readonly names: readonly string[];
  /** Outputs that are declared no more: told behind those that are, in the order in which they were met. */
  readonly #gone: string[] = [];
  #eras: Era[] = [];
  /** By era: the place of now for each of then; undefined where they are the same. */
  #places = new Map<Era, readonly number[] | undefined>();

  constructor(names: readonly string[]) {
    this.names = names;
  }

  /** A frame that counts began an epoch and told the names. Frames may come again, never out of order. */
  begins(frame: number, names: readonly string[]): void {
    const last = this.#eras.at(-1);
    if (last && (frame <= last[0] || same(last[1], names))) return;
    this.#eras.push([frame, names]);
  }

  /** As a checkpoint has them: what is known already is of the same chain. */
  restore(eras: readonly Era[]): void {
    if (this.#eras.length === 0) this.#eras = [...eras];
  }

  /** As of a frame. */
  eras(frame: number): readonly Era[] {
    return this.#eras.filter(([from]) => from <= frame);
  }

  purged(frame: number): void {
    while (this.#eras.length > 1 && this.#eras[1][0] <= frame + 1) this.#eras.shift();
  }

  /**
   * Where the outputs of a frame stand now, by where they stood then; undefined: where they stood. An output that is
   * declared no more has a place behind all that are. Frames of before names were recorded are taken as they are.
   */
  at(frame: number): readonly number[] | undefined {
    const era = this.#eras.findLast(([from]) => from <= frame);
    if (!era) return undefined;
    if (!this.#places.has(era)) this.#places.set(era, this.#placesOf(era[1]));
    return this.#places.get(era);
  }

  /** Events of a frame as a kernel of now is to see them: corrections name an output by its place, too. */
  events(frame: number, region: Uint8Array): Uint8Array {
    const places = this.at(frame);
    if (!places) return region;
    const cursor = new EventCursor(region), parts: Uint8Array[] = [];
    let corrections = 0;
    while (cursor.next()) {
      const { record, id, source, sequence, kind } = cursor;
      if (kind !== EVENT_KIND.CORRECTION) {
        parts.push(record);
        continue;
      }
      corrections++;
      const correction = fromBinary(CorrectionSchema, cursor.payload);
      const channel = placeOf(correction.channel, places);
      const payload = toBinary(CorrectionSchema, create(CorrectionSchema, { ...correction, channel }));
      parts.push(encodeEvent(payload, { id, source, sequence, kind }));
    }
    return corrections === 0 ? region : concat(...parts);
  }

  #placesOf(names: readonly string[]): readonly number[] | undefined {
    const places = names.map((name) => {
      const place = this.names.indexOf(name);
      if (place >= 0) return place;
      if (!this.#gone.includes(name)) this.#gone.push(name);
      return this.names.length + this.#gone.indexOf(name);
    });
    return places.every((place, then) => place === then) ? undefined : places;
  }
}

/** The place of now. */
export function placeOf(channel: number, places: readonly number[] | undefined): number {
  return places?.[channel] ?? channel;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
