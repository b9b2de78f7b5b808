import type { Detector, Found, Now } from "./detector.ts";
import type { KernelCounts } from "./kernel-counts.ts";
import type { SystemFiles } from "./system-files.ts";

/** Keyboards and pointing devices with an interrupt of their own: those of laptops. USB shares its interrupts with discs. */
const inputDevice = /i8042|touchpad|trackpoint|ELAN\d|SYNA\d/i;

/** Somebody presses a key or moves a built-in pointing device, whatever the screen shows. */
export class ConsoleKeys implements Detector {
  readonly name = "terminals";
  readonly everyMs = 250;
  readonly #files: SystemFiles;
  readonly #counts: KernelCounts;
  #numbers: readonly number[] | undefined;
  #seen: number | undefined;
  #found: Found = {};

  constructor(files: SystemFiles, counts: KernelCounts) {
    this.#files = files;
    this.#counts = counts;
  }

  look(now: Now): Found {
    this.#numbers ??= inputInterrupts(this.#files.text("/proc/interrupts") ?? "");
    if (this.#numbers.length === 0 || !this.#counts.read(now)) return this.#found;
    const seen = this.#counts.interrupts(this.#numbers);
    if (this.#seen !== undefined && this.#seen !== seen)
      this.#found = { use: { at: now.monotonic, what: "somebody uses its keyboard or pointer" } };
    this.#seen = seen;
    return this.#found;
  }

  close(): void {}
}

function inputInterrupts(text: string): number[] {
  return text.split("\n").flatMap((line) => {
    const number = /^\s*(\d+):/.exec(line)?.[1];
    return number !== undefined && Number(number) < 63 && inputDevice.test(line) ? [Number(number)] : [];
  });
}
