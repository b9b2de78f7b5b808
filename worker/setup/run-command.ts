import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { delimiter, resolve as pathFrom } from "node:path";
import type { Readable } from "node:stream";
import { messageOf } from "../../shared/errors.ts";
import { signalGroup } from "../../shared/machine/process-tree.ts";
import type { EndSignal } from "../../shared/ports.ts";
import { reaperSignal } from "../processes/reaper/scripts.ts";

/** How long output is awaited after the end: processes that a command left behind may hold it open. */
const lateMs = 2000;
/** What is kept of a setup's output. */
const mostBytes = 1_000_000;
const mostLines = 40;
const longestLine = 400;

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds after which it is ended. */
  readonly limitMs: number;
  /** Ends it at once. */
  readonly signal: EndSignal;
  /** Words that give it a reaper (processes/reaper); left out: it has none. */
  readonly reaper?: readonly string[] | undefined;
}

/** Output of a setup: all of it in a file, up to a limit, and its last lines. */
export class SetupOutput {
  readonly path: string;
  readonly #file: number;
  #written = 0;
  #rest = "";
  readonly #lines: string[] = [];

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "w", 0o600);
  }

  add(text: string): void {
    const room = mostBytes - this.#written;
    try {
      if (room > 0) this.#written += writeSync(this.#file, text.slice(0, room));
    } catch {
      this.#written = mostBytes; // the disk is full, which only the setup is to fail of
    }
    const lines = (this.#rest + text).split(/\r?\n|\r/);
    this.#rest = (lines.pop() ?? "").slice(-longestLine);
    for (const line of lines) if (line.trim() !== "") this.#lines.push(line.slice(0, longestLine));
    this.#lines.splice(0, Math.max(0, this.#lines.length - mostLines));
  }

  get lastLines(): readonly string[] {
    return this.#rest.trim() === "" ? this.#lines : [...this.#lines, this.#rest];
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * Executes a command to its end; resolves with how it failed, "" if it did not. All of its session ends with it. With a
 * reaper, what has left the session ends too, and everything ends with this process.
 */
export function runCommand(
  command: readonly string[],
  { cwd, env: plain, limitMs, signal, reaper }: CommandOptions,
  output: SetupOutput,
): Promise<string> {
  const [wanted = ""] = command;
  // With a reaper, the exit status would not tell that the program is missing.
  if (reaper && !isThere(wanted, cwd, plain)) return Promise.resolve(missing(wanted));
  const [program = "", ...words] = [...(reaper ?? []), ...command];
  // A reaper in Perl must not complain about locales that are not installed.
  const env = reaper ? { ...plain, PERL_BADLANG: "0" } : plain;
  return new Promise((resolve) => {
    // What it makes is this user's alone, whatever umask the worker was started with.
    const umask = process.umask(0o077);
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      // A session of its own, so that what it starts can be ended with it.
      child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    } catch (error) {
      resolve(`cannot be started: ${messageOf(error)}`); // a word is too long, or has a zero byte in it
      return;
    } finally {
      process.umask(umask);
    }
    let why = "";
    const end = (reason: string): void => {
      why ||= reason;
      // A reaper ends the rest, and then itself.
      if (reaper) child.kill(reaperSignal);
      else signalGroup(child, "SIGKILL");
    };
    const stop = (): void => end("the worker had to end");
    signal.addEventListener("abort", stop);
    const timer = setTimeout(() => end(`it took longer than ${Math.round(limitMs / 60_000)} minutes`), limitMs);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => output.add(text));
    let late: NodeJS.Timeout | undefined;
    child.once("exit", () => {
      late = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
      }, lateMs);
    });
    const done = (how: string): void => {
      clearTimeout(timer);
      clearTimeout(late);
      signal.removeEventListener("abort", stop);
      signalGroup(child, "SIGKILL");
      resolve(how);
    };
    child.once("error", (error: NodeJS.ErrnoException) =>
      done(error.code === "ENOENT" ? missing(program) : error.message),
    );
    child.once("close", (code, how) => {
      if (why !== "") done(why);
      else if (code === 0) done("");
      else done(code === null ? `was ended by ${how}` : `ended with exit code ${code}`);
    });
    if (signal.aborted) stop();
  });
}

const missing = (program: string): string => `there is no program ${program} here`;

/** Whether the system would find it: by its path, or on the PATH. */
const isThere = (program: string, cwd: string, { PATH = "/usr/local/bin:/usr/bin:/bin" }: NodeJS.ProcessEnv): boolean =>
  (program.includes("/") ? [cwd] : PATH.split(delimiter)).some((folder) => existsSync(pathFrom(cwd, folder, program)));
