import { type Lead, leaderOf, leadOf } from "../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Standing } from "../../shared/domain/model/standings.ts";
import type { Findings } from "./findings.ts";
import { Lately } from "./lately.ts";
import type { SideWork } from "./side-work.ts";

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
  readonly #leader: Lately<RunTable, Standing | null>;
  #lead: (Counted & { readonly lead: Lead; readonly at: number }) | undefined;

  /** @param clock  tells how long finding the leader takes, in milliseconds */
  constructor(work: SideWork, clock?: () => number) {
    this.#leader = new Lately(work, {
      make: leaderOf,
      versionOf: ({ model }) => model.version,
      ...(clock ? { clock } : {}),
    });
  }

  /** The first of the standings; found again when the model of the search has changed. */
  leader(table: RunTable, now: number): Standing | null {
    return this.#leader.of(table, now);
  }

  /**
   * How long the leader has led. Recounted when the leader changes, and now and then: a lead may be lost for a few runs.
   *
   * @param findings  of a desk that finds this out beside the view, so that nothing is counted here. Null: none yet
   */
  lead(table: RunTable, now: number, findings?: Findings | null): Lead | null {
    const key = this.leader(table, now)?.runSet.key;
    if (key === undefined || findings === null) return null;
    if (findings) {
      const since = Math.max(0, table.runSets.totals.completed - findings.counted);
      // Otherwise another took the lead after the findings were made.
      return { key, runs: key === findings.leader ? findings.verdict.bestFor + since : Math.max(1, since) };
    }
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
