import type { Log } from "../../shared/log.ts";
import { BusError, type Clock, type Entry, type EntryStore } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeLeader, encodeLeader, type LeaderEntry } from "../../shared/wire/messages.ts";
import { leaderKey } from "../../shared/wire/subjects.ts";

/** How often a leader renews its entry. */
const renewEveryMs = 1500;
/** A standby takes over when it has seen the same revision for this long. */
const takeOverAfterMs = 5000;
/** A leader decides nothing when its last renewal is older than this, which is less than a standby waits. */
const leadsForMs = takeOverAfterMs - 500;
const pollMs = 250;

export type LeaderIdentity = Pick<LeaderEntry, "leader" | "host" | "pid" | "started">;

export interface LeadershipPorts {
  readonly entries: EntryStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the process that an entry names ran on this machine and is dead. */
  isKnownDead(entry: LeaderEntry): boolean;
  /** Called when a standby first sees another leader. */
  onStandby?(): void;
  /** Throws if this process must not lead, since it cannot tell whether to believe the journal. */
  checkJournal?(): Promise<void>;
}

/**
 * Who leads: the holder of an entry in the broker, who renews it. A standby measures time by its own monotonic clock from its
 * first sight of a revision; wall clocks and the broker's own expiry play no part.
 */
export class Leadership {
  readonly term: number;
  #revision: number;
  #renewedAt: number;
  #lost = false;
  readonly #ports: LeadershipPorts;
  readonly #identity: LeaderIdentity;
  readonly #renewing = new AbortController();
  readonly #done: Promise<void>;
  readonly #onLost: (why: string) => void;

  private constructor(
    ports: LeadershipPorts,
    identity: LeaderIdentity,
    entry: { term: number; revision: number; at: number },
    onLost: (why: string) => void,
  ) {
    this.#ports = ports;
    this.#identity = identity;
    this.term = entry.term;
    this.#revision = entry.revision;
    this.#renewedAt = entry.at;
    this.#onLost = onLost;
    this.#done = this.#renew();
  }

  /** Waits, as a standby, until this process leads, under a term above `leastTerm`; undefined if the signal ends the wait. */
  static async take(
    ports: LeadershipPorts,
    identity: LeaderIdentity,
    onLost: (why: string) => void,
    signal: AbortSignal,
    leastTerm = 0,
  ): Promise<Leadership | undefined> {
    const { entries, clock, log } = ports;
    let seen: { revision: number; since: number } | undefined;
    let saidWho = "";
    while (!signal.aborted) {
      try {
        const found = await entries.get(leaderKey);
        const entry = found ? readEntry(found, log) : undefined;
        const now = clock.monotonic();
        if (found && seen?.revision !== found.revision) seen = { revision: found.revision, since: now };
        const free =
          !found ||
          entry?.released === true ||
          (entry !== undefined && ports.isKnownDead(entry)) ||
          (seen !== undefined && now - seen.since >= takeOverAfterMs);
        if (free) {
          await ports.checkJournal?.();
          const term = Math.max(entry?.term ?? 0, leastTerm) + 1;
          const value = encodeLeader({ ...identity, term, released: false });
          const at = clock.monotonic();
          const revision = found
            ? await entries.update(leaderKey, value, found.revision)
            : await entries.create(leaderKey, value);
          if (revision !== null) return new Leadership(ports, identity, { term, revision, at }, onLost);
        } else if (entry && saidWho !== entry.leader) {
          saidWho = entry.leader;
          log.info(
            { leader: entry.leader, host: entry.host, term: entry.term },
            "standing by: another coordinator leads",
          );
          ports.onStandby?.();
        }
      } catch (error) {
        if (!(error instanceof BusError) || error.reason === "closed") throw error;
        log.warn({ reason: error.reason }, `standing by: ${error.message}`);
      }
      await clock.pause(pollMs, signal);
    }
    return undefined;
  }

  /** Whether this process may answer and decide at this moment. */
  get leads(): boolean {
    return !this.#lost && this.#ports.clock.monotonic() - this.#renewedAt < leadsForMs;
  }

  /** Steps down, so that the next leader need not wait. */
  async release(): Promise<void> {
    this.#renewing.abort();
    await this.#done;
    if (this.#lost) return;
    this.#lost = true;
    const entry = encodeLeader({ ...this.#identity, term: this.term, released: true });
    try {
      await this.#ports.entries.update(leaderKey, entry, this.#revision);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#ports.log.warn(
        `could not step down in the broker (${error.message}); the next leader waits ${takeOverAfterMs} ms`,
      );
    }
  }

  async #renew(): Promise<void> {
    const { entries, clock, log } = this.#ports;
    const { signal } = this.#renewing;
    const value = encodeLeader({ ...this.#identity, term: this.term, released: false });
    await clock.pause(renewEveryMs, signal);
    while (!signal.aborted && !this.#lost) {
      const sentAt = clock.monotonic();
      try {
        const revision = await entries.update(leaderKey, value, this.#revision);
        if (revision === null) await this.#lookAgain();
        else {
          this.#revision = revision;
          this.#renewedAt = sentAt;
        }
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (error.reason === "closed") return;
        log.warn({ reason: error.reason }, `renewing the lead: ${error.message}`);
      }
      await clock.pause(renewEveryMs, signal);
    }
  }

  /** A renewal that timed out may have been stored: then the entry is still ours, under a newer revision. */
  async #lookAgain(): Promise<void> {
    const found = await this.#ports.entries.get(leaderKey);
    const entry = found ? readEntry(found, this.#ports.log) : undefined;
    const isOurs = entry && entry.leader === this.#identity.leader && entry.term === this.term;
    // An entry that no coordinator wrote is overwritten.
    if (found && (isOurs || found.isForeign)) {
      this.#revision = found.revision;
      return;
    }
    this.#lost = true;
    this.#onLost(`${entry?.leader ?? "another coordinator"} leads now, term ${entry?.term ?? "unknown"}`);
  }
}

/** Undefined for an entry that cannot be believed: the lead is free once its revision has not changed for a while. */
function readEntry({ value, isForeign = false }: Entry, log: Log): LeaderEntry | undefined {
  if (isForeign) return undefined;
  try {
    return decodeLeader(value);
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    log.error(`the leader's entry cannot be read: ${error.message}`);
    return undefined;
  }
}
