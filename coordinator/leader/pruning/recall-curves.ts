import type { CurvePoint } from "../../../shared/domain/curve.ts";
import { isResultOf } from "../../../shared/domain/fold/rejection.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import {
  distrustOf,
  isFurther,
  isNewestStay,
  isOpen,
  type Trial,
  whyUnheard,
} from "../../../shared/domain/fold/trial.ts";
import { checkpointOf } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { JobPruner } from "../../../shared/domain/pruning/job-pruner.ts";
import type { Bus, StoredMessage } from "../../../shared/ports.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { decodeEvidence } from "../../../shared/wire/messages.ts";
import { evidenceOfJob, parseEvidence, streams } from "../../../shared/wire/subjects.ts";
import type { Reign } from "../reign/reign.ts";
import { keepCurve, prunerOf } from "./pruning.ts";

/** Messages of EV, of all jobs, that a new leader looks back: read in a fraction of a second. */
const lookBack = 20_000;
const patienceMs = 5000;
/** Reports of earlier holders, of all runs, that are kept until the runs' own reports come. */
const mostEarlier = 100_000;

/**
 * Reads the latest curves again, which the previous leader knew: those of the runs in progress, and of completed ones to compare
 * them with. No run is pruned meanwhile. Without these curves pruning would have to start over.
 */
export async function recallCurves(reign: Reign, bus: Pick<Bus, "read">): Promise<void> {
  const tables = [...reign.state.jobs.values()].filter((table) => prunerOf(reign, table) && table.trials.length > 0);
  const judged = reign.evidence.judged;
  if (tables.length === 0 || judged === 0) return;
  const subjects = tables.map(({ job }) => evidenceOfJob(job));
  const recall = new Recall(reign);
  const reading = await bus.read(
    streams.evidence,
    Math.max(1, judged - lookBack),
    (message) => {
      if (message.seq <= judged) recall.hear(message);
    },
    subjects,
  );
  try {
    await Promise.race([reading.caughtUp, reign.ports.clock.pause(patienceMs)]);
  } finally {
    await reading.stop();
  }
  for (const table of tables) {
    recall.end(table);
    const pruner = prunerOf(reign, table);
    pruner?.judged(table.rejected);
    pruner?.keep(
      (n) => table.trials.glance(n)?.status === "running" || checkpointOf(reign.state, table.job, n) !== null,
    );
  }
}

/**
 * Tells a run's own reports from those of earlier holders. Of these it continues, from a checkpoint, what lies before its own first
 * report. Whatever else an earlier holder sent came late.
 */
class Recall {
  readonly #reign: Reign;
  /** What earlier holders reported, message by message, of runs whose own reports have not come; null: they have. */
  readonly #earlier = new Map<string, (readonly CurvePoint[])[] | null>();
  #held = 0;

  constructor(reign: Reign) {
    this.#reign = reign;
  }

  hear({ subject, data }: StoredMessage): void {
    const address = parseEvidence(subject);
    const table = address && this.#reign.state.jobs.get(address.job);
    const trial = address && table?.trials.glance(address.n);
    const pruner = table && prunerOf(this.#reign, table);
    if (!address || !trial || !pruner) return;
    const { worker } = address;
    try {
      const told = decodeEvidence(address, data);
      if (told.kind === "released" || whyUnheard(trial, { ...told, worker }) !== undefined) return;
      const isEnd = told.kind === "result" || told.kind === "failed";
      // A rejected one is known too: it may be accepted again. Others came late, or without a number.
      const isItsResult = told.kind === "result" && isResultOf(trial, worker, told.hpmax);
      const distrust = distrustOf(trial, told.attempt);
      if (isEnd && distrust === "sent away" && !isItsResult) return;
      const name = nameOf(table, trial.n);
      // A run that has ended is compared by what its own worker reported in its newest stay.
      const isNewest = isNewestStay(trial, told.attempt);
      const isOfEnded = trial.resultBy === null ? isNewest : trial.resultBy === worker;
      const isOwn = isOpen(trial) ? isNewest && distrust === "" : isOfEnded;
      if (!isOwn) {
        this.#hold(name, told.reports.filter(continued(trial, worker, told.attempt)));
        return;
      }
      const [first] = told.reports;
      if (first) passAgain(pruner, trial.n, [...this.#before(name, first), told.reports]);
      if (isItsResult) keepCurve(this.#reign, table, trial.n, told.hpmax);
    } catch (error) {
      // The message was set aside when it was judged.
      if (!(error instanceof BadMessage)) throw error;
    }
  }

  /** All has been read: runs whose holders have not reported yet are known by what they continue. */
  end(table: RunTable): void {
    const pruner = prunerOf(this.#reign, table);
    for (const { n } of table.trials.glanceOpen()) {
      if (pruner) passAgain(pruner, n, this.#earlier.get(nameOf(table, n)) ?? []);
    }
  }

  #hold(name: string, reports: readonly CurvePoint[]): void {
    const earlier = this.#earlier.get(name);
    if (earlier === null || reports.length === 0 || this.#held + reports.length > mostEarlier) return;
    this.#held += reports.length;
    // A pruner looks at the first metric only.
    const rows = reports.map(([stage, iters, hours, [value = Number.NaN], [count = 0]]): CurvePoint => {
      return [stage, iters, hours, [value], [count]];
    });
    if (earlier) earlier.push(rows);
    else this.#earlier.set(name, [rows]);
  }

  /** What an own report continues: nothing, unless it is the run's first. */
  #before(name: string, [stage, iters]: CurvePoint): CurvePoint[][] {
    const earlier = this.#earlier.get(name) ?? [];
    this.#earlier.set(name, null);
    for (const rows of earlier) this.#held -= rows.length;
    return earlier.map((rows) => rows.filter((row) => isFurther({ stage, iters }, { stage: row[0], iters: row[1] })));
  }
}

/** Its rungs are passed again, message by message, and remembered; a run in progress is judged again at its next report. */
function passAgain(pruner: JobPruner, n: number, messages: readonly (readonly CurvePoint[])[]): void {
  for (const reports of messages) {
    if (reports.length === 0) continue;
    pruner.report(n, reports);
    pruner.judge(n);
  }
}

const nameOf = ({ job }: RunTable, n: number): string => `${job} ${n}`;

/** Which reports of an earlier holder a run may continue. Those of one that was sent away count only in its own checkpoint. */
function continued(trial: Trial, worker: WorkerId, attempt: number): (row: CurvePoint) => boolean {
  const isHeard = distrustOf(trial, attempt) !== "sent away";
  const { checkpoint } = trial;
  if (!isOpen(trial)) return () => isHeard && trial.resultBy === null;
  return ([stage, iters]) =>
    checkpoint !== null && (isHeard || checkpoint.worker === worker) && !isFurther({ stage, iters }, checkpoint);
}
