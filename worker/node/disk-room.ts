import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDiskFull } from "../../shared/broker/server/disk.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import { filesIn } from "../runner/run-folder.ts";
import { type Lending, openLending } from "./lending.ts";

/** Below this a disk counts as full; on a small one, a twentieth of it. */
const leastBytes = 16 * 2 ** 20;
const leastPart = 1 / 20;
/** Runs come back only when there is twice as much, so that the first of them does not close the door again. */
const reopenFactor = 2;
const probeBytes = 64 * 1024;
const lookEveryMs = 5000;

/** Whether a worker's runs, results and logs can still be written. */
export interface DiskRoom {
  /** Asked after a run failed: why, if this machine's full disk may be the cause; "" if not. */
  blameFor(runFolder: string): string;
}

/** Free bytes, and the number below which the disk counts as full. */
interface Room {
  readonly free: number;
  readonly least: number;
}

/** The disk that holds the worker's folder. Without room no run can begin or end well. */
export class WorkerDisk implements DiskRoom {
  readonly #folder: string;
  #isFull = false;
  #onFull: () => void = () => undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Why nothing can be run here now, for people; "" if there is room. */
  trouble(): string {
    const room = this.#room();
    if (typeof room === "string") return room;
    const { free, least } = room;
    const isShort = free < (this.#isFull ? reopenFactor : 1) * least;
    // Free bytes do not show a quota. It is tried only while there is doubt.
    this.#isFull = isShort || (this.#isFull && !this.#takesBytes());
    return this.#isFull ? this.#words(room) : "";
  }

  blameFor(runFolder: string): string {
    const room = this.#room();
    if (typeof room === "string") return room;
    const { free, least } = room;
    if (free >= least && this.#takesBytes()) return "";
    // The run's own files are deleted with it. If that makes room again, the run filled the disk and is to blame.
    const own = sizeOf(runFolder);
    if (free + own >= reopenFactor * least && own > least) return "";
    this.#isFull = true;
    this.#onFull();
    return this.#words(room);
  }

  /** Looks every 5 s, and at once after a run failed for lack of room. Calls `tell` when the answer changes. */
  watch(clock: Pick<Clock, "every">, tell: (lending: Lending) => void): Timer {
    let isOpen = true;
    const look = (): void => {
      const why = this.trouble();
      if ((why === "") === isOpen) return;
      isOpen = why === "";
      tell(isOpen ? openLending : { word: "closed", why, until: "when there is room" });
    };
    this.#onFull = look;
    look();
    return clock.every(lookEveryMs, look).unref();
  }

  /** The room on the disk, or why it cannot be determined. */
  #room(): Room | string {
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#folder);
      return { free: bavail * bsize, least: Math.min(leastBytes, blocks * bsize * leastPart) };
    } catch (error) {
      return `its folder cannot be used: ${messageOf(error)}`;
    }
  }

  #takesBytes(): boolean {
    const path = join(this.#folder, ".room");
    try {
      writeFileSync(path, Buffer.alloc(probeBytes, "room"), { mode: 0o600, flush: true });
      return true;
    } catch (error) {
      // Any other error shows in the run's own failure.
      return !isDiskFull(error);
    } finally {
      rmSync(path, { force: true });
    }
  }

  #words({ free, least }: Room): string {
    const left = `${free === 0 ? "0 bytes" : sizeText(free)} free in ${this.#folder}`;
    return free >= reopenFactor * least
      ? `its disk takes no more: a quota or the limit on a file's size (ulimit -f) is reached, with ${left}`
      : `its disk is full: ${left}`;
  }
}

function sizeOf(folder: string): number {
  try {
    const ignore = (): void => undefined;
    return filesIn(folder, ignore, ignore).reduce((sum, { size }) => sum + size, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
