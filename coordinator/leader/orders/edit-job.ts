import { piecedBundles } from "../../../shared/domain/code-bundle.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { JobChanges } from "../../../shared/domain/fold/events.ts";
import { changesText, editJob } from "../../../shared/domain/fold/job-changes.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import { readSpec, renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { limitProblem } from "../rules/checkpoint-limit.ts";
import { accepted, carriedOut, isAnswer, type Operator, refused, sizeProblem, tableOr } from "./order-answers.ts";

/**
 * Changes a job. Earlier choices stay as they were; the next one uses the changed job. One that has ended is opened again if the
 * change gives it more runs, by the same record: a leader that dies leaves nothing half done.
 */
export async function edit(reign: Reign, who: Operator, order: Extract<Order, { kind: "edit" }>): Promise<OrderAnswer> {
  const { job, changes } = order;
  const table = tableOr(reign, job);
  if (isAnswer(table)) return table;
  if (table.state === "cancelled" || table.state === "cancelling") {
    return refused(reign, `${job} is over (${table.state}), so it cannot be changed\n  ${withItsResults(job)}`);
  }
  const asked = changesText(changes, table.goal);
  if (asked.length === 0) return refused(reign, "nothing to change; to see what can be: nexus edit --help");
  const { submitted } = table;
  const edited = editJob(submitted, table.trials.length, changes);
  if (!edited.ok) return refused(reign, edited.problems.join("\n"));
  if (table.isOver && edited.settings.totalRuns <= table.ended) {
    const more = `nexus edit ${job} --total-runs ${table.ended + 1} (or more)`;
    const found = `${job} has ended after ${table.ended} of ${edited.settings.totalRuns} runs, so nothing would start`;
    return refused(reign, `${found}\n  to search on, give it more runs: ${more}\n  ${withItsResults(job)}`);
  }
  const at = reign.ports.clock.wall();
  const { settings, hyperparameters } = edited;
  const event = { type: "job-edited", job, changes, settings, hyperparameters, ...who, at } as const;
  const tooLarge = sizeProblem(event);
  const problem =
    deadlineProblem(changes, at, job) ??
    (changes.checkpointLimit === undefined ? undefined : limitProblem(reign, changes.checkpointLimit)) ??
    valuesProblem(table, hyperparameters, changes) ??
    (tooLarge && `${job}: ${tooLarge}`);
  if (problem !== undefined) return refused(reign, problem);
  if (!table.isOver) return carriedOut(reign, event, job, () => asked.join(", "));
  return reign.bundles.whileThere(piecedBundles(submitted), async (missing) => {
    // It may have been deleted meanwhile.
    const still = tableOr(reign, job);
    if (isAnswer(still)) return still;
    if (missing > 0) return refused(reign, `${goneText(job, missing)}\n  ${withItsResults(job)}`);
    // Another edit may have opened it meanwhile, whose changes this one keeps.
    if (table.submitted !== submitted) return edit(reign, who, order);
    void reign.record({ ...event, opens: `opened again by ${who.by}: ${asked.join(", ")}` });
    await reign.ports.flushed();
    return accepted(
      reign,
      job,
      table.state === "searching"
        ? `${asked.join(", ")}; it searches on, after ${counted(table.ended, "run")}`
        : `${asked.join(", ")}; but it ends again at once: ${table.reason}`,
    );
  });
}

const goneText = (job: string, pieces: number): string =>
  `${job} cannot be opened again: of the code or the inputs that it brought along the broker has deleted ${counted(pieces, "piece")}, as of jobs that are long over`;

const withItsResults = (job: string): string =>
  `to begin another search that counts its results: nexus export ${job} --output ${job}.csv; nexus import ${job}.csv --spec spec.yaml`;

const deadlineProblem = ({ deadline }: JobChanges, now: number, job: string): string | undefined =>
  typeof deadline === "number" && deadline <= now
    ? `the deadline ${new Date(deadline).toISOString()} has passed; to end the job: nexus stop ${job}`
    : undefined;

/** Checks added values as if they stood in the spec: a component that nobody has would fail every run that gets it. */
function valuesProblem(
  { submitted }: RunTable,
  hyperparameters: RunTable["submitted"]["hyperparameters"],
  { addValues = {} }: JobChanges,
): string | undefined {
  if (Object.keys(addValues).length === 0) return undefined;
  // What earlier edits added is no longer new, but is not in the text either.
  const inText = new Map(
    submitted.hyperparameters.map(({ name, values, grown }) => [name, grown?.[0]?.from ?? values.length]),
  );
  const moreValues = Object.fromEntries(
    hyperparameters.map(({ name, values }) => [name, values.slice(inText.get(name) ?? values.length)]),
  );
  const read = readSpec({ ...carriedInput(submitted), moreValues });
  return read.ok ? undefined : renderProblems(read.problems, read.texts, "nothing was changed");
}
