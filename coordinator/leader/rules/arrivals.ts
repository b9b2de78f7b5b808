import type { Sent, Traffic } from "../../../shared/broker/access/worker-traffic.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { lookOften } from "../look-often.ts";
import type { Reign } from "../reign/reign.ts";
import { cutOff } from "./quotas.ts";

const lookEveryMs = 250;
/** While all workers together send little, the list of their connections is this old at most. */
const freshMs = 20_000;
const nothing: Sent = { messages: 0, bytes: 0 };
const nobody = "" as WorkerId;

export interface TrafficPorts {
  /** What each connection of workers has sent. */
  traffic(): Promise<readonly Traffic[]>;
  /** What all of them have sent together, which is asked for first; left out, or undefined: nobody knows. */
  total?(): Promise<Sent | undefined>;
}

/**
 * Cuts a worker off that sends the broker more than it can store or answer. `mayAsk` and `countEvidence` see only what has come
 * through; meanwhile hundreds of thousands of messages may wait in front of the others' (seen: 462,000 in 10 s, with which nobody's
 * result was stored for minutes).
 */
export class Arrivals {
  readonly #reign: Reign;
  readonly #ports: TrafficPorts;
  /** Each connection as it was at the last look. */
  #seen: ReadonlyMap<string, Traffic> = new Map();
  #lookedAt = Number.POSITIVE_INFINITY;
  /** All of them together, at the last look at that. */
  #sum: (Sent & { readonly at: number }) | undefined;
  /** What they have sent since the last look at the connections, at a rate that each of them may have for ever. */
  #quiet = nothing;
  /** By public key. Built anew when a key is not where it was: four times a second would be a tenth of an idle leader's time. */
  #ids: ReadonlyMap<string, WorkerId> = new Map();

  constructor(reign: Reign, ports: TrafficPorts) {
    this.#reign = reign;
    this.#ports = ports;
  }

  async look(): Promise<void> {
    const { quotas, ports, state } = this.#reign;
    const now = ports.clock.monotonic();
    if (await this.#isQuiet(now)) return;
    const found = await this.#ports.traffic();
    if (!ports.leads()) return;
    const quiet = this.#quiet;
    this.#quiet = nothing;
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
      if (!quotas.arrivals.take(worker, now, less(each.messages - before.messages, quiet.messages))) {
        cutOff(this.#reign, worker, `it sent far more than ${perSecond} messages a second`);
      } else if (!quotas.arrivedBytes.take(worker, now, less(each.bytes - before.bytes, quiet.bytes))) {
        cutOff(this.#reign, worker, `it sent far more than ${sizeText(quotas.limits.arrivedBytes.perSecond)} a second`);
      }
    }
    this.#seen = new Map(found.map((each) => [each.connection, each]));
    this.#lookedAt = now;
  }

  /**
   * Whether all workers together sent no more since the last look than one may: then nobody's bucket is emptier than it was. The
   * list of a thousand connections, four times a second, was a quarter of what idle workers cost broker and coordinator (2026-11-28).
   */
  async #isQuiet(now: number): Promise<boolean> {
    const before = this.#sum;
    const sum = await this.#ports.total?.();
    this.#sum = sum && { ...sum, at: now };
    if (!sum || !before || sum.messages < before.messages) return false;
    const { arrivals, arrivedBytes } = this.#reign.quotas.limits;
    const [messages, bytes] = [sum.messages - before.messages, sum.bytes - before.bytes];
    const seconds = (now - before.at) / 1000;
    if (messages > arrivals.perSecond * seconds || bytes > arrivedBytes.perSecond * seconds) return false;
    this.#quiet = { messages: this.#quiet.messages + messages, bytes: this.#quiet.bytes + bytes };
    return Math.abs(now - this.#lookedAt) < freshMs;
  }
}

/** What was sent in quiet times is nobody's flood. */
const less = (sent: number, quiet: number): number => Math.max(0, sent - quiet);

/** Looks several times a second. @returns what ends it */
export function watchArrivals(reign: Reign, ports: TrafficPorts): () => void {
  const arrivals = new Arrivals(reign, ports);
  return lookOften(reign.ports.clock, lookEveryMs, () => arrivals.look());
}
