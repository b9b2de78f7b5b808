import type { Traffic } from "../../../shared/broker/access/worker-traffic.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";
import { cutOff } from "./quotas.ts";

/**
 * Connections that one worker's key may keep open. A worker of ours has one. If its line fails silently, it opens
 * another after ten seconds, and the broker takes up to six minutes to notice that the old one is dead, so it may have
 * some forty. With 200 subscriptions each, 490 took 80 MB of the broker's memory (2026-11-29).
 */
const mostConnections = 64;
const countEveryMs = 60_000;

/** Cuts a worker off that keeps very many connections open. */
export class Connections {
  readonly #reign: Reign;
  readonly #list: (() => Promise<readonly Traffic[]>) | undefined;
  #countedAt = Number.NEGATIVE_INFINITY;
  /** How many there were then. */
  #counted = 0;

  /** @param list  gives all open connections of workers; undefined: nobody knows them */
  constructor(reign: Reign, list: (() => Promise<readonly Traffic[]>) | undefined) {
    this.#reign = reign;
    this.#list = list;
  }

  /** @param all  how many there are of all workers; undefined: nobody knows */
  async look(now: number, all: number | undefined): Promise<void> {
    const { ports, state } = this.#reign;
    if (all !== undefined && all <= mostConnections) return;
    const isDue = now - this.#countedAt >= countEveryMs || (all ?? 0) > this.#counted + mostConnections;
    if (!isDue || !this.#list) return;
    const found = await this.#list();
    if (!ports.leads()) return;
    this.#countedAt = now;
    this.#counted = found.length;
    const counts = new Map<string, number>();
    for (const { publicKey } of found) counts.set(publicKey, (counts.get(publicKey) ?? 0) + 1);
    const ids = new Map<string, WorkerId>();
    for (const { id, publicKey } of state.workers.values()) ids.set(publicKey, id);
    for (const [publicKey, count] of counts) {
      const worker = count > mostConnections ? ids.get(publicKey) : undefined;
      if (worker)
        cutOff(this.#reign, worker, `it keeps ${count} connections open, where ${mostConnections} are allowed`);
    }
  }
}
