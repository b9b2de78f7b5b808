import { leaderOf } from "../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Standing } from "../../shared/domain/model/standings.ts";
import type { Steps } from "../../shared/domain/steps.ts";
import { type TimeLeft, timeLeft, timeLeftHoldsMs } from "../words/time-left.ts";
import type { Why } from "../words/why/why.ts";
import type { LiveSearch } from "./live-search.ts";
import { slotsAllowed } from "./slots-allowed.ts";

/** The standing of one of the workspace's jobs. */
export interface JobLook {
  readonly why: Why;
  /** Slots that the job's runs have now ... */
  readonly slots: number;
  /** ... and those that it could have; undefined while nobody leads, and once it is over. */
  readonly slotsAllowed: number | undefined;
  /** Also undefined before the first look. */
  readonly left: TimeLeft | undefined;
  /** Null before any run has completed; undefined: not looked for yet, since that takes long. */
  readonly best: Standing | null | undefined;
}

/** How long a look holds. */
const lookMs = 1000;
/** A stale best or time left is computed again only after this many times as long as computing it took. */
const patience = 50;

interface Best {
  /** Of the model. */
  readonly version: number;
  readonly standing: Standing | null;
  /** When it may be computed again. */
  readonly again: number;
}

interface Left {
  timeLeft: TimeLeft | undefined;
  again: number;
}

/**
 * The standing of a workspace's jobs, for a list: computed only for the jobs shown, and no more often than a person can read.
 * Times are the search's `now`, in milliseconds.
 */
export class JobLooks {
  readonly #search: LiveSearch;
  readonly #clock: () => number;
  readonly #looks = new WeakMap<RunTable, { readonly at: number; readonly look: Omit<JobLook, "best" | "left"> }>();
  readonly #bests = new WeakMap<RunTable, Best>();
  readonly #lefts = new WeakMap<RunTable, Left>();

  /** @param clock  tells how long finding the best takes, in milliseconds */
  constructor(search: LiveSearch, clock: () => number = () => performance.now()) {
    this.#search = search;
    this.#clock = clock;
  }

  of(table: RunTable): JobLook {
    return { ...this.#lookAt(table), best: this.bestOf(table), left: this.#leftOf(table) };
  }

  #lookAt(table: RunTable): Omit<JobLook, "best" | "left"> {
    const { now, state } = this.#search;
    const known = this.#looks.get(table);
    if (known && now >= known.at && now - known.at < lookMs) return known.look;
    const status = table.isOver || this.#search.isLeaderSilent ? null : this.#search.status;
    const look = {
      why: this.#search.whyJob(table),
      slots: table.running * table.submitted.settings.coresPerRun,
      slotsAllowed: status ? slotsAllowed(table, state, status) : undefined,
    };
    this.#looks.set(table, { at: now, look });
    return look;
  }

  #leftOf(table: RunTable): TimeLeft | undefined {
    const { now, sideWork } = this.#search;
    if (table === this.#search.table) return this.#search.timeLeft;
    if (table.isOver) return undefined;
    const known = this.#lefts.get(table) ?? { timeLeft: undefined, again: now };
    this.#lefts.set(table, known);
    if (now >= known.again) sideWork.ask(known, () => this.#findLeft(table, known, now));
    return known.timeLeft;
  }

  // biome-ignore lint/correctness/useYield: one step.
  *#findLeft(table: RunTable, known: Left, now: number): Steps {
    const began = this.#clock();
    known.timeLeft = timeLeft(table, this.#search.wall);
    known.again = now + Math.max(timeLeftHoldsMs(known.timeLeft), patience * (this.#clock() - began));
  }

  /** The first of a job's standings, as last computed. */
  bestOf(table: RunTable): Standing | null | undefined {
    const { now } = this.#search;
    if (table === this.#search.table) return this.#search.leader;
    if (table.runSets.totals.completed === 0) return null;
    const known = this.#bests.get(table);
    if (known && (known.version === table.model.version || now < known.again)) return known.standing;
    // A workspace may have hundreds of jobs, and the best of each takes a model.
    this.#search.sideWork.ask(table, () => this.#findBest(table, now));
    return this.#bests.get(table)?.standing;
  }

  // biome-ignore lint/correctness/useYield: one step.
  *#findBest(table: RunTable, now: number): Steps {
    const { version } = table.model;
    const began = this.#clock();
    const standing = leaderOf(table);
    // The models of hundreds of jobs are large, and nobody looks at them.
    table.model.forget();
    this.#bests.set(table, { version, standing, again: now + patience * (this.#clock() - began) });
  }
}
