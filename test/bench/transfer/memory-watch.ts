import { residentMegabytes } from "../process-cpu.ts";

/** Watches the resident memory of processes: at first, and at most. */
export class MemoryWatch {
  readonly #mark: string;
  readonly #programs: Readonly<Record<string, string>>;
  readonly #seen = new Map<string, { readonly before: number; readonly most: number }>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param mark      text in the environment of the processes to watch
   * @param programs  from the name to print to text in that process's command line
   */
  constructor(mark: string, programs: Readonly<Record<string, string>>) {
    this.#mark = mark;
    this.#programs = programs;
  }

  /** Looks now, then every `everyMs` milliseconds: looking at every process takes CPU time from the others. */
  start(everyMs: number): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A line for each process that was seen. */
  get text(): string {
    const lines = [...this.#seen].map(
      ([name, { before, most }]) =>
        `${name.padEnd(14)}${before.toFixed(0).padStart(6)} MB at first, ${most.toFixed(0)} MB at most\n`,
    );
    return lines.join("");
  }

  #look(): void {
    for (const [name, program] of Object.entries(this.#programs)) {
      const now = residentMegabytes(this.#mark, program);
      if (Number.isNaN(now)) continue;
      const { before = now, most = now } = this.#seen.get(name) ?? {};
      this.#seen.set(name, { before, most: Math.max(most, now) });
    }
  }
}
