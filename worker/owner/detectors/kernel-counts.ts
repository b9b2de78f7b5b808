import type { Now } from "./detector.ts";
import type { SystemFiles } from "./system-files.ts";

export const ticksPerSecond = 100;

const digit0 = 0x30;
const newline = 0x0a;

/** /proc/stat, read once for each look, four times a second: so its bytes are walked, and no text is made of them. */
export class KernelCounts {
  /** Clock ticks of all cores since the start: programs of usual priority, nice ones, and the kernel for both. */
  user = 0;
  nice = 0;
  system = 0;
  readonly #file: ReturnType<SystemFiles["beginning"]>;
  #at = -1;
  #length = 0;
  #next = 0;

  constructor(files: SystemFiles) {
    this.#file = files.beginning("/proc/stat");
  }

  /** Updates the counts. Returns false where there is no /proc/stat. */
  read({ monotonic }: Now): boolean {
    if (monotonic === this.#at) return this.#length > 0;
    this.#at = monotonic;
    this.#length = this.#file.read();
    this.#next = 0;
    this.user = this.#number();
    this.nice = this.#number();
    this.system = this.#number();
    return this.#length > 0;
  }

  /** How often the interrupts with these numbers came, all together. */
  interrupts(numbers: readonly number[]): number {
    const start = this.#file.bytes.indexOf("\nintr ");
    if (start < 0) return 0;
    this.#next = start;
    this.#number(); // of all interrupts
    let sum = 0;
    const last = Math.max(...numbers);
    for (let number = 0; number <= last; number += 1) {
      const count = this.#number();
      if (numbers.includes(number)) sum += count;
    }
    return sum;
  }

  /** The next number of the line. */
  #number(): number {
    const { bytes } = this.#file;
    let at = this.#next;
    const isDigit = (): boolean => (bytes[at] ?? 0) >= digit0 && (bytes[at] ?? 0) <= digit0 + 9;
    while (at < this.#length && !isDigit() && (at === this.#next || bytes[at] !== newline)) at += 1;
    let value = 0;
    for (; at < this.#length && isDigit(); at += 1) value = value * 10 + (bytes[at] ?? 0) - digit0;
    this.#next = at;
    return value;
  }
}
