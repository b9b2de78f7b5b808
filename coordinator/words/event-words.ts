import { counted } from "../../shared/domain/counted.ts";
import { actorOf, type JournalEvent, type RangeRefined } from "../../shared/domain/fold/events.ts";
import { changesText } from "../../shared/domain/fold/job-changes.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { maximised, told } from "../../shared/domain/goal.ts";
import { settingText } from "../../shared/domain/hyperparameter.ts";
import { printable } from "../../shared/domain/printable.ts";
import { formatDecimal } from "./number-format.ts";
import { settingsWithNames, unreportedText } from "./progress.ts";
import { childStatus, jobStatus, personOf, reasonOf, withAuthor } from "./status-words.ts";
import { troubleCause } from "./trouble-cause.ts";

export interface EventText {
  /** One line, without the time. */
  readonly text: string;
  /** Whether it is something wrong that a person should see. */
  readonly isTrouble: boolean;
}

/** An event in words; undefined for events that nobody needs to see. */
export function eventText(event: JournalEvent, table: RunTable | undefined): EventText | undefined {
  const line = (text: string): EventText => ({
    text: printable(text),
    isTrouble: troubleCause(event) !== undefined,
  });
  switch (event.type) {
    case "job":
      return line(`${event.job} submitted by ${event.by}: ${event.file}`);
    case "job-state":
      return line(`${event.job} ${jobStatus(event.state)}${event.reason === "" ? "" : `: ${event.reason}`}`);
    case "assigned":
      return line(`${event.run} started on ${event.worker}${event.attempt > 1 ? ` (attempt ${event.attempt})` : ""}`);
    case "completed": {
      const trial = table?.trial(event.n);
      const settings = table && trial ? settingsWithNames(table, trial.configuration) : [];
      const dials = settings.map(({ name, value }) => `${name}=${settingText(value)}`).join(" ");
      const word = trial?.status === "infeasible" ? "infeasible" : "completed";
      const goal = table?.goal ?? maximised;
      const result = `${goal.name} ${formatDecimal(told(goal, event.hpmax), 5)}`;
      const said = `${runOf(event, table)} ${word}  ${result}  ${dials}`.trimEnd();
      const why = table && trial?.status === "infeasible" ? `: ${reasonOf(table, trial)}` : "";
      return line(`${said}${why}${unreportedOnce(event, table)}`);
    }
    case "ended":
      return line(`${runOf(event, table)} ${childStatus(event.outcome)} on ${event.worker}: ${event.reason}`);
    case "lost": {
      const word = event.outcome === "lost" ? "lost" : "handed back";
      return line(`${runOf(event, table)} ${word} by ${event.worker}, queued again: ${event.reason}`);
    }
    case "reopened":
      return line(`${runOf(event, table)} queued again, its failure is not counted: ${event.reason}`);
    case "job-edited":
      return line(
        `${event.job} ${event.opens ?? `changed by ${event.by}: ${changesText(event.changes, table?.goal ?? maximised).join(", ")}`}`,
      );
    case "job-deleted":
      return line(
        event.messages === null
          ? `${event.job} deleted by ${event.by}`
          : `of ${event.job} ${counted(event.messages, "stored message was", "stored messages were")} deleted, as ${event.by} had ordered`,
      );
    case "range-refined":
      return line(`${event.job} looks closer: ${marksText(event.marks)}`);
    case "runs-ordered":
      return line(`${event.by}: ${counted(event.trials.length, "run")} of ${event.job} ${event.order}`);
    case "results-judged": {
      const of = event.worker === undefined ? "" : ` from ${event.worker}`;
      const why = event.reason === "" ? "" : `: ${event.reason}`;
      return line(`${event.by}: ${counted(event.trials.length, "result")}${of} of ${event.job} ${event.verdict}${why}`);
    }
    case "late":
      return line(`${runOf(event, table)}: a result from ${event.worker} came late and is not counted`);
    case "checkpoint-lost": {
      const of = `${runOf(event, table)}: its checkpoint after ${counted(event.iters, "iteration")}`;
      return event.what === "unsaved"
        ? line(`${of} was not carried from ${event.worker}: ${event.reason}`)
        : line(`${of} cannot be read on ${event.worker}, so it begins afresh: ${event.reason}`);
    }
    case "set-aside":
      return line(`a message of ${event.worker} (number ${event.ev} of EV) was set aside: ${event.reason}`);
    case "worker-enrolled":
      return line(`worker ${event.worker} joined from ${event.host}`);
    case "worker-forgotten":
      return line(`worker ${event.worker} forgotten by ${event.by}`);
    case "worker-purged": {
      const what = event.all ? "all that it stored" : "what it stored, but not what its results rest on,";
      return line(
        event.messages === null
          ? `${event.by}: of worker ${event.worker} ${what} is being deleted`
          : `of worker ${event.worker} ${counted(event.messages, "stored message was", "stored messages were")} deleted, as ${event.by} had ordered`,
      );
    }
    case "invited": {
      // A line that a coordinator shows is renewed twice a day.
      if (event.line !== undefined) return undefined;
      const uses = event.uses === null ? "any number of machines" : counted(event.uses, "machine");
      return line(`${event.by} invited ${uses} until ${new Date(event.expiresAt).toISOString()}: ${event.invite}`);
    }
    case "invite-ended":
      return actorOf(event) === "person" || event.cutOff
        ? line(`invitation ${event.invite} is over: ${event.reason}`)
        : undefined;
    case "worker-state": {
      const why = withAuthor(event.reason, personOf(event));
      const after = why === "" ? "" : event.reason === "" ? ` ${why}` : `: ${why}`;
      return line(`worker ${event.worker} ${event.state}${after}`);
    }
    case "led":
    case "checkpoint":
    case "learned":
      return undefined;
    default: {
      const never: never = event;
      return never;
    }
  }
}

/** "lr also 0.00013, 0.00017; clip also 300" */
export const marksText = (marks: RangeRefined["marks"]): string =>
  Object.entries(marks)
    .map(([name, values]) => `${name} also ${values.map((value) => settingText(value)).join(", ")}`)
    .join("; ");

/** Said once, with the first result: a metric that is required and that no run reports is most likely misspelt. */
function unreportedOnce({ n }: { readonly n: number }, table: RunTable | undefined): string {
  if (!table || table.completions[0] !== n) return "";
  const [text = ""] = unreportedText(table).split("\n");
  return text === "" ? "" : `; ${text}`;
}

const runOf = (event: { readonly job: string; readonly n: number }, table: RunTable | undefined): string =>
  table?.trial(event.n)?.run ?? `${event.job} trial ${event.n}`;
