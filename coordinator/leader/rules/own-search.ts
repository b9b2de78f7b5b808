import { activeIn } from "../../../shared/domain/conditions/activity.ts";
import { type JournalEvent, ownDecision } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { searchView, whyOnce } from "../../../shared/domain/fold/search-view.ts";
import { isOpen, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { Configuration, Hyperparameter, Setting } from "../../../shared/domain/hyperparameter.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { markFor } from "../../../shared/domain/ranges/mark-for.ts";
import { lastStageOf } from "../../../shared/domain/runspec/carried-spec.ts";
import type { OwnSearchEars, OwnSearchJob, ToldRun } from "../../../shared/domain/search/own-search.ts";
import { atRandom } from "../../../shared/domain/search/random.ts";
import type { Choice } from "../../../shared/domain/search/search.ts";
import { canonical } from "../../../shared/domain/search/space.ts";
import { choiceRng } from "../../../shared/domain/seeds.ts";
import type { ReportRow } from "../../../shared/wire/messages.ts";
import { OwnQueue } from "../reign/own-queue.ts";
import type { Reign } from "../reign/reign.ts";
import { pauseWords } from "./pause-words.ts";

/**
 * Searches of users (`hp_tuning: own`). The leader asks ahead and keeps the answers; a claim that finds none is answered `wait`,
 * and its worker is woken when an answer has come. The search is told of every run as it is recorded. It knows nothing that is
 * not in the journal, so a restarted program, or the next leader's, is told the history and continues; choices that no worker
 * took are lost.
 */

/** Excluded choices in a row after which one is drawn instead. */
const mostRefused = 20;
const excludedText = "this configuration failed too often, or may not be tried";

export const isOwn = (table: RunTable): boolean => table.submitted.settings.hpTuning === "own";

/** Whether the program of a job's search is wanted: it runs as long as runs may start or be pruned. */
const isWanted = ({ state }: RunTable): boolean =>
  state === "searching" || state === "draining" || state === "stopping";

/** Jobs whose search gave up since they were last searching. One that finishes its runs goes on without. */
const gaveUp = new WeakSet<RunTable>();

/** Starts the programs that are wanted, and asks for what is lacking. Called by the clock. */
export function lookAfterOwn(reign: Reign): void {
  for (const table of reign.state.jobs.values()) {
    if (!isOwn(table) || !isWanted(table)) continue;
    if (table.state === "searching") gaveUp.delete(table);
    else if (gaveUp.has(table)) continue;
    const queue = queueOf(reign, table);
    // A search that waits for a result, while no run is under way, would wait for ever.
    if (queue?.isResting && table.open === 0) queue.isResting = false;
    if (!queue) continue;
    endIfFinished(reign, table, queue);
    fill(table, queue);
  }
}

/** The choice for run `n`; undefined: there is none yet, and the worker is woken when there is. */
export function takeOwn(reign: Reign, table: RunTable, worker: WorkerId, n: number): Choice | undefined {
  const queue = queueOf(reign, table);
  if (!queue) return undefined;
  for (let choice = queue.ready.shift(); choice; choice = queue.ready.shift()) {
    const { ask, settings, why } = choice;
    const configuration = configurationFor(reign, table, settings);
    // Viewed anew: the configuration may have a mark that was just made for it.
    if (!searchView(table).isExcluded(configuration)) {
      queue.refused = 0;
      queue.missed.delete(worker);
      if (ask !== null) queue.askOf.set(n, ask);
      return { configuration, why };
    }
    queue.refused += 1;
    if (ask !== null) queue.search.refuse(ask, whyOnce(table) ?? excludedText);
  }
  if (queue.refused >= mostRefused) {
    queue.refused = 0;
    const because = `its own search chose ${mostRefused} excluded configurations in a row`;
    return atRandom(searchView(table), choiceRng(table.submitted.seed, n), because);
  }
  queue.missed.add(worker);
  fill(table, queue);
  return undefined;
}

/** The answer to a worker that finds no choice. */
export function whyNoChoice(reign: Reign, table: RunTable): string {
  const queue = reign.own.get(table.job);
  return queue
    ? `${table.job} waits for its own search, which ${queue.search.doing()}`
    : `${table.job} is ${table.state}`;
}

/** Tells the search of a job what a record changed. */
export function tellOwn(reign: Reign, event: JournalEvent, table: RunTable): void {
  if (!isOwn(table)) return;
  if (!isWanted(table)) {
    close(reign, table.job);
    return;
  }
  const queue = reign.own.get(table.job);
  if (!queue) return;
  switch (event.type) {
    case "assigned":
      if (event.attempt === 1) tellTrial(table, queue, event.n);
      break;
    case "completed":
    case "ended":
    case "reopened":
      queue.isResting = false;
      tellTrial(table, queue, event.n);
      // A failure may still be taken back.
      if (event.type === "completed" || (event.type === "ended" && event.outcome !== "failed"))
        queue.askOf.delete(event.n);
      break;
    case "results-judged":
      for (const n of event.trials) tellTrial(table, queue, n);
      break;
    case "job-state":
      // Whoever lets it search on has it asked again.
      if (event.state !== "searching") return;
      queue.finishedWhy = null;
      if (queue.isGone) close(reign, table.job);
      return;
    case "range-refined":
      // Often for a choice that is being taken: what follows from that comes with its assignment.
      queue.search.grown();
      return;
    case "job-edited":
      queue.finishedWhy = null;
      // Its program is started again, and hears of the new values first.
      if (queue.isGone || (event.changes.addValues ?? event.changes.addRanges)) close(reign, table.job);
      break;
    default:
      return;
  }
  if (!reign.own.has(table.job)) return;
  endIfFinished(reign, table, queue);
  fill(table, queue);
}

/** Stops a job whose search has nothing left to try, once all that it chose has begun. */
function endIfFinished(reign: Reign, { job, state }: RunTable, { finishedWhy: why, ready, asked }: OwnQueue): void {
  if (why === null || state !== "searching" || ready.length + asked.size > 0) return;
  const reason = `its own search has finished${why === "" ? "" : `: ${why}`}`;
  void reign.record({ type: "job-state", job, state: "stopping", reason, ...ownDecision });
}

/** Passes on what a run reports, if its search wants to know. */
export function reportToOwn(reign: Reign, table: RunTable, trial: Trial, reports: readonly ReportRow[]): void {
  const queue = reign.own.get(table.job);
  if (!queue?.search.wantsReports || !isOpen(trial)) return;
  const { sign, stage: last } = queue.metric;
  for (const [stage, iters, , [value = Number.NaN], [count = 0]] of reports) {
    if (stage === last && (count > 0 || Number.isFinite(value))) queue.search.report(trial.n, iters, sign * value);
  }
}

/** Ends all programs: this reign is over. */
export function closeOwn(reign: Reign): void {
  for (const job of [...reign.own.keys()]) close(reign, job);
}

function close(reign: Reign, job: JobName): void {
  const queue = reign.own.get(job);
  reign.own.delete(job);
  queue?.search.close();
}

/** The queue of a job; undefined if its search cannot be started here: then the job is paused. */
function queueOf(reign: Reign, table: RunTable): OwnQueue | undefined {
  const known = reign.own.get(table.job);
  if (known) return known;
  const { settings, op } = table.submitted;
  const port = reign.ports.ownSearches;
  const elsewhere = "to go on where one is started";
  const whyNot = port
    ? port.whyNot(table.job, op)
    : { why: "this coordinator starts no searches of users", toGoOn: elsewhere };
  if (!port || whyNot !== null || !settings.search) {
    const { why, toGoOn } = whyNot ?? { why: "its spec names no search", toGoOn: elsewhere };
    pause(reign, table, why, toGoOn);
    return undefined;
  }
  const ears: OwnSearchEars = {
    chosen: (ask, settings, why) => {
      if (!queue.asked.delete(ask)) return;
      queue.ready.push({
        ask,
        settings,
        why: why === "" ? "chosen by its own search" : `its own search: ${why}`,
      });
      const [longest] = queue.missed;
      if (longest === undefined) return;
      queue.missed.delete(longest);
      reign.waiting.wakeFor(table);
    },
    later: (ask) => {
      queue.asked.delete(ask);
      queue.isResting = true;
    },
    finished: (ask, why) => {
      queue.asked.delete(ask);
      queue.finishedWhy ??= why;
      endIfFinished(reign, table, queue);
    },
    prune: (n, why) => prune(reign, table, n, why),
    restarted: () => {
      queue.forgetQuestions();
      fill(table, queue);
    },
    gaveUp: (why) => {
      if (queue.finishedWhy !== null) {
        // Nothing more was wanted of it; what it chose still runs.
        queue.isGone = true;
        queue.asked.clear();
        endIfFinished(reign, table, queue);
        return;
      }
      reign.own.delete(table.job);
      gaveUp.add(table);
      pause(reign, table, why, "when fixed");
    },
  };
  const heard: OwnSearchEars = {
    chosen: (...words) => isCurrent() && ears.chosen(...words),
    later: (...words) => isCurrent() && ears.later(...words),
    finished: (...words) => isCurrent() && ears.finished(...words),
    prune: (...words) => isCurrent() && ears.prune(...words),
    restarted: () => isCurrent() && ears.restarted(),
    gaveUp: (...words) => isCurrent() && ears.gaveUp(...words),
  };
  const isCurrent = (): boolean => reign.ports.leads() && reign.own.get(table.job) === queue;
  const queue = new OwnQueue(port.open(jobOf(table), heard), settings.search.ahead, metricOf(table));
  reign.own.set(table.job, queue);
  return queue;
}

/** The configuration of these settings, canonical. A number of a range that has no mark gets one, if the configuration uses it. */
function configurationFor(reign: Reign, table: RunTable, settings: readonly Setting[]): Configuration {
  const marked = table.submitted.hyperparameters.map((each, i): Setting => {
    const setting = settings[i] ?? null;
    return each.values.includes(setting) ? setting : (markFor(each, Number(setting)) ?? each.tuned);
  });
  const positions = (): number[] =>
    table.submitted.hyperparameters.map(({ values }, i) => values.indexOf(marked[i] ?? null));
  // A condition asks what a value is, not whether it has a mark.
  const isUsed = usedWith(table.submitted.hyperparameters, marked);
  const marks: Record<string, number[]> = {};
  for (const [i, { name, values, tuned }] of table.submitted.hyperparameters.entries()) {
    const mark = marked[i];
    if (typeof mark !== "number" || values.includes(mark)) continue;
    if (isUsed[i] === false) marked[i] = tuned;
    else marks[name] = [mark];
  }
  if (Object.keys(marks).length > 0) void reign.record({ type: "range-refined", job: table.job, marks });
  return canonical(table.submitted.hyperparameters, positions());
}

/** By hyperparameter, whether a run with these settings uses it; some of them may have no mark yet. */
function usedWith(hyperparameters: readonly Hyperparameter[], settings: readonly Setting[]): readonly boolean[] {
  const grown = hyperparameters.map((each, i): Hyperparameter => {
    const setting = settings[i] ?? null;
    return each.values.includes(setting) ? each : { ...each, values: [...each.values, setting] };
  });
  return activeIn(
    grown,
    grown.map(({ values }, i) => values.indexOf(settings[i] ?? null)),
  );
}

/** What the search hears of a job. The table is read when it asks. */
function jobOf(table: RunTable): OwnSearchJob {
  const { job, submitted, imported } = table;
  const { settings, code, seed } = submitted;
  if (!settings.search) throw new RangeError(`${job} has no search of its own`);
  return {
    job,
    settings: settings.search,
    code: code ?? null,
    seed,
    totalRuns: settings.totalRuns,
    get hyperparameters() {
      return table.submitted.hyperparameters;
    },
    where: settings.where,
    runs: () => imported.length + table.trials.length,
    *history() {
      for (const [i, trial] of imported.entries()) yield { ...told(trial, null), run: -1 - i };
      for (let n = 1; n <= table.trials.length; n += 1) {
        const trial = table.trials.glance(n);
        if (trial) yield told(trial, null);
      }
    },
    *excluded() {
      for (const { configuration } of table.runSets) if (table.runSets.isExcluded(configuration)) yield configuration;
    },
  };
}

const told = ({ n, run, configuration, status, hpmax, reason }: Trial, ask: number | null): ToldRun => ({
  run: n,
  name: run,
  ask,
  configuration,
  state: status === "waiting" ? "running" : status,
  value: status === "completed" ? hpmax : null,
  reason: status === "waiting" || status === "running" ? "" : reason,
});

function tellTrial(table: RunTable, { search, askOf }: OwnQueue, n: number): void {
  const trial = table.trials.glance(n);
  if (!trial) return;
  search.tell(told(trial, askOf.get(n) ?? null));
  if (trial.status === "failed" && table.runSets.isExcluded(trial.configuration)) search.exclude(trial.configuration);
}

function fill(table: RunTable, queue: OwnQueue): void {
  if (!table.hasRoom) return;
  const room = table.submitted.settings.totalRuns - table.ended - table.open;
  for (let left = queue.lacking(room); left > 0; left -= 1) {
    const n = table.trials.length + queue.ready.length + queue.asked.size + 1;
    queue.search.ask(queue.nextQuestion(), n);
  }
}

function prune(reign: Reign, table: RunTable, n: number, why: string): void {
  const trial = table.trial(n);
  // It may have ended while the search thought about it.
  if (!trial || !isOpen(trial)) return;
  const { attempt, worker } = lastAttempt(trial);
  const reason = `stopped by its own search${why === "" ? "" : `: ${why}`}`;
  const isHeld = trial.status === "running";
  const by = { outcome: "pruned", prunedBy: "search" } as const;
  void reign.record({ type: "ended", job: table.job, n, attempt, worker, ...by, reason, ev: 0 });
  if (isHeld) reign.tellToRenew(worker);
}

function pause(reign: Reign, table: RunTable, why: string, toGoOn: string): void {
  if (table.state !== "searching") return;
  const words = pauseWords(table.job, why, [], toGoOn);
  reign.ports.log.warn({ job: table.job }, `paused: ${words.reason}`);
  void reign.record({
    type: "job-state",
    job: table.job,
    state: "paused",
    ...words,
    cause: "own search",
    ...ownDecision,
  });
}

/** The stage whose reports count, and the sign that makes its values ones to be maximised, as hpmax is. */
const metricOf = ({ submitted, goal }: RunTable): OwnQueue["metric"] => ({
  sign: goal.isLow ? -1 : 1,
  stage: lastStageOf(submitted),
});
