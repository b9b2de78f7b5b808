import type { Log } from "../../../shared/log.ts";
import type { Detector, Found, Now, OwnRuns } from "./detector.ts";
import { LastingTool } from "./lasting-tool.ts";
import type { StartTool } from "./tool-lines.ts";

/** Percent of a GPU's processors that a program uses; below this a desktop draws its clock. */
const leastPercent = 10;
/** Most characters of a program's name, which anybody may choose. */
const longestName = 60;

/**
 * It prints a line for each GPU every 3 s, also while nothing uses it: after this long without one it does not answer. A tool that
 * writes to a pipe may keep its lines until they are 4 kB, which one GPU's are in 150 s.
 */
const silentMs = 300_000;

/** What nvidia-smi says where there is nothing to use: the GPU was taken out, or its driver is not loaded. */
const nothingToUse = /no devices (were )?found|couldn't communicate with the NVIDIA driver/i;

/**
 * Other programs use a GPU of NVIDIA. One process of nvidia-smi stays and prints every 3 s what each process takes. A process
 * that only keeps memory does not count. While nvidia-smi tells nothing, a GPU counts as in use.
 */
export class GpuUse implements Detector {
  readonly name = "gpu";
  readonly everyMs = 1000;
  readonly #own: OwnRuns;
  readonly #tool: LastingTool;
  #now: Now = { wall: 0, monotonic: 0 };
  #found: Found = {};
  #hasNone = false;

  constructor(start: StartTool, own: OwnRuns, log: Pick<Log, "warn">) {
    this.#own = own;
    const tool = { command: "nvidia-smi", words: ["pmon", "-s", "u", "-d", "3"] };
    this.#tool = new LastingTool(
      { start, log },
      tool,
      (line) => this.#hear(line),
      "nobody tells which programs use a GPU",
      silentMs,
    );
  }

  look(now: Now): Found {
    this.#now = now;
    const tells = this.#tool.look(now.monotonic);
    if (tells === "yes" || this.#hasNone) return this.#found;
    const found = { use: { at: now.monotonic, what: "another program may use a GPU" } };
    // What was done meanwhile cannot be found out later.
    if (tells === "no more") this.#found = found;
    return found;
  }

  close(): void {
    this.#tool.stop();
  }

  /** `0  1234  C  45  10  -  -  -  -  python`: GPU, process, type, percent of its processors, and more; "-": not known. */
  #hear(line: string): boolean {
    this.#hasNone = nothingToUse.test(line);
    const [, gpu = "", pid = "", percent = "", command = ""] =
      /^\s*(\d+)\s+(\d+|-)\s+\S+\s+(\d+|-)\s.*?(\S+)\s*$/.exec(line) ?? [];
    if (gpu === "") return false;
    if (Number(percent) >= leastPercent && !this.#own.pids().includes(Number(pid))) {
      const what = `another program uses GPU ${gpu}: ${command.slice(0, longestName)}`;
      this.#found = { use: { at: this.#now.monotonic, what } };
    }
    return true;
  }
}
