import { lstatSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { isJobName, type JobName, type RunName } from "../../../shared/domain/names.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { EndSignal } from "../../../shared/ports.ts";
import { Ending } from "../../../shared/time/ending.ts";
import type { Ports } from "../ports.ts";
import type { KnownJobs } from "./known-job.ts";

/** So long a worker that starts asks whether a job was released: of one that it never knew, the coordinator says nothing. */
const askingMs = 60_000;
/** Folders whose content no later process needs. */
const passing = ["states", "runs"] as const;

type PlacesPorts = Ports<"clock" | "log" | "removeFolder">;

/**
 * Where the runs of a worker have their folders. What cannot be deleted there, such as what a container left, stays; it is put aside
 * if its run comes back.
 */
export class RunPlaces {
  readonly #ports: PlacesPorts;
  readonly #base: string;
  readonly #jobs: Pick<KnownJobs, "isOver">;

  /** @param base  the worker's own folder */
  constructor(ports: PlacesPorts, base: string, jobs: Pick<KnownJobs, "isOver">) {
    this.#ports = ports;
    this.#base = base;
    this.#jobs = jobs;
  }

  /** Deletes what is left of runs that an earlier process did not finish, and what was released while nobody heard it here. */
  begin(living: EndSignal): void {
    for (const kind of passing) this.#removeParts(2, kind);
    const held = this.#partsOf("held").filter(isJobName);
    if (held.length === 0) return;
    const asking = new Ending();
    void this.#ports.clock.pause(askingMs, living).then(() => asking.abort());
    for (const job of held) void this.release(job, asking);
  }

  /**
   * Folders for a run, and apart from them what earlier attempts left: no program imports anything from there by chance.
   *
   * @param isHeld  it stays until the job is released
   */
  of(job: JobName, run: RunName, isHeld: boolean): { readonly directory: string; readonly stateDirectory: string } {
    return {
      directory: this.#freed(isHeld ? "held" : "runs", job, run),
      stateDirectory: this.#freed("states", job, run),
    };
  }

  /** The folder's path. What an earlier attempt left there is gone, or has another name. */
  #freed(...names: readonly string[]): string {
    const folder = join(this.#base, ...names);
    try {
      if (lstatSync(folder, { throwIfNoEntry: false }) && !this.#remove(...names))
        renameSync(folder, `${folder}.left-${this.#ports.clock.wall()}`);
    } catch (error) {
      this.#ports.log.warn({ folder }, `what a run left cannot be put aside: ${messageOf(error)}`);
    }
    return folder;
  }

  /** Deletes what a run left, apart from what is held. */
  clear(job: JobName, run: RunName): void {
    for (const kind of passing) this.#remove(kind, job, run);
  }

  /** A held job was released: its run folders are deleted once the coordinator confirms it. */
  async release(job: JobName, signal?: EndSignal): Promise<void> {
    if (await this.#jobs.isOver(job, signal)) this.#removeParts(1, "held", job);
  }

  /** What the folder contains; nothing if it is a link, or cannot be read. */
  #partsOf(...names: readonly string[]): string[] {
    const folder = join(this.#base, ...names);
    try {
      return lstatSync(folder).isDirectory() ? readdirSync(folder) : [];
    } catch {
      return []; // there never was such a folder, or `#remove` says what is wrong
    }
  }

  /**
   * Deletes a folder part by part: a part that cannot be deleted keeps none but the folders that contain it.
   *
   * @param levels  how deep the parts lie
   * @returns whether it is gone
   */
  #removeParts(levels: number, ...names: readonly string[]): boolean {
    const parts = levels === 0 ? [] : this.#partsOf(...names);
    const gone = parts.map((part) => this.#removeParts(levels - 1, ...names, part));
    return gone.every(Boolean) && this.#remove(...names);
  }

  #remove(...names: readonly string[]): boolean {
    const folder = join(this.#base, ...names);
    try {
      this.#ports.removeFolder(folder);
      return true;
    } catch (error) {
      this.#ports.log.warn({ folder }, `what a run left cannot be deleted: ${messageOf(error)}`);
      return false;
    }
  }
}
