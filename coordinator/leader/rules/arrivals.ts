import {
  mostAtOnce,
  type SentByAll,
  type SentSoFar,
  type Traffic,
} from "../../../shared/broker/access/worker-traffic.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { chunkBytes } from "../../../shared/wire/sealed-chunks.ts";
import { lookOften } from "../look-often.ts";
import type { Reign } from "../reign/reign.ts";
import { heldStates } from "./checkpoint-limit.ts";
import { Connections } from "./connections.ts";
import { cutOff } from "./quotas.ts";

const lookEveryMs = 250;
/** While all workers together send little, the list of their connections is this old at most. */
const freshMs = 20_000;
const nothing: SentSoFar = { messages: 0, bytes: 0 };
const nobody = "" as WorkerId;

/** Connections that are listed, as long as they have sent most of what came. */
const usuallyListed = 256;
/** Connections whose counts are remembered. */
const mostSeen = 20_000;
/** What a worker's connection that is not listed may send, as a share of a worker's quota: ten messages a second. */
const besideShare = 1 / 600;

export interface TrafficPorts {
  /** The workers' connections that sent something last, and what they have sent. */
  traffic(most: number): Promise<readonly Traffic[]>;
  /** All open connections of workers. */
  connections?(): Promise<readonly Traffic[]>;
  /** What all of them have sent together, which is asked for first; left out, or undefined: nobody knows. */
  total?(): Promise<SentByAll | undefined>;
}

/**
 * Cuts a worker off that sends the broker more than it can store or answer. `mayAsk` and `countEvidence` see only what has come
 * through; meanwhile hundreds of thousands of messages may be queued ahead of the others' (seen: 462,000 in 10 s, so that no
 * result was stored for minutes).
 */
export class Arrivals {
  readonly #reign: Reign;
  readonly #ports: TrafficPorts;
  readonly #connections: Connections;
  /** Each connection as it was when it was listed last, the latest at the end: others may take turns with it in the list. */
  readonly #seen = new Map<string, SentSoFar & { readonly at: number }>();
  /** When a connection of a worker was listed last. */
  readonly #listedAt = new Map<WorkerId, number>();
  #lookedAt = Number.POSITIVE_INFINITY;
  /** What all workers together had sent at the last look. */
  #sum: (SentSoFar & { readonly at: number }) | undefined;
  /** What all have sent since the last look at the connections, at a rate that one of them may keep up for ever. */
  #quiet = nothing;
  /**
   * Workers by public key. Rebuilt only when a key is no longer where it was: four times a second, that would take a
   * tenth of an idle leader's time.
   */
  #ids: ReadonlyMap<string, WorkerId> = new Map();

  constructor(reign: Reign, ports: TrafficPorts) {
    this.#reign = reign;
    this.#ports = ports;
    this.#connections = new Connections(reign, ports.connections);
  }

  async look(): Promise<void> {
    const { quotas, ports, state } = this.#reign;
    const now = ports.clock.monotonic();
    const before = this.#sum;
    const sum = await this.#ports.total?.();
    this.#sum = sum && { ...sum, at: now };
    await this.#connections.look(now, sum?.connections);
    if (this.#isQuiet(now, before)) return;
    const quiet = this.#quiet;
    this.#quiet = nothing;
    const sent = quiet.messages + (sum && before ? sum.messages - before.messages : 0);
    const found = await this.#list(now, sent);
    if (!ports.leads()) return;
    const isKnown = ({ publicKey }: Traffic): boolean =>
      state.workers.get(this.#ids.get(publicKey) ?? nobody)?.publicKey === publicKey;
    if (!found.every(isKnown)) {
      this.#ids = new Map([...state.workers.values()].map((each) => [each.publicKey, each.id]));
      for (const id of this.#listedAt.keys()) if (!state.workers.has(id)) this.#listedAt.delete(id);
    }
    for (const [worker, { messages, bytes }] of this.#sentBy(found, quiet, now)) {
      const { arrivals, arrivedBytes } = quotas.limits;
      const states = (): number => heldStates(this.#reign, worker);
      // The pieces of states and files count by their bytes alone.
      if (!quotas.arrivals.take(worker, now, less(messages, bytes / chunkBytes))) {
        cutOff(this.#reign, worker, `it sent far more than ${arrivals.perSecond} messages a second`);
      } else if (!quotas.arrivedBytes.take(worker, now, bytes, undefined, states)) {
        cutOff(this.#reign, worker, `it sent far more than ${sizeText(arrivedBytes.perSecond)} a second`, "fills");
      }
      this.#listedAt.set(worker, now);
    }
    for (const { connection, messages, bytes } of found) {
      this.#seen.delete(connection);
      this.#seen.set(connection, { messages, bytes, at: now });
    }
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= mostSeen) break;
      this.#seen.delete(oldest);
    }
    this.#lookedAt = now;
  }

  /** What each listed worker has sent since the last look, less what it may have sent before that while it was not listed. */
  #sentBy(found: readonly Traffic[], quiet: SentSoFar, now: number): ReadonlyMap<WorkerId, SentSoFar> {
    const { arrivals, arrivedBytes } = this.#reign.quotas.limits;
    const sums = new Map<WorkerId, { messages: number; bytes: number }>();
    const unlisted = (at = this.#lookedAt): number => (at < this.#lookedAt ? (this.#lookedAt - at) / 1000 : 0);
    for (const each of found) {
      const worker = this.#ids.get(each.publicKey);
      if (!worker) continue;
      const sum = sums.get(worker) ?? { messages: 0, bytes: 0 };
      sums.set(worker, sum);
      const before = this.#before(each, now);
      // How fast an older connection came to what it has sent is not known.
      if (!before) continue;
      const beside = besideShare * unlisted(before.at);
      sum.messages += less(each.messages - before.messages, quiet.messages + beside * arrivals.perSecond);
      sum.bytes += less(each.bytes - before.bytes, quiet.bytes + beside * arrivedBytes.perSecond);
    }
    for (const [worker, sum] of sums) {
      const seconds = unlisted(this.#listedAt.get(worker));
      sum.messages = less(sum.messages, seconds * arrivals.perSecond);
      sum.bytes = less(sum.bytes, seconds * arrivedBytes.perSecond);
    }
    return sums;
  }

  /** What a connection had sent when it was listed last; undefined: nobody knows. */
  #before({ connection, ageMs }: Traffic, now: number): (SentSoFar & { readonly at: number }) | undefined {
    const isNew = ageMs < now - this.#lookedAt;
    return this.#seen.get(connection) ?? (isNew ? { ...nothing, at: this.#lookedAt } : undefined);
  }

  /** The connections that sent last, and more of them where these have not sent half of what came since the last list. */
  async #list(now: number, sent: number): Promise<readonly Traffic[]> {
    const found = await this.#ports.traffic(usuallyListed);
    let known = 0;
    for (const each of found) known += less(each.messages, (this.#before(each, now) ?? each).messages);
    return 2 * known >= sent ? found : this.#ports.traffic(mostAtOnce);
  }

  /**
   * Whether all workers together sent no more since the last look than one may: then nobody's bucket is emptier than it was. The
   * list of a thousand connections, four times a second, was a quarter of what idle workers cost broker and coordinator (2026-11-28).
   */
  #isQuiet(now: number, before: (SentSoFar & { readonly at: number }) | undefined): boolean {
    const sum = this.#sum;
    if (!sum || !before || sum.messages < before.messages) return false;
    const { arrivals, arrivedBytes } = this.#reign.quotas.limits;
    const [messages, bytes] = [sum.messages - before.messages, sum.bytes - before.bytes];
    const seconds = (now - before.at) / 1000;
    if (messages > arrivals.perSecond * seconds || bytes > arrivedBytes.perSecond * seconds) return false;
    this.#quiet = { messages: this.#quiet.messages + messages, bytes: this.#quiet.bytes + bytes };
    return Math.abs(now - this.#lookedAt) < freshMs;
  }
}

/** What was sent beyond what is harmless. */
const less = (sent: number, harmless: number): number => Math.max(0, sent - harmless);

/** Looks several times a second. @returns what ends it */
export function watchArrivals(reign: Reign, ports: TrafficPorts): () => void {
  const arrivals = new Arrivals(reign, ports);
  return lookOften(reign.ports.clock, lookEveryMs, () => arrivals.look());
}
