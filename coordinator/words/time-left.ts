import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { holderOf, lastAttempt, type Trial } from "../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import { duration } from "./duration.ts";
import { Lengths } from "./run-lengths.ts";

/**
 * How long a job still takes: its remaining runs are played through on the slots that it has now, with lengths drawn
 * from those of its newest runs. So the time before the first assignment, pauses, and hours without a worker do not
 * count, a worker that joins or leaves shows at once, and the last runs may take longer than the others.
 */
export interface TimeLeft {
  /** Milliseconds; the same as `high` once enough runs have ended. */
  readonly low: number;
  readonly high: number;
}

/** Only this many of the newest ended runs count: a search drifts to where runs are longer, or shorter. */
const recentEnds = 48;
/** If runs are pruned, their share changes as the search goes on: what happened this many ends ago counts 1 / e. */
const fadingEnds = 16;
/** Ended runs are looked for among this many of the newest trials. */
const mostLookedAt = 512;
/** This many ended runs make one estimate; fewer make a range. */
const enoughEnds = 10;
/** A worker may be without a run for this long between two runs. */
const betweenRunsMs = 3000;
/** How far back concurrent runs are counted, if runs are short. */
const paceMs = 20_000;
/** A run that was lost had done about this much of its work. */
const lostPart = 0.5;
/** How many standard errors the range spans, and the least spread assumed, since two or three runs do not show it. */
const errors = 1.6;
const leastSpread = 0.35;
/**
 * Prior for a worker's speed: this many runs at the average speed count beside its own, far fewer if its speed differs
 * from that by more than the factor `plainly`.
 */
const usualRuns = 2;
const fewRuns = 0.3;
const plainly = 2.2;
/** Most runs that are played through, over all plays and in one, and most plays. */
const mostDrawn = 4000;
const mostPlayed = 1000;
const mostPlays = 12;

/** A run on a worker: when its newest stay began, and when it ended; undefined: it runs. */
interface Stretch {
  readonly worker: WorkerId;
  readonly from: number;
  readonly to: number | undefined;
  /** Earlier stays that were lost. */
  readonly lost: number;
  /** How much of a whole run it did: less than 1 if it was pruned. */
  readonly part: number;
}

/**
 * Undefined if nothing says how long it takes: no run has ended, none runs, or somebody must do something first.
 *
 * @param now  wall clock, milliseconds
 */
export function timeLeft(table: RunTable, now: number): TimeLeft | undefined {
  if (table.isOver || table.state === "paused") return undefined;
  const ended = newestEnds(table);
  if (ended.length === 0) return undefined;
  const running = runningNow(table, now);
  const open = running.length + table.paused.size;
  const { totalRuns } = table.submitted.settings;
  const unstarted = table.state === "searching" ? Math.max(0, totalRuns - table.ended - open) : table.waiting.size;
  if (unstarted + running.length === 0) return undefined;
  const slowness = slownessOf(ended, running, now);
  const lengths = new Lengths(
    [...ended, ...running].map((one) => {
      const slow = slowness.get(one.worker) ?? 1;
      const length = (one.to === undefined ? now - one.from : lengthOf(one)) / slow;
      return { length, hasEnded: one.to !== undefined, part: one.part, from: one.from, slowness: slow };
    }),
    weightsOf(ended, now),
  );
  const slots = runsAtOnce(ended, running, lengths.mean, now);
  if (slots === 0) return undefined;
  const expected = played({ ended, running, lengths, slowness, slots, unstarted, now });
  if (ended.length >= enoughEnds) return { low: expected, high: expected };
  const off = Math.min(0.6, (errors * Math.max(leastSpread, lengths.spread)) / Math.sqrt(ended.length));
  return { low: expected * (1 - off), high: expected * (1 + off) };
}

/** How long an estimate may be shown, in milliseconds: 1 to 10 s, a part of it that its text is too coarse to show. */
export const timeLeftHoldsMs = (left: TimeLeft | undefined): number =>
  Math.max(1000, Math.min(10_000, (left?.low ?? 0) / 300));

/** `7h05m`, or `3-8m` as long as few runs have ended. */
export function timeLeftText({ low, high }: TimeLeft): string {
  if (low === high) return duration(low);
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "m"],
    [1000, "s"],
  ] as const;
  const [unit, word] = units.find(([ms]) => high >= 2 * ms) ?? units[3];
  const [least, most] = [Math.floor(low / unit), Math.ceil(high / unit)];
  return least === most ? `${most}${word}` : `${least}-${most}${word}`;
}

const lengthOf = ({ from, to = from }: Stretch): number => Math.max(1, to - from);

/** The newest first. A cancelled run says nothing about how long runs take. */
function newestEnds(table: RunTable): Stretch[] {
  const { trials } = table;
  const found: Trial[] = [];
  for (let n = trials.length; n >= 1 && n > trials.length - mostLookedAt - table.open; n -= 1) {
    const trial = trials.glance(n);
    if (trial && trial.endedAt > 0 && trial.status !== "cancelled") found.push(trial);
  }
  const newest = found.sort((a, b) => b.endedAt - a.endedAt).slice(0, recentEnds);
  const whole = newest.reduce((most, { status, iters }) => (status === "completed" ? Math.max(most, iters) : most), 0);
  return newest.map((trial): Stretch => {
    const { worker, at } = lastAttempt(trial);
    const isPart = trial.status === "pruned" && trial.iters > 0 && trial.iters < whole;
    const part = isPart ? trial.iters / whole : 1;
    return { worker, from: at, to: trial.endedAt, lost: trial.attempts.length - 1, part };
  });
}

function runningNow(table: RunTable, now: number): Stretch[] {
  const found: Stretch[] = [];
  for (const trial of table.trials.glanceOpen()) {
    const held = trial.order === "paused" ? undefined : holderOf(trial);
    if (held) found.push({ worker: held.worker, from: Math.min(held.at, now), to: undefined, lost: 0, part: 1 });
  }
  return found;
}

/** The weight of what happened at a time: 0 before the ended runs that count; if runs are pruned, newer counts more. */
function weightsOf(ended: readonly Stretch[], now: number): (time: number) => number {
  const oldest = ended.at(-1)?.to ?? 0;
  const isWhole = ended.length < recentEnds;
  const isPruned = ended.some(({ part }) => part < 1);
  // This machine's clock may be behind the leader's: a time in its future counts as now.
  const fadesIn = isPruned ? (fadingEnds * Math.max(1, now - oldest)) / ended.length : Infinity;
  return (time) => (isWhole || time >= oldest ? Math.exp(Math.min(0, time - now) / fadesIn) : 0);
}

/** How many runs there are at once. Of short runs, the mean over some seconds, which includes the time between them. */
function runsAtOnce(ended: readonly Stretch[], running: readonly Stretch[], mean: number, now: number): number {
  const all = [...ended, ...running];
  const before = now - betweenRunsMs;
  const then = all.filter(({ from, to = now }) => from <= before && to > before).length;
  const atLeast = Math.max(running.length, then);
  if (mean > 2 * betweenRunsMs || ended.length < 3) return atLeast;
  // Only as far back as all runs are known.
  const since = Math.max(now - paceMs, ended.length < recentEnds ? 0 : (ended.at(-1)?.to ?? 0));
  const parts = all
    .map(({ from, to = now }) => ({ from: Math.max(from, since), to: Math.min(to, now) }))
    .filter(({ from, to }) => to >= from)
    .sort((a, b) => a.from - b.from);
  let busy = 0;
  let active = 0;
  let upTo = parts[0]?.from ?? now;
  for (const { from, to } of parts) {
    busy += to - from;
    if (from > upTo && from - upTo <= betweenRunsMs) active += from - upTo;
    active += Math.max(0, to - Math.max(upTo, from));
    upTo = Math.max(upTo, to);
  }
  if (now - upTo > betweenRunsMs) return 0;
  return active > 0 ? busy / active : atLeast;
}

interface Play {
  readonly ended: readonly Stretch[];
  readonly running: readonly Stretch[];
  readonly lengths: Lengths;
  readonly slowness: ReadonlyMap<WorkerId, number>;
  readonly slots: number;
  readonly unstarted: number;
  readonly now: number;
}

/** Milliseconds until the last run ends, on average over some plays. The same runs give the same answer. */
function played({ ended, running, lengths, slowness: of, slots, unstarted, now }: Play): number {
  const busy = running.map(({ worker, from }) => ({ slowness: of.get(worker) ?? 1, age: now - from }));
  // Between two runs a slot is free; it takes the next run as any other would. Of a part of a slot, that is one.
  const free = Math.max(busy.length === 0 ? 1 : 0, Math.round(slots) - busy.length);
  const waste = 1 + (lostPart * ended.reduce((sum, { lost }) => sum + lost, 0)) / ended.length;
  const pace = (Math.max(slots, busy.length + free) / slots) * waste;
  // If there are very many runs, most are taken to last the mean time.
  const skipped = Math.max(0, unstarted - mostPlayed);
  const rate = busy.reduce((sum, { slowness }) => sum + 1 / slowness, free);
  const before = (skipped * lengths.mean * pace) / rate;
  const each = unstarted - skipped;
  const plays = Math.max(2, Math.min(mostPlays, Math.ceil(mostDrawn / (each + busy.length + 1))));
  const rng = rngFrom("time left");
  let sum = 0;
  for (let play = 0; play < plays; play += 1) {
    const slotsFree = busy.map(({ slowness, age }) => ({
      slowness,
      at: slowness * (lengths.draw(rng.uniform(), age / slowness) - age / slowness),
    }));
    for (let i = 0; i < free; i += 1) slotsFree.push({ slowness: 1, at: 0 });
    sum += lastEnd(slotsFree, each, lengths, pace, rng);
  }
  return before + sum / plays;
}

/** How many times as long as the average each worker takes. */
function slownessOf(
  ended: readonly Stretch[],
  running: readonly Stretch[],
  now: number,
): ReadonlyMap<WorkerId, number> {
  const total = (of: (one: Stretch) => number): number => ended.reduce((sum, one) => sum + of(one), 0);
  // A pruned run was short because it was pruned, not because of its worker, so it counts only by its part.
  const mean = total(lengthOf) / total(({ part }) => part);
  const seen = new Map<WorkerId, { runs: number; time: number }>();
  const count = (worker: WorkerId, part: number, time: number): void => {
    const one = seen.get(worker) ?? { runs: 0, time: 0 };
    seen.set(worker, { runs: one.runs + part, time: one.time + time });
  };
  for (const each of ended) count(each.worker, each.part, lengthOf(each));
  // A running run counts once it has taken longer than usual.
  for (const { worker, from } of running) if (now - from > mean) count(worker, 1, now - from);
  return new Map(
    [...seen].map(([worker, { runs, time }]) => {
      const own = time / (runs * mean);
      const usual = own > plainly || own < 1 / plainly ? fewRuns : usualRuns;
      return [worker, (time + usual * mean) / ((runs + usual) * mean)];
    }),
  );
}

/** Each run begins on the slot that is free first: the slots are a heap by that time. */
function lastEnd(
  slots: { readonly slowness: number; at: number }[],
  unstarted: number,
  lengths: Lengths,
  pace: number,
  rng: Rng,
): number {
  const heap = slots.sort((a, b) => a.at - b.at);
  let last = heap.at(-1)?.at ?? 0;
  for (let i = 0; i < unstarted; i += 1) {
    const [first] = heap;
    if (!first) return last;
    first.at += first.slowness * pace * lengths.draw(rng.uniform(), 0);
    last = Math.max(last, first.at);
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const least = (heap[left + 1]?.at ?? Number.POSITIVE_INFINITY) < (heap[left]?.at ?? 0) ? left + 1 : left;
      const child = heap[least];
      if (!child || child.at >= first.at) break;
      heap[at] = child;
      heap[least] = first;
      at = least;
    }
  }
  return last;
}
