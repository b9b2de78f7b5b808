import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identify, isAlive, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { descendantsOf } from "../../shared/machine/process-tree.ts";
import { allProcesses } from "../support/process-list.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A program that is restarted whenever it ends, until told otherwise. */
export class Victim {
  readonly name: string;
  readonly #program: string;
  readonly #args: () => readonly string[];
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #isFrozen = false;
  #starts = 0;
  #isAsked = false;
  /** Unexpected ends of the program: each would need a person. */
  readonly fell: string[] = [];

  constructor(name: string, program: string, args: () => readonly string[], folder: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.#program = program;
    this.#args = args;
    this.#folder = folder;
    this.#env = env;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  start(): void {
    if (this.isRunning) return;
    this.#starts += 1;
    this.#isFrozen = false;
    this.#isAsked = false;
    const child = spawn(process.execPath, [built(this.#program), ...this.#args()], {
      cwd: this.#folder,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const file = createWriteStream(join(this.#folder, `${this.name}.${this.#starts}.out`));
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        said = (said + data.toString()).slice(-500);
      });
    child.once("close", (code, signal) => {
      file.end();
      if (!this.#isAsked)
        this.fell.push(`${this.name} ended by itself (${signal ?? `exit code ${code}`}): ${said.trim()}`);
    });
    this.#child = child;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.isRunning) return;
    if (name === "SIGSTOP") this.#isFrozen = true;
    if (name === "SIGCONT") this.#isFrozen = false;
    if (name !== "SIGSTOP" && name !== "SIGCONT") this.#isAsked = true;
    this.#child?.kill(name);
  }

  /** Continues it if it is frozen, and starts it if it has ended or was told to end. */
  async goOn(): Promise<void> {
    this.signal("SIGCONT");
    if (this.#child && this.isRunning && this.#isAsked) await once(this.#child, "exit");
    this.start();
  }

  /** Ends it for good; kills it after `patienceMs`. */
  async end(patienceMs: number): Promise<void> {
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), patienceMs);
    await ended;
    clearTimeout(timer);
  }
}

/** Descendants of a process whose command line contains a word; Linux only. */
export function descendantsNaming(ancestor: number, word: string): ProcessIdentity[] {
  const below = new Set(descendantsOf(ancestor));
  return allProcesses()
    .filter(({ pid, command }) => command.includes(word) && below.has(pid))
    .flatMap(({ pid }) => identify(pid) ?? []);
}

/** Sends a signal to exactly that process, if it still lives. */
export function signalTo(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
