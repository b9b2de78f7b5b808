import { BusError, type EndSignal, type Timer } from "../../shared/ports.ts";
import { Ending } from "../../shared/time/ending.ts";
import type { StateSum } from "../../shared/wire/checkpoints.ts";
import type { ReportRow, Reports, StateLoss } from "../../shared/wire/messages.ts";
import type { Told as Heard } from "../runner/protocol.ts";
import { fitting } from "../runner/report-batch.ts";
import { UnsentLines } from "../runner/unsent-lines.ts";
import type { HeldAttempt } from "./held-attempt.ts";
import type { Outbox } from "./outbox.ts";
import type { Ports } from "./ports.ts";

/** Each run sends at most one message of reports a second: every stored message costs the broker an fsync. */
const reportsEveryMs = 1000;
/** Characters of the console in a hand-back; the journal keeps the last of them. */
const mostSaid = 4000;

type Told = Pick<Reports, "lines"> & { readonly reports: ReportRow[] };

/** Sends the reports and console lines of a run while it runs, one message at a time, and keeps what it cannot send. */
export class ReportSender {
  readonly #clock: Ports<"clock">["clock"];
  readonly #outbox: Pick<Outbox, "send">;
  readonly #attempt: HeldAttempt;
  /** Reports that are neither acknowledged nor in flight. */
  #reports: ReportRow[] = [];
  /** Each fills a message that goes ahead of the one that ends the run. */
  readonly #ahead: ReportRow[][] = [];
  readonly #lines = new UnsentLines();
  #sending: Promise<void> = Promise.resolve();
  #sentAt: number;
  /** Runs while something waits for its second to be over. */
  #timer: Timer | undefined;
  #messages = 0;
  #isHeldBack = false;
  /** While true, no reports are sent before the run ends. */
  isHeld = false;
  readonly #settling = new Ending();
  /** Iterations at the last report. */
  iters = 0;
  /** The end of the console, in case the runner dies. */
  said = "";

  constructor({ clock }: Ports<"clock">, outbox: Pick<Outbox, "send">, attempt: HeldAttempt) {
    this.#clock = clock;
    this.#outbox = outbox;
    this.#attempt = attempt;
    this.#sentAt = clock.monotonic();
  }

  /** Sends if the last message is a second old. Else reports wait for a later call, or for the end of the run. */
  hear(reports: readonly ReportRow[], lines: string): void {
    this.#reports.push(...reports);
    this.#lines.add(lines);
    this.said = (this.said + lines).slice(-mostSaid);
    this.iters = reports.at(-1)?.[1] ?? this.iters;
    this.#soon();
  }

  #soon(): void {
    if (this.#isHeldBack || this.#settling.aborted || (this.#reports.length === 0 && this.#lines.isEmpty)) return;
    const now = this.#clock.monotonic();
    const leftMs = this.#sentAt + reportsEveryMs - now;
    if (leftMs > 0) {
      this.#timer ??= this.#clock.after(leftMs, () => {
        this.#timer = undefined;
        this.#soon();
      });
      return;
    }
    this.#sentAt = now;
    this.#sending = this.#sending.then(async () => {
      if (this.#isHeldBack || this.isHeld || (this.#reports.length === 0 && this.#lines.isEmpty)) return;
      await this.#tell(async (told) => {
        await this.#sendExcess(told.reports, this.#settling);
        await this.#report(told, false, this.#settling);
      });
    });
  }

  /** The run is ending: from now on reports wait for the message that says how. */
  holdBack(): void {
    this.#isHeldBack = true;
    this.#timer?.cancel();
  }

  /** Announces a stored state, from which the next holder of the trial continues, together with all reports up to it. */
  announce(attempt: number, state: StateSum, signal: EndSignal): Promise<void> {
    this.#sending = this.#sending.then(() =>
      this.#tell(async (told) => {
        await this.#sendExcess(told.reports, signal);
        const letter = this.#attempt.letter("checkpoint", state.blob, { attempt, ...told, state });
        await this.#outbox.send(letter, false, signal);
      }),
    );
    return this.#sending;
  }

  /** Says that a checkpoint is of no use, together with all reports so far. */
  lost(attempt: number, lost: StateLoss, signal: EndSignal): Promise<void> {
    this.#sending = this.#sending.then(() =>
      this.#tell(async (told) => {
        await this.#sendExcess(told.reports, signal);
        this.#messages += 1;
        const letter = this.#attempt.letter("report", String(this.#messages), { attempt, ...told, lost });
        await this.#outbox.send(letter, false, signal);
      }),
    );
    return this.#sending;
  }

  /** Takes back the reports in flight; resolves when there are none. */
  async settle(): Promise<void> {
    this.#settling.abort();
    this.#timer?.cancel();
    await this.#sending;
  }

  /** Everything not yet sent, for the message that ends the run. What would make it too large is left for `sendAhead`. */
  rest(last: Heard): Told {
    const reports = [...this.#reports, ...last.reports];
    for (let count = fitting(reports); count < reports.length; count = fitting(reports))
      this.#ahead.push(reports.splice(0, count));
    this.#lines.add(last.lines);
    return { reports, ...this.#takeLines() };
  }

  /**
   * Sends what was too much for the message that ends the run; what cannot be sent is spooled.
   *
   * @param attempt  that of the message that ends the run: with a later one, which a new grant gives, they would not count
   * @param before  called first, if there is anything
   */
  async sendAhead(attempt: number, signal: EndSignal, before: () => void = () => undefined): Promise<void> {
    const ahead = this.#ahead.splice(0);
    if (ahead.length > 0) before();
    for (const reports of ahead) {
      try {
        await this.#report({ reports }, true, signal, attempt);
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
      }
    }
  }

  /** `send` removes from `told` what it has sent; the rest is kept if it fails. */
  async #tell(send: (told: Told) => Promise<unknown>): Promise<void> {
    const told: Told = { reports: this.#reports, ...this.#takeLines() };
    this.#reports = [];
    try {
      await send(told);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#reports = [...told.reports, ...this.#reports];
      const later = this.#lines.take();
      this.#lines.add(told.lines ?? "");
      this.#lines.add(later);
    }
  }

  #takeLines(): Pick<Told, "lines"> {
    const lines = this.#lines.take();
    return lines === "" ? {} : { lines };
  }

  async #sendExcess(reports: ReportRow[], signal: EndSignal): Promise<void> {
    for (let count = fitting(reports); count < reports.length && !signal.aborted; count = fitting(reports)) {
      await this.#report({ reports: reports.slice(0, count) }, false, signal);
      reports.splice(0, count);
    }
  }

  #report(told: Told, keep: boolean, signal: EndSignal, attempt = this.#attempt.number): Promise<number> {
    this.#messages += 1;
    const letter = this.#attempt.letter("report", String(this.#messages), { attempt, ...told });
    return this.#outbox.send(letter, keep, signal);
  }
}
