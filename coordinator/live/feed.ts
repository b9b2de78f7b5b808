import { followJournal } from "../../shared/broker/store/journal-reader.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { distrustOf, isNewestStay, isOpen, resultBy, type Trial, whyUnheard } from "../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { JournalCorruptError } from "../../shared/errors.ts";
import type { Bus, StoredMessage } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeEvidence, decodeStatus, type Evidence } from "../../shared/wire/messages.ts";
import { asksWhoHears } from "../../shared/wire/status.ts";
import { parseEvidence, status, streams } from "../../shared/wire/subjects.ts";
import { EarlyEvidence, isEarly } from "../reading/early-evidence.ts";
import { readEvidence } from "../reading/evidence-reader.ts";
import type { LiveSearch } from "./live-search.ts";

/** How often to check the connection, and for wanted curves that have not been read. */
const lookMs = 500;
/** The client reconnects by itself; a shorter absence is not mentioned. */
const awayMs = 3000;
/** How often the console that is shown is read again. */
const consoleMs = 3000;
/** How many messages before the end of EV following begins: enough for the curves of the runs under way. */
const messagesBack = 3000;
/** Most runs to read from the broker at once, so that the connection stays free for news. */
const mostAtOnce = 40;

/** Evidence that a view shows, and so wants read whole. */
export interface WantedEvidence {
  readonly trials: readonly Trial[];
  /** Whether their consoles are shown, which grow while a run goes on. */
  readonly hasConsole: boolean;
}

export interface FeedPorts {
  readonly bus: Bus;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Something to show has come. */
  readonly changed: () => void;
  /** The evidence that is shown at the moment. Default: the view shows no curves, and no evidence is read. */
  readonly wanted?: () => WantedEvidence;
}

/** Brings a search up to date: journal, reports, the leader's status. Runs from `start` to `stop`. */
export class Feed {
  readonly #search: LiveSearch;
  readonly #ports: FeedPorts;
  /** Trials whose evidence was read: when, and whether they had ended by then. */
  readonly #read = new Map<Trial, { readonly at: number; readonly wasOver: boolean }>();
  readonly #early = new EarlyEvidence();
  readonly #end = new AbortController();
  /** Functions that end the subscriptions. */
  readonly #stops: (() => unknown)[] = [];
  #table: RunTable | undefined;

  constructor(search: LiveSearch, ports: FeedPorts) {
    this.#search = search;
    this.#ports = ports;
  }

  /**
   * Resolves when the journal has been read to its end.
   *
   * @throws JournalCorruptError if the journal cannot be read
   */
  async start(onCorrupt: (error: JournalCorruptError) => void): Promise<void> {
    const { bus, changed, now, wanted } = this.#ports;
    const search = this.#search;
    const follower = await followJournal(
      bus,
      (event, state) => {
        search.happened(event, state);
        if (event.type === "assigned" && event.job === search.job)
          for (const message of this.#early.take(event.n)) this.#hear(message);
        changed();
      },
      onCorrupt,
    );
    this.#stops.push(() => follower.stop());
    search.live(follower.state);
    if (wanted) await this.#followEvidence();
    this.#stops.push(
      bus.subscribe(status, (_subject, data) => {
        if (asksWhoHears(data)) return;
        try {
          search.heard(decodeStatus(data), now());
          changed();
        } catch (error) {
          if (!(error instanceof BadMessage)) throw error;
          search.note(`the leader's status could not be read: ${error.message}`, "trouble");
        }
      }),
    );
    void this.#look(this.#end.signal);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
  }

  async #followEvidence(): Promise<void> {
    const { bus, changed } = this.#ports;
    const search = this.#search;
    search.isCatchingUp = true;
    const last = await bus.lastSeq(streams.evidence);
    const from = Math.max(1, last - messagesBack);
    const evidence = await bus.read(streams.evidence, from, (message) => this.#hear(message));
    this.#stops.push(() => evidence.stop());
    void evidence.caughtUp.then(() => {
      search.isCatchingUp = false;
      changed();
    });
  }

  #hear(message: StoredMessage): void {
    const { subject, data } = message;
    const address = parseEvidence(subject);
    if (!address || address.job !== this.#search.job) return;
    let told: Evidence;
    try {
      told = decodeEvidence(address, data);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      return; // the leader logs and counts it
    }
    if (told.kind === "released") return;
    const trial = this.#search.table?.trial(address.n);
    if (!trial || isEarly(trial, told.attempt)) {
      this.#early.keep(address.n, message);
      return;
    }
    const { worker } = address;
    if (whyUnheard(trial, { ...told, worker }) !== undefined || !isOfHolder(trial, worker, told.attempt)) return;
    this.#search.reported(address.n, told.reports, this.#ports.now(), told.attempt);
    this.#ports.changed();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { bus, changed, now } = this.#ports;
    let seenAt = now();
    while (!signal.aborted) {
      await pause(lookMs, signal);
      if (signal.aborted) return;
      if (bus.isConnected()) seenAt = now();
      const isAway = now() - seenAt > awayMs;
      if (isAway !== this.#search.isAway) {
        this.#search.isAway = isAway;
        changed();
      }
      if (!isAway) await this.#readWanted(signal);
    }
  }

  /** Reads the curves and consoles that are shown and that nobody has read yet. */
  async #readWanted(signal: AbortSignal): Promise<void> {
    const { bus, changed, now, wanted } = this.#ports;
    const { table } = this.#search;
    if (!table || !wanted) return;
    // Another job's curves replace this one's.
    if (table !== this.#table) this.#read.clear();
    this.#table = table;
    const { trials: shown, hasConsole } = wanted();
    const trials = shown.filter((trial) => this.#isToRead(trial, hasConsole)).slice(0, mostAtOnce);
    if (trials.length === 0) return;
    const wasOver = trials.map((trial) => !isOpen(trial));
    try {
      const found = await readEvidence(
        bus,
        trials.map((trial) => ({ table, trial })),
      );
      if (signal.aborted || this.#search.table !== table) return;
      for (const [i, trial] of trials.entries()) {
        this.#read.set(trial, { at: now(), wasOver: wasOver[i] ?? false });
        const each = found[i];
        if (each) this.#search.evidenceRead(trial.n, each);
      }
      changed();
    } catch (error) {
      // Tried again at the next look: the broker may be on its way back.
      this.#search.note(`curves could not be read: ${String(error)}`, "trouble");
    }
  }

  /** A trial is read once while it runs and once when it has ended; a shown console is read again in between. */
  #isToRead(trial: Trial, hasConsole: boolean): boolean {
    const read = this.#read.get(trial);
    // The store keeps only some curves: this one may be gone.
    if (!read || this.#search.isCurveToCome(trial.n)) return true;
    if (read.wasOver) return false;
    return !isOpen(trial) || (hasConsole && this.#ports.now() - read.at > consoleMs);
  }
}

/** Whether it is said by the worker that has the run, or whose result it is: what others send is late, or is not believed. */
const isOfHolder = (trial: Trial, worker: WorkerId, attempt: number): boolean =>
  isOpen(trial)
    ? isNewestStay(trial, attempt) && distrustOf(trial, attempt) !== "sent away"
    : resultBy(trial) === worker;
