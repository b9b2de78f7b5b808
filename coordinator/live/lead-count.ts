import { type Lead, leadOf } from "../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";

/** So long a count goes on by itself. */
const recountMs = 30_000;

/**
 * How long the first of the standings has led. To count it anew is a pass over all runs, more than a frame may cost: so it is done
 * when another one leads, and now and then, for the lead may have been lost for a few runs; in between each run counts.
 */
export class LeadCount {
  #counted:
    | { readonly table: RunTable; readonly lead: Lead; readonly completed: number; readonly at: number }
    | undefined;

  /** @param leader  `configurationKey` of the first of the standings */
  of(table: RunTable, leader: string, now: number): Lead | null {
    const { completed } = table.runSets.totals;
    const known = this.#counted;
    if (known?.table === table && known.lead.key === leader && now - known.at < recountMs) {
      return { key: leader, runs: known.lead.runs + completed - known.completed };
    }
    const lead = leadOf(table);
    if (lead) this.#counted = { table, lead, completed, at: now };
    return lead?.key === leader ? lead : null;
  }
}
