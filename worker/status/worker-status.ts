import { counted } from "../../shared/domain/counted.ts";
import { printable } from "../../shared/domain/printable.ts";
import type { InHand } from "../node/told/what-runs.ts";

/** What a worker does and for whom, as its status file has it. */
export interface OwnStatus {
  readonly worker: string;
  readonly workspace: string;
  /** Without the code of the join line. */
  readonly server: string;
  readonly pid: number;
  /** Whether it runs in a terminal, where Ctrl-C ends it. */
  readonly hasTerminal: boolean;
  /** Whether runs of low priority come after the machine's other programs; false with NEXUS_PRIORITY=normal. */
  readonly givesWay: boolean;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
  readonly writtenAt: number;
  readonly slots: number;
  readonly jobs: readonly InHand[];
  /** Runs that ended here on `day`, by this machine's clock; those of earlier processes count. */
  readonly done: number;
  /** `2026-11-28` */
  readonly day: string;
  /** Why it gets no run, or cannot work; "" if nothing was said. */
  readonly waits: string;
  /** Why its owner keeps it from working, and until when; "" while it lends. */
  readonly withheld: string;
  /** When it lends, in the words of the owner's rules: `lends with mains power`. */
  readonly promises: readonly string[];
}

/** The day by this machine's clock, `2026-11-28`. */
export function dayOf(wall: number): string {
  const date = new Date(wall);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * `lab-1 lends 4 slots to ws1 at host: 3 runs of job7 (own program train.py), 212 runs done today, lowest priority; stop: Ctrl-C`
 *
 * @param isOwnTerminal  whether the line is read where Ctrl-C ends the worker
 */
export function statusLine(status: OwnStatus, wall: number, isOwnTerminal: boolean): string {
  const { worker, workspace, server, slots, pid, done, day, promises } = status;
  const today = day === dayOf(wall) ? done : 0;
  const facts = [
    inHandText(status),
    ...(today > 0 ? [`${counted(today, "run")} done today`] : []),
    priorityText(status),
    ...promises,
  ];
  const elsewhere = status.hasTerminal ? `Ctrl-C in its terminal, or: kill ${pid}` : `kill ${pid}`;
  const stop = isOwnTerminal ? "Ctrl-C" : elsewhere;
  return printable(
    `${worker} lends ${counted(slots, "slot")} to ${workspace} at ${server}: ${facts.join(", ")}; stop: ${stop}`,
  );
}

function inHandText({ jobs, waits, withheld }: OwnStatus): string {
  const named = jobs.map(({ job, what, runs }) => `${counted(runs, "run")} of ${job} (${what})`).join(" and ");
  if (withheld !== "") return named === "" ? `nothing now (${withheld})` : `${named}, frozen (${withheld})`;
  if (named !== "") return named;
  return waits === "" ? "no run yet" : `no run now (${waits.split("\n", 1)[0]})`;
}

function priorityText({ jobs, givesWay }: OwnStatus): string {
  if (!givesWay) return "usual priority (NEXUS_PRIORITY=normal)";
  const usual = jobs.filter(({ isLowPriority }) => !isLowPriority).map(({ job }) => job);
  return usual.length === 0 ? "lowest priority" : `usual priority for ${usual.join(", ")} (low_priority: false)`;
}
