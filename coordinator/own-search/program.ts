import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { printable } from "../../shared/domain/printable.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { residentBytes, signalGroup } from "../../shared/machine/process-tree.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import { longestLine } from "./protocol.ts";

/** What to start. */
export interface Launch {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Bytes for the program and what it starts. */
  readonly memory: number;
}

export interface ProgramEars {
  /** A line of its standard output, without the newline. */
  line(text: string): void;
  /** A line of its standard error. */
  grumble(text: string): void;
  /** @param why  how it ended, as completes "the search ..." */
  ended(why: string): void;
}

const memoryEveryMs = 500;
/** Time from the end of its input to SIGKILL. */
export const endGraceMs = 2000;
/** Why a program was killed that stayed after the end of its input. */
export const notEnded = "did not end";
const keptLines = 20;
const keptCharacters = 1500;
/** In this time each output is read up to `pacedCharacters`. A program that prints more waits, and nobody else does. */
const paceMs = 250;
const pacedCharacters = { output: 512 * 1024, complaints: 64 * 1024 };
/** Of the lines that arrive at once on its standard error, only this many are heard: the last ones. */
const mostGrumbles = 100;
/** Characters that are written before the program must have taken some. */
const chunk = 64 * 1024;

/**
 * A shell that waits in the background for the end of descriptor 3, a pipe whose other end this process holds. The kernel closes it
 * when this process dies, and the shell kills the program's group. A line on the pipe says that the program ended.
 */
const tie = '(read -r _ <&3 || kill -KILL -- -$$) >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"';

/** A program that speaks lines, and never outlives this process. Nothing is heard before the call that starts it has returned. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ears: ProgramEars;
  readonly #timers: Timer[] = [];
  readonly #lastWords: string[] = [];
  /** Why it was killed; "" if it was not. */
  #killedFor = "";
  #isOver = false;

  constructor({ command, cwd, env, memory }: Launch, ears: ProgramEars, clock: Clock) {
    this.#ears = ears;
    const [program = "", ...words] = command;
    this.#child = spawn("/bin/sh", ["-c", tie, program, ...words], {
      cwd,
      env,
      detached: true, // its own process group, led by the shell that the program replaces
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    const rope = this.#child.stdio[3] as Writable; // "pipe" makes it one
    // What is written to a program that has ended is lost; its end is told below.
    for (const pipe of [rope, this.#child.stdin]) pipe?.on("error", () => undefined);
    lines(
      this.#child.stdout as Readable, // "pipe" makes it one
      (some) => {
        // The first line that breaks the protocol gets it killed; thousands more may have arrived with it.
        for (const line of some) if (!this.#isOver && this.#killedFor === "") this.#ears.line(line);
      },
      pacedCharacters.output,
      clock,
    );
    lines(
      this.#child.stderr as Readable, // the same
      (some) => {
        for (const line of some.slice(-mostGrumbles)) this.#hearError(line);
      },
      pacedCharacters.complaints,
      clock,
    );
    const end = (why: string): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      for (const timer of this.#timers) timer.cancel();
      this.#ears.ended(this.#killedFor === "" ? why : this.#killedFor);
    };
    this.#child.once("error", (error) => end(`could not be started: ${error.message}`));
    this.#child.once("exit", (code, how) => {
      rope.end("ended\n");
      // Processes that it left behind would keep its pipes open.
      signalGroup(this.#child, "SIGKILL");
      const why = code === 127 ? `could not be started: there is no program ${program} here` : endText(code, how);
      this.#child.once("close", () => end(why));
    });
    this.#timers.push(clock.every(memoryEveryMs, () => this.#checkMemory(memory)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(text: string): void {
    if (!this.#isOver) this.#child.stdin?.write(text);
  }

  /** Writes many lines, as fast as the program reads them; resolves when it has taken most of them, or has ended. */
  async writeAll(texts: Iterable<string>): Promise<void> {
    const stdin = this.#child.stdin as Writable; // "pipe" makes it one
    const gone = once(this.#child, "close").catch(() => undefined);
    let waiting = "";
    for (const text of texts) {
      waiting += text;
      if (waiting.length < chunk) continue;
      const isTaken = stdin.write(waiting);
      waiting = "";
      if (!isTaken && !this.#isOver) await Promise.race([once(stdin, "drain").catch(() => undefined), gone]);
      if (this.#isOver) return;
    }
    this.write(waiting);
  }

  /** Its last lines of standard error. */
  lastWords(): string {
    return this.#lastWords.join("\n").slice(-keptCharacters);
  }

  /** @param why  completes "the search ..." */
  kill(why: string): void {
    if (this.#isOver) return;
    if (this.#killedFor === "") this.#killedFor = why;
    signalGroup(this.#child, "SIGKILL");
  }

  /** Ends the program's input, and kills the program if it stays for `graceMs`. @param last  a last line */
  end(last: string, clock: Clock, graceMs = endGraceMs): void {
    if (this.#isOver) return;
    this.#child.stdin?.end(last);
    this.#timers.push(clock.after(graceMs, () => this.kill(notEnded)));
  }

  #hearError(text: string): void {
    const line = printable(text).slice(0, 500);
    this.#lastWords.push(line);
    if (this.#lastWords.length > keptLines) this.#lastWords.shift();
    this.#ears.grumble(line);
  }

  #checkMemory(most: number): void {
    const bytes = residentBytes(this.pid);
    if (bytes > most) this.kill(`took ${sizeText(bytes)} of memory, where ${sizeText(most)} are allowed (memory)`);
  }
}

const endText = (code: number | null, how: NodeJS.Signals | null): string =>
  how === null ? `ended with exit code ${code}` : `was ended by ${how}`;

/** Hears lines; one that is too long comes in parts, which are no JSON. @param most  characters per `paceMs`, about */
function lines(stream: Readable, hear: (some: readonly string[]) => void, most: number, clock: Clock): void {
  let rest = "";
  let read = 0;
  let since = clock.monotonic();
  stream.setEncoding("utf8");
  stream.on("error", () => undefined);
  stream.on("data", (text: string) => {
    const now = clock.monotonic();
    if (now - since >= paceMs) {
      since = now;
      read = 0;
    }
    read += text.length;
    if (read > most) {
      stream.pause();
      clock.after(paceMs, () => stream.resume());
    }
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    hear(parts.map((part) => part.replace(/\r$/, "")));
    if (rest.length > longestLine) {
      hear([rest]);
      rest = "";
    }
  });
  stream.on("end", () => {
    if (rest !== "") hear([rest]);
  });
}
