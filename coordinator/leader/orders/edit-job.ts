import type { JobChanges } from "../../../shared/domain/fold/events.ts";
import { changesText, editJob } from "../../../shared/domain/fold/job-changes.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import { readSpec, renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { carriedOut, isAnswer, type Operator, refused, sizeProblem, tableOr } from "./order-answers.ts";

/** Changes a job that is not over. Earlier choices stay as they were; the next one uses the changed job. */
export async function edit(
  reign: Reign,
  who: Operator,
  { job, changes }: Extract<Order, { kind: "edit" }>,
): Promise<OrderAnswer> {
  const table = tableOr(reign, job);
  if (isAnswer(table)) return table;
  if (table.isOver || table.state === "cancelling") {
    const again = "to search on, submit the spec again: nexus run spec.yaml";
    return refused(reign, `${job} is over (${table.state}), so it cannot be changed\n  ${again}`);
  }
  const asked = changesText(changes);
  if (asked.length === 0) return refused(reign, "nothing to change; to see what can be: nexus edit --help");
  const edited = editJob(table.submitted, table.trials.length, changes);
  if (!edited.ok) return refused(reign, edited.problems.join("\n"));
  const at = reign.ports.clock.wall();
  const { settings, hyperparameters } = edited;
  const event = { type: "job-edited", job, changes, settings, hyperparameters, ...who, at } as const;
  const tooLarge = sizeProblem(event);
  const problem =
    deadlineProblem(changes, at, job) ??
    valuesProblem(table, hyperparameters, changes) ??
    (tooLarge && `${job}: ${tooLarge}`);
  return problem === undefined ? carriedOut(reign, event, job, () => asked.join(", ")) : refused(reign, problem);
}

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
