import { availableParallelism } from "node:os";
import type { Log } from "../../shared/log.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import { mostSlots } from "../../shared/wire/limits.ts";
import type { CpuQuota } from "./cpu-quota.ts";
import type { Detector, Found, Now } from "./detectors/detector.ts";
import type { Lender } from "./lender.ts";
import type { MemoryQuota } from "./memory-quota.ts";
import { type Decided, decide, type Signs, undecided } from "./policy.ts";
import type { Pretence } from "./pretence.ts";
import { endOf } from "./quantities.ts";
import type { Rules } from "./rules.ts";
import type { RulesSource } from "./rules-source.ts";
import { rulesText } from "./said-rules.ts";

/** Half of the longest time from a keystroke to a free processor; looking this often costs 0.1% of a core. */
const lookMs = 250;
/** While the machine is in use, nothing has to stop at once: runs continue at most this long after the idle time. */
const usedMs = 500;
/** Without anything to look for, only worker.yaml may change. */
const restMs = 1000;
/** While it lends and no sign has changed, only the owner's hours can end it. */
const decideMs = 1000;

interface Watched {
  readonly detector: Detector;
  dueAt: number;
  found: Found;
}

export interface WatchPorts {
  readonly clock: Clock;
  readonly log: Pick<Log, "info" | "warn">;
  readonly lender: Lender;
  readonly source: Pick<RulesSource, "poll" | "path">;
  readonly detectors: (rules: Rules) => readonly Detector[];
  readonly memory: MemoryQuota;
  readonly cpu: CpuQuota;
  readonly pretence: Pretence | null;
  /** A line for the owner. */
  readonly tell: (text: string) => void;
}

/** Watches whether the owner lends, and tells the worker. Looks 4 times a second while he lends and a rule needs it. */
export class OwnerWatch {
  readonly #ports: WatchPorts;
  #rules: Rules;
  readonly #startedWall: number;
  #watched: Watched[] = [];
  #decided: Decided = undecided;
  #timer: Timer | undefined;
  #everyMs = 0;
  #isWatching = false;
  #fileDueAt = 0;
  #decideDueAt = 0;
  #isFinishing = false;

  constructor(ports: WatchPorts, rules: Rules) {
    this.#ports = ports;
    this.#rules = rules;
    this.#startedWall = ports.clock.wall();
  }

  /** The rules now: worker.yaml may have changed. */
  get rules(): Rules {
    return this.#rules;
  }

  /** The first look is taken before this returns, so that nothing is claimed while the owner is present. */
  start(): void {
    this.#apply(this.#rules);
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    for (const { detector } of this.#watched) detector.close();
    this.#watched = [];
  }

  #apply(rules: Rules): void {
    const { lender, detectors, tell } = this.#ports;
    this.#rules = rules;
    for (const { detector } of this.#watched) detector.close();
    this.#watched = detectors(rules).map((detector) => ({ detector, dueAt: 0, found: {} }));
    this.#decideDueAt = 0;
    lender.resize(slotsOf(rules));
    lender.finishAfter(rules.maxTrials ?? Number.POSITIVE_INFINITY, () =>
      tell(`it has executed as many runs as --max-trials allows (${rules.maxTrials}), and takes no more`),
    );
    this.#isWatching =
      this.#watched.length > 0 ||
      rules.hours.length > 0 ||
      rules.memory !== null ||
      rules.cpuShare !== null ||
      this.#ports.pretence !== null;
    this.#lookOften();
  }

  #lookOften(): void {
    const isUsed = this.#decided.lending.word !== "open" && this.#ports.pretence === null;
    const ms = !this.#isWatching ? restMs : isUsed ? usedMs : lookMs;
    if (ms === this.#everyMs) return;
    this.#everyMs = ms;
    this.#timer?.cancel();
    // The worker's own connections keep its process alive.
    this.#timer = this.#ports.clock.every(ms, () => this.#look()).unref();
  }

  #look(): void {
    const { clock } = this.#ports;
    const now = { wall: clock.wall(), monotonic: clock.monotonic() };
    if (now.monotonic >= this.#fileDueAt) {
      this.#fileDueAt = now.monotonic + restMs;
      this.#reread();
      this.#finishInTime(now);
      this.#ports.memory.look(this.#rules.memory, now.monotonic);
    }
    this.#ports.cpu.look(this.#rules.cpuShare, now.monotonic);
    const hasNews = this.#lookForSigns(now);
    const { pretence } = this.#ports;
    const isLent = this.#decided.lending.word === "open" && pretence === null;
    if (isLent && !hasNews && now.monotonic < this.#decideDueAt) return;
    this.#decideDueAt = now.monotonic + decideMs;
    this.#decide(now, this.#signs(now));
  }

  #reread(): void {
    const { source, tell, log } = this.#ports;
    const read = source.poll();
    if (!read) return;
    if ("problem" in read) {
      log.warn(read.problem);
      tell(read.problem);
      return;
    }
    this.#apply(read.rules);
    tell(`${source.path} has changed: ${rulesText(read.rules, this.#startedWall)}`);
  }

  #finishInTime({ wall }: Now): void {
    const { until } = this.#rules;
    if (until === null || this.#isFinishing || wall < endOf(until, this.#startedWall)) return;
    this.#isFinishing = true;
    const { lender, tell } = this.#ports;
    const runs = lender.running === 1 ? "1 run" : `${lender.running} runs`;
    tell(
      `its time is over (--until): ${lender.running === 0 ? "no run in hand" : `finishing ${runs}`}, taking no more`,
    );
    lender.finish();
  }

  /** Returns whether a detector knows something new. */
  #lookForSigns(now: Now): boolean {
    let hasNews = false;
    for (const watched of this.#watched) {
      // A timer may come a moment early.
      if (now.monotonic < watched.dueAt - lookMs / 4) continue;
      watched.dueAt = now.monotonic + watched.detector.everyMs;
      const found = watched.detector.look(now);
      hasNews ||= found !== watched.found;
      watched.found = found;
    }
    return hasNews;
  }

  #signs(now: Now): Signs {
    const found = this.#watched.map((watched) => watched.found);
    const pretendedMs = this.#ports.pretence?.look(now.monotonic, this.#ports.lender.running);
    const all: Found = Object.assign({}, ...found);
    const { use: _, ...gauges } = all;
    const uses = found.flatMap(({ use }) => (use ? [use] : []));
    return { ...gauges, uses, ...(pretendedMs === undefined ? {} : { pretendedMs }) };
  }

  #decide(now: Now, signs: Signs): void {
    const { lender, pretence, clock, log } = this.#ports;
    const before = this.#decided.lending;
    this.#decided = decide(this.#rules, signs, now, this.#decided);
    const { lending } = this.#decided;
    if (lending.word !== before.word || lending.why !== before.why) {
      log.info({ lending: lending.word, why: lending.why, signs }, "what the owner allows has changed");
      lender.lend(lending);
      this.#lookOften();
    }
    pretence?.told(clock.monotonic());
  }
}

/** Most runs at once: as many as the owner says, else one per core; never more than fit into --cpu-share. */
export function slotsOf(
  { slots, cpuShare }: Pick<Rules, "slots" | "cpuShare">,
  cores = availableParallelism(),
): number {
  const usual = slots ?? Math.min(cores, mostSlots);
  return cpuShare === null ? usual : Math.min(usual, Math.max(1, Math.ceil(cores * cpuShare)));
}
