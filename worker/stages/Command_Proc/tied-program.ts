import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { signalGroup } from "../../../shared/machine/process-tree.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { canFreeze, FrozenProcess } from "../../processes/frozen-process.ts";
import { sameAutogroup } from "../../processes/priority/autogroup.ts";
import { StageFailure } from "../stage.ts";

/**
 * A shell that waits in the background for the end of descriptor 3, a pipe whose other end this process holds. The kernel
 * closes it when this process dies, and the shell kills the program's group. A line on the pipe says that the program ended.
 */
const script = '(read -r _ <&3 || kill -KILL -- -$$) >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';

/** If a frozen program is silent for this long, its pipes are empty. */
const quietMs = 20;
const mostQuietMs = 300;
/** After a program ended, how long its output is read if a process that it left behind keeps the pipes open. */
const mostLastWordsMs = 2000;

/** Exit code or signal; or, in `why`, the reason why the program could not be started. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly why: string;
}

export interface TiedProgram {
  readonly ended: Promise<ProgramEnd>;
  /** Sends a signal to the program and its descendants. */
  signal(name: NodeJS.Signals): void;
  /** Suspends the program and its descendants until thawed. */
  freeze(): Pick<FrozenProcess, "thaw">;
  /** For a frozen program: resolves when everything it printed has been read. */
  heardAll(): Promise<void>;
}

/** Starts a program that never outlives this process. `onLines` gets the lines it prints, without the newlines, as they come. */
export function startTied(
  [program = "", ...args]: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  onLines: (lines: readonly string[], isError: boolean) => void,
): TiedProgram {
  const child = inShell([program, ...args], options);
  const tie = child.stdio[3] as Writable; // "pipe" makes it one
  tie.on("error", () => tie.destroy()); // the shell may be gone already
  const readers = [
    lines(child.stdout as Readable, (some) => onLines(some, false)),
    lines(child.stderr as Readable, (some) => onLines(some, true)),
  ];
  let heardAt = performance.now();
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", () => {
      heardAt = performance.now();
    });
  const heardAll = async (mostMs = mostQuietMs): Promise<void> => {
    const limit = performance.now() + mostMs;
    // The contents of the pipe arrive in the next turns of the event loop.
    do await pause(quietMs);
    while (performance.now() - heardAt < quietMs && performance.now() < limit);
  };
  const signal = (name: NodeJS.Signals): void => signalGroup(child, name);
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, why: error.message }));
    child.once("exit", (code, how) => {
      tie.end("ended\n");
      // Processes that the program left behind would keep its pipes open and occupy the machine.
      signal("SIGKILL");
      const end = (): void => {
        for (const flush of readers) flush();
        resolve({ code, signal: how, why: "" });
      };
      child.once("close", end);
      // A process in a session of its own lives until the run ends. What the program itself said is in the pipe by now.
      void heardAll(mostLastWordsMs).then(() => {
        for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      });
    });
  });
  // A signal to the group would also suspend the shell that kills the program if this process dies.
  const freeze = (): Pick<FrozenProcess, "thaw"> =>
    child.pid === undefined || !canFreeze ? { thaw: () => undefined } : new FrozenProcess(child.pid);
  return { ended, signal, freeze, heardAll };
}

/** @throws StageFailure if the words and the environment are longer than the system accepts */
function inShell(words: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
  try {
    return spawn("/bin/sh", ["-c", `${sameAutogroup()}${script}`, ...words], {
      ...options,
      detached: true, // its own process group, led by the shell that the program replaces
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "E2BIG") throw error;
    const why = "its arguments and environment are longer than this system takes (Linux: 128 kB each)";
    throw new StageFailure(`${words[0]} could not be started: ${why}`);
  }
}

/** Characters. An unfinished line that is longer is passed on in parts. */
const longestLine = 64 * 1024;

/** Returns a function that passes on the last, unfinished line. */
function lines(stream: Readable, onLines: (lines: readonly string[]) => void): () => void {
  let rest = "";
  const flush = (): void => {
    if (rest !== "") onLines([rest]);
    rest = "";
  };
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    if (parts.length > 0) onLines(parts.map((part) => (part.endsWith("\r") ? part.slice(0, -1) : part)));
    if (rest.length > longestLine) flush();
  });
  return flush;
}
