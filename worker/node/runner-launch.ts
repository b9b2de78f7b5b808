import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { runMark } from "../processes/leftovers.ts";
import { runEnvironment, threadCounts } from "../processes/run-environment.ts";
import type { Sandbox } from "../processes/sandbox.ts";
import type { RunTask } from "../runner/protocol.ts";
import type { RunnerKind } from "./runners.ts";

const runnerProgram = fileURLToPath(new URL("../runner/main.js", import.meta.url));

/** How a worker starts its runners. */
export interface Housing {
  /** What runs see of the worker's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** The beginning of every mark of this worker's runs, by which an heir finds what they left. */
  readonly tag: string;
  readonly sandbox: Sandbox | null;
}

export const plainHousing = (): Housing => ({
  environment: runEnvironment(process.env, []),
  tag: randomBytes(6).toString("hex"),
  sandbox: null,
});

export interface Launch {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly mark: string;
  /** In a sandbox a runner serves one job: it sees the folders of that job, and what its runs leave in memory and /tmp. */
  readonly job: string | null;
}

export function launchOf({ environment, tag, sandbox }: Housing, kind: RunnerKind, task: RunTask): Launch {
  const mark = `${tag}-${randomBytes(9).toString("hex")}`;
  const env = { ...environment, ...threadCounts(kind.cores), [runMark]: mark };
  const program = [process.execPath, ...process.execArgv, runnerProgram];
  if (sandbox === null) return commandOf(program, env, mark, null);
  const writable = [dirname(task.directory), dirname(task.stateDirectory)];
  for (const folder of writable) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const readable = task.codeFolder === null ? [] : [task.codeFolder];
  const around = sandbox.around(program, { writable, readable, network: kind.network });
  // Before it starts: bubblewrap's children, which do the work, inherit it.
  const nice = kind.lowPriority ? ["nice", "-n", "19"] : [];
  return commandOf([...nice, ...around], sandbox.environment(env), mark, task.job);
}

function commandOf(all: readonly string[], environment: NodeJS.ProcessEnv, mark: string, job: string | null): Launch {
  const [command = "", ...words] = all;
  return { command, words, environment, mark, job };
}
