import { recallCurves } from "../../../../../coordinator/leader/pruning/recall-curves.ts";
import type { EndedWithout } from "../../../../../shared/domain/fold/events.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import type { PrunerName } from "../../../../../shared/domain/pruning/pruner-names.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import type { Bus, StoredMessage } from "../../../../../shared/ports.ts";
import type { ReportRow } from "../../../../../shared/wire/messages.ts";
import { newKey } from "../../../../../shared/wire/sealed-chunks.ts";
import { alice, Story } from "../../../../support/stories/control-story.ts";

export const reports = 10;

/** What workers say about runs whose every report is one value, larger or smaller with the run. */
export class Curves extends Story {
  rows(value: number, from: number, to: number, stage = 1): ReportRow[] {
    return Array.from({ length: to - from }, (_, i) => [stage, from + i + 1, 0, [value + 0.01 * (from + i)], [1]]);
  }

  report(n: number, value: number, from: number, to: number, worker = alice, attempt = 1, stage = 1): void {
    this.hear(
      this.test.said(worker, this.job, n, "report", {
        attempt,
        claim: "",
        lines: "",
        reports: this.rows(value, from, to, stage),
      }),
    );
  }

  end(n: number, value: number, from = 0, worker = alice, attempt = 1, stage = 1): void {
    const all = this.rows(value, 0, reports).map(([, , , [first = 0]]) => first);
    const hpmax = all.reduce((sum, each) => sum + each, 0) / reports;
    this.hear(
      this.test.said(worker, this.job, n, "result", {
        ...{ attempt, claim: "", lines: "", reports: this.rows(value, from, reports, stage) },
        ...{ hpmax, iters: reports, metrics: { "s1-val": value }, titles: {}, console: "", files: null },
      }),
    );
  }

  /** Reports that come with a checkpoint at the last of them. */
  save(n: number, value: number, to: number, worker = alice, attempt = 1, from = 0): void {
    const state = { stage: 1, iters: to, blob: `s${n}`, key: newKey(), size: 9, sha256: "0".repeat(64), chunks: 1 };
    const body = { attempt, claim: "", lines: "", reports: this.rows(value, from, to), state };
    this.hear(this.test.said(worker, this.job, n, "checkpoint", body));
  }

  readonly #stored: StoredMessage[] = [];

  override hear(message: StoredMessage): void {
    this.#stored.push(message);
    super.hear(message);
  }

  /** EV, as the next leader reads it again. */
  readonly ev: Pick<Bus, "read"> = {
    read: async (_stream, from, handler) => {
      for (const message of this.#stored) if (message.seq >= from) handler(message);
      return { caughtUp: Promise.resolve(), stop: async () => undefined };
    },
  };

  /** Runs of all values complete. */
  async learned(): Promise<void> {
    for (const value of [1, 2, 3, 4, 5, 6]) {
      const n = Number(await this.claim());
      this.report(n, value, 0, 4);
      this.end(n, value, 4);
    }
  }

  /** The next leader, which has read the curves again. */
  async heir(): Promise<Curves> {
    const next = new Curves({}, restoreSnapshot(structuredClone(takeSnapshot(this.test.reign.state))), this.job);
    next.test.reign.evidence.judgedUpTo(this.test.reign.evidence.judged);
    await recallCurves(next.test.reign, this.ev);
    return next;
  }

  get pruned(): EndedWithout[] {
    return this.test.events.filter(
      (event): event is EndedWithout => event.type === "ended" && event.outcome === "pruned",
    );
  }
}

export const searching = (pruning: PrunerName, more: Partial<JobSettings> = {}): Curves =>
  new Curves({ pruning, hpTuning: "random", totalRuns: 20, ...more });
