import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { threadCounts } from "../../shared/machine/run-environment.ts";
import { withVariables } from "../gpus/gpu-variables.ts";
import type { RunGroup } from "../processes/groups/run-groups.ts";
import { runMark } from "../processes/leftovers.ts";
import type { Standing } from "../processes/priority/standing.ts";
import { removeFolder } from "../processes/remove-folder.ts";
import { infoDescriptor } from "../processes/sandbox.ts";
import type { RunTask } from "../runner/protocol.ts";
import type { Housing } from "./housing.ts";
import type { RunnerKind } from "./runners.ts";

export interface Launch {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly mark: string;
  readonly isSandbox: boolean;
  /** The process that is started is a reaper, and the runner its child. */
  readonly isReaper: boolean;
  readonly standing: Standing;
  /** All that it starts is in this group. */
  readonly group: RunGroup | undefined;
  /** The one job whose runs it executes; null: any. In a sandbox a runner sees the folders of its job. */
  readonly job: string | null;
  /** It executes one run of a job's own code and then ends, with all that the run left in memory or in /tmp. */
  readonly isForOne: boolean;
}

const anyProgram = "processors/Command_Proc";

/**
 * Starts bubblewrap deaf to SIGTERM, by which it would end with all that is in the sandbox: Slurm, or a machine that shuts
 * down, sends that to every process, and the run is to save itself. Node forgets what it inherits of this.
 */
const deaf = ["/bin/sh", "-c", 'trap "" TERM; exec "$@"', "sh"];

export function launchOf(housing: Housing, kind: RunnerKind, task: RunTask): Launch {
  const { program: file, environment, tag, sandbox, network, priority, reaper, groups } = housing;
  const mark = `${tag}-${randomBytes(9).toString("hex")}`;
  const plain = { ...environment, ...threadCounts(kind.cores), [runMark]: mark };
  const env = withVariables(plain, kind.gpus?.variables ?? null);
  const program = [process.execPath, ...process.execArgv, file];
  const standing = priority(kind.lowPriority);
  const group = groups?.add(mark, kind.lowPriority);
  const first = [...(group?.words ?? []), ...standing.words];
  if (sandbox === null) {
    const [command = "", ...words] = [...first, ...(reaper ?? []), ...program];
    // A reaper in Perl must not complain about locales that are not installed.
    const reaped = reaper ? { ...env, PERL_BADLANG: "0" } : env;
    // A job's own code that used a GPU in this process would keep GPU memory from the next run and from the owner.
    const isForOne = kind.gpus?.isGiven === true && task.codeFolder !== null;
    return {
      ...{ command, words, environment: reaped, mark, standing, group },
      ...{ isSandbox: false, isReaper: reaper !== undefined, job: null, isForOne },
    };
  }
  const isForOne = task.codeFolder !== null || Object.hasOwn(task.jobText.sources, anyProgram);
  const folders = [task.directory, task.stateDirectory];
  const writable = isForOne ? folders : folders.map((folder) => dirname(folder));
  for (const folder of writable) {
    // Deletes what an earlier attempt on this machine left, before anything sees it.
    if (isForOne && !(task.hasStateFiles && folder === task.stateDirectory)) removeFolder(folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  const { folder: venv = null, base = null } = task.environment ?? {};
  const readable = [task.codeFolder, task.inputsFolder, venv, base].filter((folder) => folder !== null);
  const info = ["--info-fd", String(infoDescriptor)];
  const around = sandbox.around(
    program,
    { writable, readable, network: network && kind.network, gpus: kind.gpus?.isGiven ?? true },
    info,
  );
  const [command = "", ...words] = [...first, ...deaf, ...around];
  return {
    ...{ command, words, environment: sandbox.environment(env), mark, standing, group },
    ...{ isSandbox: true, isReaper: false, job: task.job, isForOne },
  };
}
