import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pause } from "../../../shared/deadline.ts";
import { canFreeze, FrozenProcess } from "../../processes/frozen-process.ts";

/**
 * A shell that waits in the background for the end of descriptor 3, a pipe whose other end this process holds. The kernel
 * closes it when this process dies, and the shell kills the program's group. A line on the pipe says that the program ended.
 */
const script = '(read -r _ <&3 || kill -KILL -- -$$) >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';

/** If a frozen program is silent for this long, its pipes are empty. */
const quietMs = 20;
const mostQuietMs = 300;

export interface TiedProgram {
  /** Exit code or signal; or why it could not be started. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly why: string;
  }>;
  /** Sends a signal to the program and its descendants. */
  signal(name: NodeJS.Signals): void;
  /** Suspends the program and its descendants until thawed. */
  freeze(): Pick<FrozenProcess, "thaw">;
  /** For a frozen program: resolves when everything it printed has been read. */
  heardAll(): Promise<void>;
}

/** Starts a program that never outlives this process. `onLine` gets each line it prints, without the newline. */
export function startTied(
  [program = "", ...args]: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  onLine: (line: string, isError: boolean) => void,
): TiedProgram {
  const child = spawn("/bin/sh", ["-c", script, program, ...args], {
    ...options,
    detached: true, // its own process group, led by the shell that the program replaces
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
    // The contents of the pipe arrive in the next turns of the event loop.
    do await pause(quietMs);
    while (performance.now() - heardAt < quietMs && performance.now() < limit);
  };
  const signal = (name: NodeJS.Signals): void => signalGroup(child, name);
  const ended = new Promise<Awaited<TiedProgram["ended"]>>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, why: error.message }));
    child.once("exit", (code, how) => {
      tie.end("ended\n");
      // Processes that it left behind would keep its pipes open and occupy the machine.
      signal("SIGKILL");
      child.once("close", () => {
        for (const flush of readers) flush();
        resolve({ code, signal: how, why: "" });
      });
    });
  });
  // Not by a signal to the group: that would also suspend the shell that waits for our end and kills the others.
  const freeze = (): Pick<FrozenProcess, "thaw"> =>
    child.pid === undefined || !canFreeze ? { thaw: () => undefined } : new FrozenProcess(child.pid);
  return { ended, signal, freeze, heardAll };
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // the whole group has ended
  }
}

/** A longer line is passed on in parts. */
const longestLine = 64 * 1024;

/** Returns a function that passes on the last, unfinished line. */
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
