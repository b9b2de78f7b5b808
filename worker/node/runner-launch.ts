import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { runMark } from "../processes/leftovers.ts";
import { threadCounts } from "../processes/run-environment.ts";
import { infoDescriptor } from "../processes/sandbox.ts";
import type { RunTask } from "../runner/protocol.ts";
import type { Housing } from "./housing.ts";
import type { RunnerKind } from "./runners.ts";

const runnerProgram = fileURLToPath(new URL("../runner/main.js", import.meta.url));

export interface Launch {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly mark: string;
  readonly isSandbox: boolean;
  /** The one job whose runs it executes; null: any. In a sandbox a runner sees the folders of its job. */
  readonly job: string | null;
  /** It executes one run, and what that run left in memory or in /tmp ends with it: the run's code is not ours. */
  readonly isForOne: boolean;
}

const anyProgram = "processors/Command_Proc";

export function launchOf({ environment, tag, sandbox, network }: Housing, kind: RunnerKind, task: RunTask): Launch {
  const mark = `${tag}-${randomBytes(9).toString("hex")}`;
  const env = { ...environment, ...threadCounts(kind.cores), [runMark]: mark };
  const program = [process.execPath, ...process.execArgv, runnerProgram];
  if (sandbox === null) {
    const [command = "", ...words] = program;
    return { command, words, environment: env, mark, isSandbox: false, job: null, isForOne: false };
  }
  const isForOne = task.codeFolder !== null || Object.hasOwn(task.jobText.sources, anyProgram);
  const folders = [task.directory, task.stateDirectory];
  const writable = isForOne ? folders : folders.map((folder) => dirname(folder));
  for (const folder of writable) {
    // What an earlier attempt on this machine left, before anything sees it.
    if (isForOne) rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  const readable = task.codeFolder === null ? [] : [task.codeFolder];
  const info = ["--info-fd", String(infoDescriptor)];
  const around = sandbox.around(program, { writable, readable, network: network && kind.network }, info);
  // Before it starts: bubblewrap's children, which do the work, inherit it.
  const [command = "", ...words] = [...(kind.lowPriority ? ["nice", "-n", "19"] : []), ...around];
  const inside = sandbox.environment(env);
  return { command, words, environment: inside, mark, isSandbox: true, job: task.job, isForOne };
}
