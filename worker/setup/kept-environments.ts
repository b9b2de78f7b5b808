import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { bytesIn } from "../../shared/machine/bytes-in.ts";
import type { Clock, Timer } from "../../shared/ports.ts";

export interface KeptOptions {
  /** Each environment is a folder in it, `NAME`, with its marker `NAME.json` and its output `NAME.log`; `downloads` is what pip keeps. */
  readonly folder: string;
  /** Of all that nobody uses; 0 keeps nothing. */
  readonly mostBytes: number;
  readonly clock: Pick<Clock, "wall" | "after">;
  readonly log: Pick<Log, "info" | "warn">;
}

/** What nobody has used for so long is not kept, however much room there is. */
const longestUnusedMs = 14 * 86_400_000;

/**
 * Environments, outputs of setups and downloads on this machine, as far as they may be kept: what was used longest ago goes first,
 * and nothing that somebody uses.
 */
export class KeptEnvironments {
  readonly #options: KeptOptions;
  readonly #users = new Map<string, number>();
  /** An environment does not change once it is made. */
  readonly #sizes = new Map<string, number>();
  #later: Timer | undefined;

  constructor(options: KeptOptions) {
    this.#options = options;
    this.shrink();
  }

  /** It stays until it was released as often. */
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

  /** It was made anew, or grew. */
  changed(name: string): void {
    this.#sizes.delete(name);
  }

  /** Removes what may not be kept, and looks again when the first of the rest has not been used for long. */
  shrink(): void {
    const { folder, mostBytes, clock } = this.#options;
    if (!existsSync(folder)) return;
    const now = clock.wall();
    const names = new Set(readdirSync(folder).map((entry) => entry.replace(/\.(json|log)$/, "")));
    // The clock may have been wrong when a file was written: what is of the future counts as used now.
    const at = (name: string): number => Math.min(now, this.#usedAt(name));
    const kept = [...names].map((name) => ({ name, at: at(name), bytes: this.#sizeOf(name) }));
    let bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
    const unused = kept.filter(({ name }) => !this.#users.has(name)).sort((a, b) => a.at - b.at);
    let firstAt = Number.POSITIVE_INFINITY;
    for (const each of unused) {
      if (bytes > mostBytes || now - each.at >= longestUnusedMs) {
        bytes -= each.bytes;
        this.#remove(each.name);
      } else firstAt = Math.min(firstAt, each.at);
    }
    this.#later?.cancel();
    if (firstAt < Number.POSITIVE_INFINITY)
      this.#later = clock.after(Math.max(1000, firstAt + longestUnusedMs - now), () => this.shrink()).unref();
  }

  #remove(name: string): void {
    const { folder, log } = this.#options;
    this.#sizes.delete(name);
    try {
      // The marker first: what is left of an environment must not be taken for one.
      for (const end of [".json", "", ".log"]) rmSync(join(folder, name + end), { recursive: true, force: true });
      log.info({ name }, "what setups had made was deleted, to make room");
    } catch (error) {
      // A setup may have taken away the right to look into a folder.
      log.warn({ name, error: messageOf(error) }, "what a setup had made cannot be deleted");
    }
  }

  /** Wall clock, milliseconds. */
  #usedAt(name: string): number {
    const { folder } = this.#options;
    const at = ["", ".json", ".log"].map((end) => lstatSync(join(folder, name + end), { throwIfNoEntry: false }));
    return Math.max(0, ...at.map((stat) => stat?.mtimeMs ?? 0));
  }

  #sizeOf(name: string): number {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const { folder, log } = this.#options;
    const size = (end: string): number => lstatSync(join(folder, name + end), { throwIfNoEntry: false })?.size ?? 0;
    let bytes = size(".json") + size(".log");
    try {
      if (lstatSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory()) bytes += bytesIn(join(folder, name));
    } catch (error) {
      log.warn({ name, error: messageOf(error) }, "what a setup had made cannot be measured");
    }
    this.#sizes.set(name, bytes);
    return bytes;
  }
}
