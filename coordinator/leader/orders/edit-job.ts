import type { JobChanges } from "../../../shared/domain/fold/events.ts";
import { changesText, editJob } from "../../../shared/domain/fold/job-changes.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { carriedDefaults, readSpec, renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { accepted, isAnswer, refused, sizeProblem, tableOr } from "./order-answers.ts";

/** Changes a job that lives. What was chosen before stays as it was; the next choice uses what is said here. */
export async function edit(reign: Reign, user: string, order: Extract<Order, { kind: "edit" }>): Promise<OrderAnswer> {
  const { op, changes } = order;
  const table = tableOr(reign, order.job);
  if (isAnswer(table)) return table;
  const { job } = table;
  if (table.isOver || table.state === "cancelling") {
    const again = "to search on, submit the spec again: nexus run spec.yaml";
    return refused(reign, `${job} is over (${table.state}), so nothing of it can be changed\n  ${again}`);
  }
  const asked = changesText(changes);
  if (asked.length === 0) return refused(reign, "nothing to change; to see what can be: nexus edit --help");
  const at = reign.ports.clock.wall();
  const edited = editJob(table.submitted, table.trials.length, changes);
  if (!edited.ok) return refused(reign, edited.problems.join("\n"));
  if (typeof changes.deadline === "number" && changes.deadline <= at) {
    return refused(
      reign,
      `the deadline ${new Date(changes.deadline).toISOString()} has passed; to end the job: nexus stop ${job}`,
    );
  }
  const problem = valuesProblem(table, edited.hyperparameters, changes);
  if (problem !== undefined) return refused(reign, problem);
  const { settings, hyperparameters } = edited;
  const event = { type: "job-edited", job, changes, settings, hyperparameters, by: user, op, at } as const;
  const tooLarge = sizeProblem(event);
  if (tooLarge !== undefined) return refused(reign, `${job}: ${tooLarge}`);
  await reign.record(event);
  await reign.ports.flushed();
  return accepted(reign, job, asked.join(", "));
}

/** Added values are checked as if they stood in the spec: a component that nobody has, say, would fail every run that gets it. */
function valuesProblem(
  table: RunTable,
  hyperparameters: RunTable["submitted"]["hyperparameters"],
  { addValues = {} }: JobChanges,
): string | undefined {
  if (Object.keys(addValues).length === 0) return undefined;
  const { file, text, sources, commandLine, hyperparameters: before } = table.submitted;
  // What earlier edits added is no longer new, but is not in the text either.
  const inText = new Map(before.map(({ name, values, grown }) => [name, grown?.[0]?.from ?? values.length]));
  const moreValues = Object.fromEntries(
    hyperparameters.map(({ name, values }) => [name, values.slice(inText.get(name) ?? values.length)]),
  );
  const read = readSpec({ file, text, commandLine, defaults: carriedDefaults(sources), moreValues });
  return read.ok ? undefined : renderProblems(read.problems, read.texts, "nothing was changed");
}
