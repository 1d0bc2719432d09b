// The status page of a process: asks /v1/status and /metrics each second, and shows what became of it. It
// only reads. What it shows is set as text, never as markup.
"use strict";
const EVERY_MS = 1000;
/** After a failure, or where a bound on requests says so. */
const LATER_MS = 5000;
const POINTS = 120;

const byId = (id) => document.getElementById(id);
const rates = [];
let token = "", before, again = () => {};

function make(name, text, className) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

const count = (value) => Math.round(value).toLocaleString("en-US");

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; value >= 1000 && at < units.length - 1; at++) value /= 1000;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

function time(seconds) {
  if (seconds === undefined) return "–";
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toPrecision(3)} ms`;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${count(seconds / 60)} min`;
}

/** Prometheus text as [name, labels, value]. */
function parse(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value;
    }
    samples.push([found[1], labels, Number(found[3])]);
  }
  return samples;
}

/** Counts of a histogram's buckets by upper bound, over all its labels. */
function bucketsOf(samples, name) {
  const found = new Map();
  for (const [sample, { le }, value] of samples) {
    if (sample === `${name}_bucket`) found.set(le, (found.get(le) ?? 0) + value);
  }
  return found;
}

/** A quantile of what came between two looks, within its bucket by proportion; undefined where nothing did. */
function quantile(now, then, share) {
  const bounds = [...now.keys()].map((le) => [le === "+Inf" ? Infinity : Number(le), le]).sort((a, b) =>
    a[0] - b[0]
  );
  const since = bounds.map(([bound, le]) => [bound, now.get(le) - (then?.get(le) ?? 0)]);
  const total = since.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  let low = 0, below = 0;
  for (const [bound, upTo] of since) {
    if (upTo >= share * total) {
      return bound === Infinity ? low : low + (bound - low) * (share * total - below) / (upTo - below);
    }
    low = bound;
    below = upTo;
  }
}

const sum = (status, pick) => status.partitions.reduce((total, each) => total + pick(each), 0);

function show(look) {
  const { status, samples, at } = look;
  const seconds = before ? (at - before.at) / 1000 : 0;
  const rate = (pick) =>
    seconds > 0 ? Math.max(0, sum(status, pick) - sum(before.status, pick)) / seconds : 0;
  const events = rate((each) => each.counts.events);
  if (before) rates.push(events);
  if (rates.length > POINTS) rates.shift();

  byId("state").textContent = status.state;
  byId("state").className = `pill ${status.state}`;
  byId("ledger").textContent = `${status.ledger} · ${status.durability}`;
  document.title = `Millrace: ${status.state}`;

  const answers = bucketsOf(samples, "millrace_answer_seconds");
  const appends = bucketsOf(samples, "millrace_append_seconds");
  const lately = (buckets, name, share) => time(quantile(buckets, before?.[name], share));
  tiles([
    ["events/s", count(events)],
    ["decisions/s", count(rate((each) => each.counts.replies))],
    ["answered p50", lately(answers, "answers", 0.5)],
    ["answered p99", lately(answers, "answers", 0.99)],
    ["durable p50", lately(appends, "appends", 0.5)],
    ["durable p99", lately(appends, "appends", 0.99)],
    ["keys", count(sum(status, (each) => each.keys))],
    ["state", bytes(sum(status, (each) => each.stateBytes))],
    ["waiting", count(sum(status, (each) => each.mailbox.events))],
    ["late", count(sum(status, (each) => each.counts.late + each.counts.latePartly))],
    ["dead letters", count(sum(status, (each) => each.counts.rejects + each.counts.quarantined))],
    ["restarts", count(sum(status, (each) => each.restarts))],
  ]);
  graph();
  bars(samples);
  tables(status, seconds);
  before = { status, at, answers, appends };
}

function tiles(list) {
  byId("tiles").replaceChildren(...list.map(([name, value]) => {
    const tile = make("dl");
    tile.append(make("dt", name), make("dd", value));
    return tile;
  }));
}

function graph() {
  const most = Math.max(1, ...rates), step = 240 / (POINTS - 1);
  const points = rates.map((rate, i) =>
    `${(240 - (rates.length - 1 - i) * step).toFixed(1)},${(46 - 44 * rate / most).toFixed(1)}`
  );
  const first = points[0]?.split(",")[0];
  byId("peak").textContent = `the last two minutes, at most ${count(Math.max(0, ...rates))}`;
  byId("line").setAttribute("d", points.length ? `M${points.join("L")}` : "");
  byId("area").setAttribute("d", points.length ? `M${first},48L${points.join("L")}L240,48Z` : "");
}

function bars(samples) {
  const found = new Map();
  for (const [name, { pipeline, answer }, value] of samples) {
    if (name === "millrace_answers_total") found.set(`${pipeline}: ${answer.toLowerCase()}`, value);
  }
  const most = Math.max(1, ...found.values());
  byId("answers").replaceChildren(
    ...[...found].sort().flatMap(([name, value]) => {
      const meter = make("meter");
      meter.max = most;
      meter.value = value;
      return [make("span", name), make("span", count(value)), meter];
    }),
  );
  if (found.size === 0) byId("answers").append(make("small", "none yet"));
}

function tables(status, seconds) {
  const then = new Map(before?.status.partitions.map((each) => [`${each.pipeline} ${each.partition}`, each]));
  const found = [table(
    "Partitions",
    [
      "",
      "state",
      "events/s",
      "events",
      "frame",
      "epoch",
      "waiting",
      "keys",
      "state kept",
      "since checkpoint",
      "watermark",
      "late",
      "dead letters",
    ],
    status.partitions.map((each) => {
      const last = then.get(`${each.pipeline} ${each.partition}`);
      const events = last && seconds > 0 ? Math.max(0, each.counts.events - last.counts.events) / seconds : 0;
      const step = each.recovery?.step && each.state === "recovering"
        ? `, ${each.recovery.step} at frame ${each.recovery.frame}`
        : "";
      const lag = each.standby ? `, ${each.standby.lagFrames} frames behind` : "";
      const cells = [
        `${each.pipeline}-${each.partition}`,
        [each.state + step + lag, each.state],
        count(events),
        count(each.counts.events),
        count(each.frame),
        each.epoch,
        count(each.mailbox.events),
        count(each.keys),
        bytes(each.stateBytes),
        count(each.frame - each.checkpointFrame),
        each.watermark > 0 && each.watermark < 8e15
          ? new Date(each.watermark / 1000).toISOString().slice(0, 19).replace("T", " ")
          : "–",
        count(each.counts.late + each.counts.latePartly),
        count(each.counts.rejects + each.counts.quarantined),
      ];
      return { cells, error: each.lastError };
    }),
  )];
  if (status.owner) {
    const rows = Object.entries(status.owner).map(([name, value]) => ({ cells: [name, String(value)] }));
    found.push(table("The owner, as this standby sees it", ["", ""], rows));
  }
  if (status.sinks) {
    found.push(
      table(
        "Sinks",
        ["", "state", "to", "frames behind", "dead letters", "restarts"],
        status.sinks.map((each) => ({
          cells: [
            each.name,
            [each.state, each.state],
            each.to ?? "–",
            count(each.partitions.reduce((total, one) => total + one.lagFrames, 0)),
            each.deadLetters === undefined ? "–" : count(each.deadLetters),
            count(each.restarts),
          ],
          error: each.lastError,
        })),
      ),
    );
  }
  if (status.lookups) {
    found.push(
      table(
        "Lookups",
        ["", "asks", "events", "known already", "calls", "timeouts", "failures", "waiting"],
        status.lookups.map((each) => ({
          cells: [
            `${each.pipeline}: ${each.name}`,
            each.source,
            ...[each.lookups, each.hits, each.calls, each.timeouts, each.failures, each.waiting].map(count),
          ],
          error: each.lastError,
        })),
      ),
    );
  }
  byId("tables").replaceChildren(...found);
}

/** A cell is a text, or a text and the class that colours it; an error takes a row of its own below. */
function table(title, head, rows) {
  const box = make("div"), grid = make("table"), top = make("tr");
  top.append(...head.map((each) => make("th", each)));
  grid.append(top);
  for (const { cells, error } of rows) {
    const row = make("tr");
    row.append(...cells.map((cell) => Array.isArray(cell) ? make("td", cell[0], cell[1]) : make("td", cell)));
    grid.append(row);
    if (error === undefined) continue;
    const told = make("td", error, "text trouble");
    told.colSpan = head.length;
    const below = make("tr");
    below.append(told);
    grid.append(below);
  }
  box.append(make("h2", title), grid);
  return box;
}

async function ask(path) {
  const response = await fetch(path, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  if (response.status === 401) byId("login").hidden = false;
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

async function look() {
  const [status, metrics] = await Promise.all([ask("/v1/status"), ask("/metrics")]);
  show({ status: await status.json(), samples: parse(await metrics.text()), at: performance.now() });
  byId("login").hidden = true;
}

async function watch() {
  const trouble = byId("trouble");
  while (true) {
    let wait = EVERY_MS;
    try {
      if (!document.hidden) await look();
      trouble.hidden = true;
    } catch (error) {
      trouble.textContent = `Not up to date: ${error.message}`;
      trouble.hidden = false;
      byId("state").className = "pill";
      wait = LATER_MS;
    }
    await new Promise((resolve) => {
      again = resolve;
      setTimeout(resolve, wait);
    });
  }
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value;
  again();
});
watch();
