import { followJournal } from "../../shared/broker/store/journal-reader.ts";
import { pause } from "../../shared/deadline.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { isOpen, type Trial, whyUnheard } from "../../shared/domain/fold/trial.ts";
import type { JournalCorruptError } from "../../shared/errors.ts";
import type { Bus, StoredMessage } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeEvidence, decodeStatus, type Evidence } from "../../shared/wire/messages.ts";
import { parseEvidence, status, streams } from "../../shared/wire/subjects.ts";
import { readEvidence } from "../reading/evidence-reader.ts";
import { curveGroups, runsDrawn } from "../tui/screens/curves-screen.ts";
import type { ViewModel } from "../tui/view-model.ts";
import { RunCurve } from "./curve-store.ts";

/** How often the connection is looked at, and whether curves are wanted that have not been read. */
const lookMs = 500;
/** The client reconnects by itself; an absence shorter than this is not worth a word. */
const awayMs = 3000;
/** The console of a run that is looked at is read again so often. */
const consoleMs = 3000;
/** A chart that was drawn so long ago is not on the screen any more. */
const chartSeenMs = 2500;
/** Reports are followed from so many messages before the end: enough for the curves of what runs now. */
const messagesBack = 3000;
/** Runs that are read from the broker at once, so that the connection stays free for news. */
const mostAtOnce = 40;

export interface FeedPorts {
  readonly bus: Bus;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Something to draw has come. */
  readonly changed: () => void;
}

/** Brings what happens to the view model: journal, reports, the leader's word. Runs until the signal aborts. */
export class Feed {
  readonly #model: ViewModel;
  readonly #ports: FeedPorts;
  /** Trials whose evidence was read: when, and whether they had ended by then. */
  readonly #read = new Map<Trial, { readonly at: number; readonly wasOver: boolean }>();
  #table: RunTable | undefined;

  constructor(model: ViewModel, ports: FeedPorts) {
    this.#model = model;
    this.#ports = ports;
  }

  /**
   * Resolves when the journal has been read to its end.
   *
   * @throws JournalCorruptError when the journal cannot be read
   */
  async start(signal: AbortSignal, onCorrupt: (error: JournalCorruptError) => void): Promise<void> {
    const { bus, changed, now } = this.#ports;
    const model = this.#model;
    const follower = await followJournal(
      bus,
      (event, state) => {
        model.happened(event, state);
        changed();
      },
      onCorrupt,
    );
    signal.addEventListener("abort", () => void follower.stop(), { once: true });
    model.live(follower.state);
    // Old reports say nothing about how many come a second.
    model.isCatchingUp = true;
    const last = await bus.lastSeq(streams.evidence);
    const evidence = await bus.read(streams.evidence, Math.max(1, last - messagesBack), (message) =>
      this.#hear(message),
    );
    signal.addEventListener("abort", () => void evidence.stop(), { once: true });
    void evidence.caughtUp.then(() => {
      model.isCatchingUp = false;
      changed();
    });
    const unsubscribe = bus.subscribe(status, (_subject, data) => {
      try {
        model.heard(decodeStatus(data), now());
        changed();
      } catch (error) {
        if (!(error instanceof BadMessage)) throw error;
        model.note(`the leader's status could not be read: ${error.message}`, "trouble");
      }
    });
    signal.addEventListener("abort", unsubscribe, { once: true });
    void this.#look(signal);
  }

  #hear({ subject, data }: StoredMessage): void {
    const address = parseEvidence(subject);
    if (!address || address.job !== this.#model.job) return;
    let told: Evidence;
    try {
      told = decodeEvidence(address, data);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      return;
    }
    if (told.kind === "released") return;
    const trial = this.#model.table?.trial(address.n);
    // The record of an assignment may come a moment after the first report.
    if (trial && whyUnheard(trial, { ...told, worker: address.worker }) !== undefined) return;
    if (!this.#model.isCatchingUp) this.#model.reports.add(told.reports.length, this.#ports.now());
    for (const [stage, iters, hours, values] of told.reports) {
      this.#model.curves.add(address.n, stage, iters, hours, values[0] ?? Number.NaN);
    }
    this.#ports.changed();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { bus, changed, now } = this.#ports;
    let seenAt = now();
    while (!signal.aborted) {
      await pause(lookMs, signal);
      if (signal.aborted) return;
      if (bus.isConnected()) seenAt = now();
      const away = now() - seenAt > awayMs ? "BROKER AWAY: waiting for it, the workers go on" : "";
      if (away !== this.#model.away) {
        this.#model.away = away;
        changed();
      }
      if (away === "") await this.#readWanted(signal);
    }
  }

  /** Once while it runs, once when it has ended; the console of the run whose page is open goes on. */
  #isWanted(trial: Trial): boolean {
    const read = this.#read.get(trial);
    // Only so many curves are kept: one that was may be gone.
    if (!read || this.#model.isCurveToCome(trial.n)) return true;
    if (read.wasOver) return false;
    return !isOpen(trial) || (this.#model.page?.kind === "run" && this.#ports.now() - read.at > consoleMs);
  }

  /** Reads the curves and consoles that the screen shows and nobody has read yet. */
  async #readWanted(signal: AbortSignal): Promise<void> {
    const { table } = this.#model;
    if (!table) return;
    // Another job's curves take the place of this one's.
    if (table !== this.#table) this.#read.clear();
    this.#table = table;
    const trials = wanted(this.#model, table)
      .filter((trial) => this.#isWanted(trial))
      .slice(0, mostAtOnce);
    if (trials.length === 0) return;
    const over = trials.map((trial) => !isOpen(trial));
    try {
      const found = await readEvidence(
        this.#ports.bus,
        trials.map((trial) => ({ table, trial })),
      );
      if (signal.aborted || this.#model.table !== table) return;
      found.forEach(({ curve, console }, i) => {
        const trial = trials[i];
        if (!trial) return;
        const own = new RunCurve();
        for (const { stage, iters, hours, metrics } of curve.stages) {
          const [drawn] = metrics;
          if (drawn) this.#model.metricsHeard.set(stage, drawn.name);
          for (const [at, iter] of iters.entries()) {
            own.add(stage, iter, hours[at] ?? 0, metrics[0]?.values[at] ?? Number.NaN);
          }
        }
        this.#read.set(trial, { at: this.#ports.now(), wasOver: over[i] ?? false });
        this.#model.curveWasRead(trial.n, own.count > 0);
        if (own.count > 0) this.#model.curves.replace(trial.n, own);
        if (console !== null) this.#model.consoles.set(trial.n, console);
      });
      this.#ports.changed();
    } catch (error) {
      // Tried again at the next look: the broker may be on its way back.
      this.#model.note(`curves could not be read: ${String(error)}`, "trouble");
    }
  }
}

/** Trials whose curve, or console, is on the screen now. */
function wanted(model: ViewModel, table: RunTable): readonly Trial[] {
  const { page } = model;
  if (page?.kind === "run") return [table.trial(page.n)].flatMap((trial) => trial ?? []);
  if (page?.kind === "run set") return model.runsOf(page.key).slice(0, runsDrawn);
  return model.now - model.chartShownAt > chartSeenMs ? [] : curveGroups(model).flatMap(({ trials }) => trials);
}
