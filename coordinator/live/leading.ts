import { type Lead, leaderOf, leadOf } from "../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Standing } from "../../shared/domain/model/standings.ts";

/** The share of the time that finding the leader may take. */
const share = 0.02;
/** How long a lead is counted on from run to run before it is recounted. */
const recountMs = 30_000;

interface Counted {
  readonly table: RunTable;
  readonly completed: number;
  /** Verdicts on its results, each of which may change everything. */
  readonly verdicts: number;
}

/**
 * Which configuration leads, and for how long. Finding either takes a pass over a job's runs, more than a frame may cost, so
 * both are kept as long as possible. Clocks are the caller's, in milliseconds.
 */
export class Leading {
  #leader: (Counted & { readonly standing: Standing | null }) | undefined;
  #nextAt = Number.NEGATIVE_INFINITY;
  readonly #clock: () => number;
  #lead: (Counted & { readonly lead: Lead; readonly at: number }) | undefined;

  /** @param clock  tells how long finding the leader takes, in milliseconds */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** The first of the standings; found again when more runs have completed, but not so often that a view freezes. */
  leader(table: RunTable, now: number): Standing | null {
    const { verdicts } = table;
    const { completed } = table.runSets.totals;
    const known = this.#leader;
    if (known?.table === table && known.verdicts === verdicts && (known.completed === completed || now < this.#nextAt))
      return known.standing;
    const began = this.#clock();
    const standing = leaderOf(table);
    this.#nextAt = now + (this.#clock() - began) / share;
    this.#leader = { table, completed, verdicts, standing };
    return standing;
  }

  /** How long the leader has led. Recounted when the leader changes, and now and then: a lead may be lost for a few runs. */
  lead(table: RunTable, now: number): Lead | null {
    const key = this.leader(table, now)?.runSet.key;
    if (key === undefined) return null;
    const { verdicts } = table;
    const { completed } = table.runSets.totals;
    const known = this.#lead;
    if (known?.table === table && known.verdicts === verdicts && known.lead.key === key && now - known.at < recountMs) {
      return { key, runs: known.lead.runs + completed - known.completed };
    }
    const lead = leadOf(table);
    if (lead) this.#lead = { table, lead, completed, verdicts, at: now };
    return lead?.key === key ? lead : null;
  }
}
