import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { identify } from "../../../shared/machine/process-identity.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { signalTo } from "../../chaos/victims.ts";
import { processesNaming } from "../../support/process-list.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

const endLimitMs = 15_000;
const commandLimitMs = 240_000;

export type ProgramName = "coordinator/main.js" | "worker/main.js" | "coordinator/cli/main.js";

/** A process of ours that the audit started. */
export interface Program {
  readonly pid: number;
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
  /** Its output so far, both streams, decoded as latin1. */
  output(): string;
  /** Ends it with SIGTERM; kills it if that takes too long. */
  end(): Promise<void>;
  /** Resolves with its exit code; killed if it takes too long. */
  finished(limitMs?: number): Promise<number>;
}

/** Running programs, with their folders. */
const running = new Map<Program, string>();

/** Starts one of our programs in that folder. */
export function startProgram(
  name: ProgramName,
  args: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
  input = "",
): Program {
  return startProcess(process.execPath, [built(name), ...args], folder, env, input);
}

export function startProcess(
  command: string,
  args: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
  input = "",
): Program {
  // umask 000, as the most careless user's: files closed to others were closed by our programs.
  const umask = process.umask(0);
  const child = spawn(command, args, { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"] });
  process.umask(umask);
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(input);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => {
      output += data.toString("latin1");
    });
  const closed = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
  const finished = async (limitMs = commandLimitMs): Promise<number> => {
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    const code = await closed;
    clearTimeout(timer);
    return code;
  };
  const program: Program = {
    pid: child.pid ?? 0,
    get exitCode() {
      return codeOf(child);
    },
    output: () => output,
    finished,
    end: async () => {
      if (codeOf(child) === undefined) {
        child.kill("SIGCONT");
        child.kill("SIGTERM");
      }
      await finished(endLimitMs);
    },
  };
  running.set(program, folder);
  void closed.then(() => running.delete(program));
  return program;
}

const codeOf = ({ exitCode, signalCode }: ChildProcess): number | undefined =>
  exitCode ?? (signalCode === null ? undefined : 128);

/** Ends everything started in the folder, then kills processes that still name it: a guard, its server, a runner. */
export async function endRest(folder: string): Promise<void> {
  await Promise.all([...running].filter(([, place]) => place === folder).map(([program]) => program.end()));
  const limit = performance.now() + endLimitMs;
  while (processesNaming(folder).length > 0 && performance.now() < limit) await pause(50);
  for (const { pid } of processesNaming(folder)) {
    const identity = identify(pid);
    if (identity) signalTo(identity, "SIGKILL");
  }
}
