import { addressText } from "../../shared/broker/address.ts";
import { streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import type { Peer } from "../../shared/broker/peers/peers.ts";
import { BrokerError } from "../../shared/errors.ts";
import { type Bus, BusError, type Clock, type EndSignal } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { streams } from "../../shared/wire/subjects.ts";

const lookEveryMs = 250;
const filled = [streams.journal, streams.evidence, streams.blob];

interface Waiting {
  /** Hears each new reason for the wait. */
  readonly say: (why: string) => void;
  readonly signal: EndSignal;
  readonly clock?: Clock;
}

/**
 * Waits until every peer holds all of the streams that were just filled, however long that takes. An incomplete copy could come to
 * lead its stream, and would be read as a journal without its beginning.
 *
 * @throws BrokerError if the signal aborts before
 */
export async function untilCopied(
  bus: Bus,
  peers: readonly Peer[],
  { say, signal, clock = systemClock }: Waiting,
): Promise<void> {
  let said = "";
  for (;;) {
    const why = await missingCopies(bus, peers);
    if (why === undefined) return;
    if (signal.aborted) throw new BrokerError(`${why}; the next start begins again`);
    if (why !== said) say(why);
    said = why;
    await clock.pause(lookEveryMs, signal);
  }
}

async function missingCopies(bus: Bus, peers: readonly Peer[]): Promise<string | undefined> {
  for (const name of filled) {
    try {
      const { replicas = [] } = (await streamInfo(bus, name)) ?? {};
      const complete = new Set(replicas.filter(({ isCurrent }) => isCurrent).map(({ server }) => server));
      const behind = peers.filter(({ id }) => !complete.has(id)).map(addressText);
      if (behind.length > 0)
        return `waiting: ${behind.join(" and ")} must still copy ${name}; nexus-coord has to run there. The packed workspace is kept until then; if one is gone for good, see "From one broker to peers" in docs/peers.md`;
    } catch (error) {
      if (!(error instanceof BusError) || error.reason === "closed") throw error;
      return `waiting: the peers' servers do not say what they hold of ${name} (${error.message})`;
    }
  }
  return undefined;
}
