import type { Log } from "../../../shared/log.ts";
import type { Detector, Found, Now, OwnRuns, Use } from "./detector.ts";
import type { Running, StartTool } from "./tool-lines.ts";

/** Percent of a GPU's processors that a program uses; below this a desktop draws its clock. */
const leastPercent = 10;
/** Characters of a program's name, which its owner chooses. */
const longestName = 60;

/**
 * Other programs use a GPU of NVIDIA. One process of nvidia-smi stays and prints every 3 s what each process takes. A process
 * that only keeps memory does not count.
 */
export class GpuUse implements Detector {
  readonly name = "gpu";
  readonly everyMs = 1000;
  readonly #start: StartTool;
  readonly #own: OwnRuns;
  readonly #log: Pick<Log, "warn">;
  #running: Running | undefined;
  #now: Now = { wall: 0, monotonic: 0 };
  #use: Use | undefined;

  constructor(start: StartTool, own: OwnRuns, log: Pick<Log, "warn">) {
    this.#start = start;
    this.#own = own;
    this.#log = log;
  }

  look(now: Now): Found {
    this.#now = now;
    this.#running ??= this.#start(
      { command: "nvidia-smi", words: ["pmon", "-s", "u", "-d", "3"] },
      (line) => this.#hear(line),
      (why) => this.#log.warn(`nobody tells which programs use a GPU: ${why}`),
    );
    return this.#use ? { use: this.#use } : {};
  }

  close(): void {
    this.#running?.stop();
  }

  /** `0  1234  C  45  10  -  -  -  -  python`: GPU, process, type, percent of its processors, and more; "-": not known. */
  #hear(line: string): void {
    const [, gpu = "", pid = "", percent = "", command = ""] =
      /^\s*(\d+)\s+(\d+)\s+\S+\s+(\d+)\s.*?(\S+)\s*$/.exec(line) ?? [];
    if (gpu === "" || Number(percent) < leastPercent || this.#own.pids().includes(Number(pid))) return;
    this.#use = { at: this.#now.monotonic, what: `another program uses GPU ${gpu}: ${command.slice(0, longestName)}` };
  }
}
