import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { goOnCommand } from "../go-on.ts";
import { jobStatus, withAuthor } from "../status-words.ts";
import { whyWaiting } from "../waiting.ts";
import { fewOf, heldBack, type Why } from "./why.ts";
import type { WorkerRow } from "./worker-rows.ts";

export interface JobContext {
  readonly state: WorkspaceState;
  readonly status: Status | null;
  /** What follows `nexus-worker` on a machine that should join. */
  readonly joinLine: string;
  readonly rows: ReadonlyMap<WorkerId, WorkerRow>;
  /** Wall clock of the order or rule that put it in its state; 0: not known here. */
  readonly orderedAt: number;
}

/** Why a job runs, waits, stands or has ended. */
export function whyJob(table: RunTable, context: JobContext): Why {
  const { job, state } = table;
  const base = { kind: "job", name: job, state: jobStatus(state), since: context.orderedAt } as const;
  switch (state) {
    case "searching":
      return { ...base, ...searching(table, context) };
    case "paused": {
      const onItsOwn = table.stateActor === "coordinator";
      const weight = onItsOwn ? "stuck" : "waits";
      return { ...base, why: stoodText(table), change: "", commands: [`nexus resume ${job}`], weight };
    }
    case "draining":
    case "stopping": {
      const end = state === "draining" ? "pauses" : "ends";
      const change =
        table.open > 0 ? `it ${end} when they have ended; to search on` : `it ${end} within seconds; to search on`;
      return { ...base, why: stoodText(table), change, commands: [`nexus resume ${job}`], weight: "waits" };
    }
    case "cancelling":
      return { ...base, why: stoodText(table), change: "it ends within seconds", commands: [], weight: "waits" };
    case "held": {
      const why = `${table.reason}; it holds its nodes (hold)`;
      return {
        ...base,
        since: table.endedAt ?? 0,
        why,
        change: "",
        commands: [`nexus release ${job}`],
        weight: "over",
      };
    }
    case "completed":
    case "cancelled": {
      const more = goOnCommand(table);
      const change = `nothing: it is over${more === undefined ? "" : "; nexus import takes its results into another search; to search on"}`;
      const over = { change, commands: more === undefined ? [] : [more], weight: "over" } as const;
      return { ...base, since: table.endedAt ?? 0, why: endedText(table), ...over };
    }
    default: {
      const never: never = state;
      return never;
    }
  }
}

/** Why it is over, and how many of its runs have failed: "all have ended" alone sounds like success. */
function endedText({ job, reason, ended, outcomes: { failed } }: RunTable): string {
  if (failed === 0) return reason;
  return `${reason}; ${failed} of ${ended} failed (nexus list runs ${job} --status error --columns run,reason)`;
}

/** Why it is in its state, and what is still under way; not what lets it go on. */
function stoodText(table: RunTable): string {
  const { reason, pauseWords, running, waiting, paused, stateBy, stateActor } = table;
  const why = pauseWords ? [pauseWords.rule, pauseWords.detail].filter((part) => part !== "").join("; ") : reason;
  const parts = [
    ...(running > 0 ? [`${counted(running, "run is", "runs are")} in hand`] : []),
    ...(waiting.size > 0 ? [`${waiting.size} queued`] : []),
    ...(paused.size > 0 ? [`${paused.size} paused`] : []),
  ];
  const whole = withAuthor(why, stateActor === "person" ? stateBy : "");
  return `${whole || "no reason was given"}${parts.length === 0 ? "" : `; ${parts.join(", ")}`}`;
}

type Rest = Omit<Why, "kind" | "name" | "since"> & { readonly since?: number };

function searching(table: RunTable, { state, status, joinLine, rows }: JobContext): Rest {
  const waits = whyWaiting(table, state, status ?? undefined, { joinLine, flags: "" });
  if (waits) {
    // A job that waits only for a slot that others use gets one in time.
    const weight = waits.commands.length > 0 ? "stuck" : "waits";
    const change = waits.change ?? (waits.commands.length > 0 ? "" : "it starts by itself then");
    return { state: "waiting", since: 0, why: waits.why, change, commands: waits.commands, weight };
  }
  const { running, open, ended, paused, submitted } = table;
  const { totalRuns } = submitted.settings;
  if (running === 0) {
    const change = "it ends within seconds";
    return {
      state: "running",
      since: 0,
      why: `${ended} of ${totalRuns} runs have ended`,
      change,
      commands: [],
      weight: "waits",
    };
  }
  const frozen = new Set<WorkerId>();
  let standing = 0;
  const mayStand = paused.size > 0 || [...rows.values()].some((row) => row.state === "owner active");
  for (const trial of mayStand ? table.trials.open() : []) {
    const worker = holderOf(trial)?.worker;
    if (worker === undefined) continue;
    const isFrozen = rows.get(worker)?.state === "owner active";
    if (isFrozen) frozen.add(worker);
    if (isFrozen || trial.order === "paused") standing += 1;
  }
  const queued = open - running;
  const why = [
    `${counted(running, "run")} on ${counted(table.holding.size, "worker")}, ${ended} of ${totalRuns} ended`,
    ...(queued > 0 ? [`${queued} queued`] : []),
    ...(paused.size > 0 ? [`${paused.size} paused by an operator`] : []),
    ...(frozen.size > 0 ? [`frozen while the owners use them: ${fewOf([...frozen])}`] : []),
    ...heldBack(status),
  ].join("; ");
  if (standing < running)
    return { state: "running", since: 0, why, change: "nothing: it runs", commands: [], weight: "runs" };
  return {
    state: "running",
    since: 0,
    why: `all its runs in hand stand still: ${why}`,
    change: frozen.size > 0 ? "they go on when the owners have gone" : "",
    commands: paused.size > 0 ? [`nexus resume ${pausedRuns(table)}`] : [],
    weight: "waits",
  };
}

/** Its paused runs, to be typed. */
function pausedRuns(table: RunTable): string {
  const names = [...table.paused].flatMap((n) => table.trial(n)?.run ?? []);
  if (names.length <= 5) return names.join(" ");
  return [...new Set(names.map((name) => `${name.split(".", 1)[0]}.*`))].join(" ");
}
