import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pause } from "../../../shared/deadline.ts";
import { canFreeze, FrozenProcess } from "../../processes/frozen-process.ts";

/**
 * A shell that waits in the background for the end of descriptor 3, a pipe whose other end this process holds: the kernel closes
 * it however this process dies, and then the program and all of its group are killed. A line on the pipe says that it has ended.
 */
const script = '(read -r _ <&3 || kill -KILL -- -$$) >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';

/** Nothing was heard for so long from one that stands still: nothing more lies in its pipes. */
const quietMs = 20;
const mostQuietMs = 300;

export interface TiedProgram {
  /** How it ended: its exit code, or the signal; or why it could not be started. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly why: string;
  }>;
  /** To it and everything that it has started. */
  signal(name: NodeJS.Signals): void;
  /** Makes it stand still with all that it has started, until it is thawed. */
  freeze(): Pick<FrozenProcess, "thaw">;
  /** Of one that stands still: resolves when all that it had printed has been heard. */
  heardAll(): Promise<void>;
}

/** Starts a program that outlives this process in no case; hears what it prints, whole lines, without their ends. */
export function startTied(
  [program = "", ...args]: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  onLine: (line: string, isError: boolean) => void,
): TiedProgram {
  const child = spawn("/bin/sh", ["-c", script, program, ...args], {
    ...options,
    detached: true, // a process group of its own, led by the shell whose place the program takes
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const tie = child.stdio[3] as Writable; // "pipe" makes it one
  tie.on("error", () => tie.destroy()); // the shell may be gone already
  const readers = [
    lines(child.stdout as Readable, (line) => onLine(line, false)),
    lines(child.stderr as Readable, (line) => onLine(line, true)),
  ];
  let heardAt = performance.now();
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", () => {
      heardAt = performance.now();
    });
  const heardAll = async (): Promise<void> => {
    const limit = performance.now() + mostQuietMs;
    // What lies in the pipe comes at the next turns of the loop.
    do await pause(quietMs);
    while (performance.now() - heardAt < quietMs && performance.now() < limit);
  };
  const signal = (name: NodeJS.Signals): void => signalGroup(child, name);
  const ended = new Promise<Awaited<TiedProgram["ended"]>>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, why: error.message }));
    child.once("exit", (code, how) => {
      tie.end("ended\n");
      // What it has left behind would hold its pipes, and the machine.
      signal("SIGKILL");
      child.once("close", () => {
        for (const flush of readers) flush();
        resolve({ code, signal: how, why: "" });
      });
    });
  });
  // Not by a signal to the group: the shell that waits for our end would stand still, too, and could not kill the others.
  const freeze = (): Pick<FrozenProcess, "thaw"> =>
    child.pid === undefined || !canFreeze ? { thaw: () => undefined } : new FrozenProcess(child.pid);
  return { ended, signal, freeze, heardAll };
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // all of it has ended
  }
}

/** A line that does not end is told when it is this long. */
const longestLine = 64 * 1024;

/** Returns what tells the rest. */
function lines(stream: Readable, onLine: (line: string) => void): () => void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(part.replace(/\r$/, ""));
    if (rest.length > longestLine) {
      onLine(rest);
      rest = "";
    }
  });
  return () => {
    if (rest !== "") onLine(rest);
    rest = "";
  };
}
