import { residentMegabytes } from "../process-cpu.ts";

/** The memory of processes while something is measured: what they had at first, and at most. */
export class MemoryWatch {
  readonly #mark: string;
  readonly #programs: Readonly<Record<string, string>>;
  readonly #seen = new Map<string, { readonly before: number; readonly most: number }>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param mark      text in the environment of the processes that are meant
   * @param programs  text in the command line of each, by the name to print
   */
  constructor(mark: string, programs: Readonly<Record<string, string>>) {
    this.#mark = mark;
    this.#programs = programs;
  }

  /** Looks now, and every so many milliseconds: looking at every process takes time that the others lack. */
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
