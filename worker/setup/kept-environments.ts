import { existsSync, lstatSync, renameSync, rmSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { bytesBelow } from "../../shared/machine/bytes-in.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import { openFolders } from "../processes/remove-folder.ts";

export interface KeptOptions {
  /**
   * Each environment is a folder in it, `NAME`, with its marker `NAME.json` and its output `NAME.log`. `downloads` is what pip keeps,
   * in a sandbox `NAME.downloads` while it is made.
   */
  readonly folder: string;
  /** Limit on the bytes of all together, above which unused ones are deleted; 0 keeps nothing unused. */
  readonly mostBytes: number;
  readonly clock: Pick<Clock, "wall" | "after">;
  readonly log: Pick<Log, "info" | "warn">;
}

/** What nobody has used for this long is not kept, however much room there is. */
const longestUnusedMs = 14 * 86_400_000;

/** Ends the name of what is being deleted: it is no environment any more. */
const goneEnd = ".gone";

/**
 * Environments, outputs of setups and downloads on this machine, as far as they may be kept: what was used longest ago
 * goes first; what somebody uses stays. They are measured and deleted while runs go on: tens of thousands of files on a
 * slow disk take longer than a lease.
 */
export class KeptEnvironments {
  readonly #options: KeptOptions;
  readonly #users = new Map<string, number>();
  /** An environment does not change once it is made. */
  readonly #sizes = new Map<string, number>();
  #changes = 0;
  #later: Timer | undefined;
  #isDue = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: KeptOptions) {
    this.#options = options;
    this.shrink();
  }

  /** Keeps `name` until it has been released as often. */
  hold(name: string): void {
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
  }

  release(name: string): void {
    const users = (this.#users.get(name) ?? 1) - 1;
    if (users > 0) this.#users.set(name, users);
    else {
      this.#users.delete(name);
      this.shrink();
    }
  }

  /** Deletes `name`, whoever holds it. */
  discard(name: string): void {
    const { folder, log } = this.#options;
    this.#users.delete(name);
    try {
      renameSync(join(folder, name), join(folder, name + goneEnd));
    } catch (error) {
      log.warn({ name, error: messageOf(error) }, cannotDelete);
    }
    this.shrink();
  }

  /** `name` was rebuilt, or has grown. */
  changed(name: string): void {
    this.#sizes.delete(name);
    this.#changes += 1;
  }

  /** Soon removes what may not be kept, and looks again when the first of the rest has been unused for too long. */
  shrink(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#work = this.#work.then(async () => {
      this.#isDue = false;
      try {
        await this.#shrink();
      } catch (error) {
        this.#options.log.warn({ error: messageOf(error) }, "what setups have made cannot be looked through");
      }
    });
  }

  async #shrink(): Promise<void> {
    const { folder, mostBytes, clock } = this.#options;
    if (!existsSync(folder)) return;
    const names = new Set<string>();
    const sizes = new Map<string, number>();
    for (const entry of await readdir(folder)) {
      // An earlier process may have left it.
      if (entry.endsWith(goneEnd)) await this.#delete(entry);
      else names.add(entry.replace(/\.(json|log)$/, ""));
    }
    for (const name of names) sizes.set(name, await this.#sizeOf(name));
    const now = clock.wall();
    // The clock may have been wrong when a file was written: a time in the future counts as now.
    const kept = [...sizes].map(([name, bytes]) => ({ name, at: Math.min(now, this.#usedAt(name)), bytes }));
    let bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
    const unused = kept.filter(({ name }) => !this.#users.has(name)).sort((a, b) => a.at - b.at);
    let firstAt = Number.POSITIVE_INFINITY;
    const doomed: string[] = [];
    for (const each of unused) {
      if (bytes > mostBytes || now - each.at >= longestUnusedMs) {
        bytes -= each.bytes;
        doomed.push(each.name);
      } else firstAt = Math.min(firstAt, each.at);
    }
    this.#later?.cancel();
    if (firstAt < Number.POSITIVE_INFINITY)
      this.#later = clock.after(Math.max(1000, firstAt + longestUnusedMs - now), () => this.shrink()).unref();
    for (const name of doomed) await this.#remove(name);
  }

  async #remove(name: string): Promise<void> {
    // Somebody may use it by now. From here until it is renamed nobody else can come.
    if (this.#users.has(name)) return;
    const { folder, log } = this.#options;
    const place = join(folder, name);
    this.#sizes.delete(name);
    try {
      // The marker first: what is left of an environment must not be taken for one.
      for (const end of [".json", ".log"]) rmSync(place + end, { recursive: true, force: true });
      if (existsSync(place)) renameSync(place, place + goneEnd);
    } catch (error) {
      log.warn({ name, error: messageOf(error) }, cannotDelete);
      return;
    }
    log.info({ name }, "what setups had made is deleted, to make room");
    await this.#delete(name + goneEnd);
  }

  async #delete(entry: string): Promise<void> {
    const { folder, log } = this.#options;
    try {
      const place = join(folder, entry);
      const remove = (): Promise<void> => rm(place, { recursive: true, force: true });
      // A setup may have taken away the right to look into a folder.
      await remove().catch(() => {
        openFolders(place);
        return remove();
      });
    } catch (error) {
      log.warn({ name: entry, error: messageOf(error) }, cannotDelete);
    }
  }

  /** When it was last used, in milliseconds of the wall clock. */
  #usedAt(name: string): number {
    const { folder } = this.#options;
    const at = ["", ".json", ".log"].map((end) => lstatSync(join(folder, name + end), { throwIfNoEntry: false }));
    return Math.max(0, ...at.map((stat) => stat?.mtimeMs ?? 0));
  }

  async #sizeOf(name: string): Promise<number> {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const { folder, log } = this.#options;
    const changes = this.#changes;
    const size = (end: string): number => lstatSync(join(folder, name + end), { throwIfNoEntry: false })?.size ?? 0;
    let bytes = size(".json") + size(".log");
    try {
      if (lstatSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
        bytes += await bytesBelow(join(folder, name));
    } catch (error) {
      log.warn({ name, error: messageOf(error) }, "what a setup had made cannot be measured");
    }
    if (changes === this.#changes) this.#sizes.set(name, bytes);
    return bytes;
  }
}

const cannotDelete = "what a setup had made cannot be deleted";
