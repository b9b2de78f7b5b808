import type { Traffic } from "../../../shared/broker/access/worker-traffic.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { lookOften } from "../look-often.ts";
import type { Reign } from "../reign/reign.ts";
import { cutOff } from "./quotas.ts";

const lookEveryMs = 250;
const nothing = { messages: 0, bytes: 0 };
const nobody = "" as WorkerId;

/**
 * Cuts a worker off that sends the broker more than it can store or answer. `mayAsk` and `countEvidence` see only what has come
 * through; meanwhile hundreds of thousands of messages may wait in front of the others' (seen: 462,000 in 10 s, with which nobody's
 * result was stored for minutes).
 */
export class Arrivals {
  readonly #reign: Reign;
  readonly #traffic: () => Promise<readonly Traffic[]>;
  /** Each connection as it was at the last look. */
  #seen: ReadonlyMap<string, Traffic> = new Map();
  #lookedAt = Number.POSITIVE_INFINITY;
  /** By public key. Built anew when a key is not where it was: four times a second would be a tenth of an idle leader's time. */
  #ids: ReadonlyMap<string, WorkerId> = new Map();

  constructor(reign: Reign, traffic: () => Promise<readonly Traffic[]>) {
    this.#reign = reign;
    this.#traffic = traffic;
  }

  async look(): Promise<void> {
    const { quotas, ports, state } = this.#reign;
    const now = ports.clock.monotonic();
    const found = await this.#traffic();
    if (!ports.leads()) return;
    const isKnown = ({ publicKey }: Traffic): boolean =>
      state.workers.get(this.#ids.get(publicKey) ?? nobody)?.publicKey === publicKey;
    if (!found.every(isKnown))
      this.#ids = new Map([...state.workers.values()].map((each) => [each.publicKey, each.id]));
    for (const each of found) {
      const worker = this.#ids.get(each.publicKey);
      const before = this.#seen.get(each.connection) ?? (each.ageMs < now - this.#lookedAt ? nothing : undefined);
      // How fast an older connection came to what it has sent is not known.
      if (!worker || !before) continue;
      const { perSecond } = quotas.limits.arrivals;
      if (!quotas.arrivals.take(worker, now, each.messages - before.messages)) {
        cutOff(this.#reign, worker, `it sent far more than ${perSecond} messages a second`);
      } else if (!quotas.arrivedBytes.take(worker, now, each.bytes - before.bytes)) {
        cutOff(this.#reign, worker, `it sent far more than ${sizeText(quotas.limits.arrivedBytes.perSecond)} a second`);
      }
    }
    this.#seen = new Map(found.map((each) => [each.connection, each]));
    this.#lookedAt = now;
  }
}

/** Looks several times a second. @returns what ends it */
export function watchArrivals(reign: Reign, traffic: () => Promise<readonly Traffic[]>): () => void {
  const arrivals = new Arrivals(reign, traffic);
  return lookOften(reign.ports.clock, lookEveryMs, () => arrivals.look());
}
