import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { readIfThere } from "../process-list.ts";

/** A process's priorities, as the kernel reports them. */
export interface SeenStanding {
  readonly name: string;
  /** Scheduling policy of each thread: 0 normal, 5 SCHED_IDLE. */
  readonly policies: readonly number[];
  readonly nice: number;
  readonly session: number;
  /** The session's nice value; undefined where the kernel does not group by session. */
  readonly groupNice: number | undefined;
  readonly disk: string;
  readonly oomScore: number;
}

/** Undefined if the process has gone or is ending. */
export function standingOf(pid: number): SeenStanding | undefined {
  const [name, fields] = statOf(`/proc/${pid}/stat`);
  const oomScore = readIfThere(`/proc/${pid}/oom_score_adj`);
  if (fields.length === 0 || ["Z", "X"].includes(fields[0] ?? "") || oomScore === "") return undefined;
  const disk = diskOf(pid);
  if (disk === undefined) return undefined;
  const group = /nice (-?\d+)/.exec(readIfThere(`/proc/${pid}/autogroup`))?.[1];
  return {
    name,
    policies: threadsOf(pid).map((thread) => Number(statOf(`/proc/${pid}/task/${thread}/stat`)[1][38] ?? 5)),
    nice: Number(fields[16]),
    session: Number(fields[3]),
    groupNice: group === undefined ? undefined : Number(group),
    disk,
    oomScore: Number(oomScore),
  };
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has just ended
  }
}

/** The name, and the fields after it: [0] is the state, so [38] is what the manual calls field 41. */
function statOf(path: string): [name: string, fields: string[]] {
  const stat = readIfThere(path);
  const at = stat.lastIndexOf(")");
  return [stat.slice(stat.indexOf("(") + 1, at), stat === "" ? [] : stat.slice(at + 2).split(" ")];
}

function diskOf(pid: number): string | undefined {
  const { status, stdout, error } = spawnSync("ionice", ["-p", String(pid)], { encoding: "utf8" });
  if (error) throw error;
  return status === 0 ? stdout.trim() : undefined;
}
