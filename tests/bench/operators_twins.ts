/**
 * What a good TypeScript programmer would write with Maps, for the benchmark of operators: counts per key, the
 * same watermark, the same results. `told` and `sum` show that both did the same work.
 */
export interface CountTwin {
  add(time: number, key: number): void;
  told: number;
  sum: number;
}

/** The newest results, as the kernel keeps them too. */
const ring = new Float64Array(4096 * 3);

abstract class Twin implements CountTwin {
  told = 0;
  sum = 0;
  protected watermark = -Infinity;
  readonly #disorder: number;

  constructor(disorder: number) {
    this.#disorder = disorder;
  }

  add(time: number, key: number): void {
    this.event(time, key);
    if (time - this.#disorder > this.watermark) {
      this.watermark = time - this.#disorder;
      this.advance();
    }
  }

  protected abstract event(time: number, key: number): void;
  protected abstract advance(): void;

  protected tell(key: number, at: number, count: number): void {
    const slot = (this.told++ & 4095) * 3;
    ring[slot] = key;
    ring[slot + 1] = at;
    ring[slot + 2] = count;
    this.sum += count;
  }
}

/** A Map of counts for each pane. */
abstract class Panes extends Twin {
  protected readonly panes = new Map<number, Map<number, number>>();
  protected readonly slide: number;
  #pane = -1;
  #counts = new Map<number, number>();
  protected nextEnd: number;

  constructor(slide: number, disorder: number) {
    super(disorder);
    this.slide = slide;
    this.nextEnd = slide;
  }

  protected event(time: number, key: number): void {
    const pane = Math.floor(time / this.slide);
    if (pane !== this.#pane) {
      this.#pane = pane;
      this.#counts = this.panes.get(pane) ?? new Map();
      this.panes.set(pane, this.#counts);
    }
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  protected advance(): void {
    for (; this.watermark >= this.nextEnd; this.nextEnd += this.slide) {
      this.fire(this.nextEnd / this.slide - 1);
    }
  }

  protected abstract fire(pane: number): void;
}

export function tumblingTwin(size: number, disorder: number): CountTwin {
  return new class extends Panes {
    protected fire(pane: number): void {
      for (const [key, count] of this.panes.get(pane) ?? []) this.tell(key, this.nextEnd, count);
      this.panes.delete(pane);
    }
  }(size, disorder);
}

/** A running total, to which each new pane is added and from which the oldest is taken. */
export function hoppingTwin(slide: number, size: number, disorder: number): CountTwin {
  return new class extends Panes {
    readonly #total = new Map<number, number>();

    protected fire(pane: number): void {
      for (const [key, count] of this.panes.get(pane) ?? []) {
        this.#total.set(key, (this.#total.get(key) ?? 0) + count);
      }
      for (const [key, count] of this.#total) this.tell(key, this.nextEnd, count);
      const old = pane - size + 1;
      for (const [key, count] of this.panes.get(old) ?? []) {
        const left = this.#total.get(key)! - count;
        if (left) this.#total.set(key, left);
        else this.#total.delete(key);
      }
      this.panes.delete(old);
    }
  }(slide, disorder);
}

/**
 * What one writes without a thought of panes: a Map of counts for each window, and an event goes to all that
 * hold it. It begins with every key in every window, as it stands when it has run for long.
 */
export class NaiveHoppingTwin extends Twin {
  readonly #windows = new Map<number, Map<number, number>>();
  readonly #slide: number;
  readonly #size: number;
  #nextEnd: number;

  constructor(slide: number, size: number, keys: number, disorder: number) {
    super(disorder);
    this.#slide = slide;
    this.#size = size;
    this.#nextEnd = slide;
    for (let end = 1; end < size; end++) {
      this.#windows.set(end * slide, new Map(Array.from({ length: keys }, (_, key) => [key, 1])));
    }
  }

  protected event(time: number, key: number): void {
    const first = Math.floor(time / this.#slide) + 1;
    for (let end = first; end < first + this.#size; end++) {
      let counts = this.#windows.get(end * this.#slide);
      if (!counts) this.#windows.set(end * this.#slide, counts = new Map());
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }

  protected advance(): void {
    for (; this.watermark >= this.#nextEnd; this.#nextEnd += this.#slide) {
      for (const [key, count] of this.#windows.get(this.#nextEnd) ?? []) this.tell(key, this.#nextEnd, count);
      this.#windows.delete(this.#nextEnd);
    }
  }
}

interface Open {
  start: number;
  last: number;
  count: number;
}

/** Things to look at when the watermark comes to a time, by millisecond. */
class Agenda<T> {
  readonly #lists = new Map<number, T[]>();
  #next = 0;

  put(at: number, item: T): void {
    const tick = Math.max(Math.floor(at / 1000), this.#next), list = this.#lists.get(tick);
    if (list) list.push(item);
    else this.#lists.set(tick, [item]);
  }

  take(watermark: number, look: (items: T[]) => void): void {
    for (const last = Math.floor(watermark / 1000); this.#next <= last;) {
      const list = this.#lists.get(this.#next);
      this.#lists.delete(this.#next++);
      if (list) look(list);
    }
  }
}

/** Disorder is less than the gap, so an event never joins two sessions. */
export function sessionTwin(gap: number, disorder: number): CountTwin {
  return new class extends Twin {
    readonly #open = new Map<number, Open[]>();
    readonly #agenda = new Agenda<number>();

    protected event(time: number, key: number): void {
      const mine = this.#open.get(key),
        open = mine?.find((one) => time < one.last + gap && time > one.start - gap);
      if (open) {
        if (time > open.last) open.last = time;
        if (time < open.start) open.start = time;
        open.count++;
        return;
      }
      const fresh = { start: time, last: time, count: 1 };
      if (mine) mine.push(fresh);
      else this.#open.set(key, [fresh]);
      this.#agenda.put(time + gap, key);
    }

    protected advance(): void {
      this.#agenda.take(this.watermark, (keys) => {
        for (const key of keys) this.#look(key);
      });
    }

    #look(key: number): void {
      const mine = this.#open.get(key);
      if (!mine) return;
      for (let i = mine.length - 1; i >= 0; i--) {
        const end = mine[i].last + gap;
        if (end <= this.watermark) this.tell(key, end, mine.splice(i, 1)[0].count);
        else this.#agenda.put(end, key);
      }
      if (!mine.length) this.#open.delete(key);
    }
  }(disorder);
}

/** Each key's times, sorted; each event is told when the watermark has passed it. */
export function slidingTwin(size: number, disorder: number): CountTwin {
  return new class extends Twin {
    readonly #times = new Map<number, number[]>();
    #waiting: { time: number; key: number }[] = [];
    #done = -Infinity;

    protected event(time: number, key: number): void {
      this.#waiting.push({ time, key });
    }

    protected advance(): void {
      if (this.watermark < this.#done + 1000) return; // in groups, as sorting for each event would cost more
      this.#done = this.watermark;
      const due = this.#waiting.filter(({ time }) => time < this.watermark).sort((a, b) => a.time - b.time);
      this.#waiting = this.#waiting.filter(({ time }) => time >= this.watermark);
      for (let from = 0, to = 0; from < due.length; from = to) { // events of one time see one another
        while (to < due.length && due[to].time === due[from].time) this.#enter(due[to++]);
        for (let i = from; i < to; i++) {
          this.tell(due[i].key, due[i].time, this.#times.get(due[i].key)!.length);
        }
      }
    }

    #enter({ time, key }: { time: number; key: number }): void {
      let times = this.#times.get(key);
      if (!times) this.#times.set(key, times = []);
      while (times.length && times[0] < time - size) times.shift();
      times.push(time);
    }
  }(disorder);
}
