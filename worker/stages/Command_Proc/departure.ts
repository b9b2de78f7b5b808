import { writeInside } from "../../../shared/machine/inside.ts";
import { pause } from "../../../shared/time/deadline.ts";
import type { StageContext } from "../stage.ts";
import type { Saving } from "./saving.ts";
import type { TiedProgram } from "./tied-program.ts";

/** A program that ignores SIGTERM is killed after this time, before its runner would be. */
const endGraceMs = 1200;
/** Part of `endGraceMs`: how long a program that asks whether it should stop has before SIGTERM. */
const askGraceMs = 900;
/** The share of the time for saving that a program has before its files are taken as they are. */
export const ownPart = 0.8;
/** The share of `ownPart` that a program that asks whether it should stop has before SIGTERM. */
const askPart = 0.75;
/** Appears in the run's folder when the run is to stop. */
export const shouldStopFile = ".nexus-should-stop";
/**
 * How long to wait for the worker's word after a SIGTERM that may have reached every process. The worker got it at the
 * same moment, but a machine that shuts down is slow. If only the program got it, its run fails this much later.
 */
const wordMs = 15_000;
const lookEveryMs = 100;

/** Ends a program early: its run is stopped or has to leave its worker, or the machine shuts down. */
export class Departure {
  readonly #program: TiedProgram;
  readonly #saving: Saving;
  readonly #asks: boolean;
  readonly #context: StageContext;
  /** While the program leaves: when this fires, its files are taken as they are. */
  #lastMoment: NodeJS.Timeout | undefined;
  #asked: NodeJS.Timeout | undefined;
  #wasTermSent = false;

  /** @param asks  whether the program itself asks if it should stop */
  constructor(program: TiedProgram, saving: Saving, asks: boolean, context: StageContext) {
    this.#program = program;
    this.#saving = saving;
    this.#asks = asks;
    this.#context = context;
    process.on("SIGTERM", this.#term);
    const { signal, leaving } = context;
    if (signal.aborted) this.#stop();
    else if (leaving.aborted) this.#leave();
    leaving.addEventListener("abort", this.#leave, { once: true });
    signal.addEventListener("abort", this.#stop, { once: true });
  }

  /**
   * Call when the program has ended, with the signal that ended it. After a SIGTERM it waits until the worker stops the
   * run or tells it to leave: Slurm, or a machine that shuts down, sends SIGTERM to every process at once.
   */
  async word(how: NodeJS.Signals | null): Promise<void> {
    const { signal, leaving } = this.#context;
    if (how === "SIGTERM" || this.#wasTermSent) {
      const limit = performance.now() + wordMs;
      while (!signal.aborted && (this.#saving.isBusy || (!leaving.aborted && performance.now() < limit)))
        await pause(lookEveryMs);
    }
    clearTimeout(this.#lastMoment);
  }

  close(): void {
    process.off("SIGTERM", this.#term);
    clearTimeout(this.#lastMoment);
    clearTimeout(this.#asked);
    this.#context.leaving.removeEventListener("abort", this.#leave);
    this.#context.signal.removeEventListener("abort", this.#stop);
  }

  readonly #term = (): void => {
    this.#wasTermSent = true;
  };

  readonly #stop = (): void => {
    clearTimeout(this.#lastMoment);
    clearTimeout(this.#asked);
    if (this.#context.leaving.aborted) this.#program.signal("SIGKILL");
    else if (this.#asks) {
      this.#tell("");
      setTimeout(() => this.#end(endGraceMs - askGraceMs), askGraceMs).unref();
    } else this.#end(endGraceMs);
  };

  #end(graceMs: number): void {
    this.#program.signal("SIGTERM");
    setTimeout(() => this.#program.signal("SIGKILL"), graceMs).unref();
  }

  /**
   * Tells the program, which saves itself and ends; then its files are taken. If it does not end, they are taken as
   * they are.
   */
  readonly #leave = (): void => {
    const ms = ownPart * Number(this.#context.leaving.reason);
    if (this.#asks) {
      this.#tell(`{"reason":"leaving","seconds":${ms / 1000}}\n`);
      this.#asked = setTimeout(() => this.#program.signal("SIGTERM"), askPart * ms);
    } else this.#program.signal("SIGTERM");
    this.#lastMoment = setTimeout(() => void this.#saving.take(true), ms);
  };

  #tell(text: string): void {
    writeInside(this.#context.directory, shouldStopFile, text, 0o666);
  }
}
