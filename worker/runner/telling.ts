import type { Clock, Timer } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";
import type { Told } from "./protocol.ts";
import { isFull, valuesOf } from "./report-batch.ts";
import { UnsentLines } from "./unsent-lines.ts";

/** Milliseconds between two messages. What comes sooner waits for the next report or line, or for the result. */
const reportsEveryMs = 250;

/** What a run has yet to tell its worker: reports and console lines, which travel together. */
export class Telling {
  readonly #send: (told: Told) => void;
  #reports: ReportRow[] = [];
  #values = 0;
  readonly #lines = new UnsentLines();
  readonly #tail = new ConsoleTail();
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  #sentAt: number;
  #timer: Timer | undefined;
  #hasSentLines = false;

  constructor(send: (told: Told) => void, clock: Pick<Clock, "monotonic" | "after"> = systemClock) {
    this.#send = send;
    this.#clock = clock;
    this.#sentAt = clock.monotonic();
  }

  line(text: string): void {
    this.#tail.add(text);
    this.#lines.add(`${text}\n`);
    this.#soon();
  }

  report(row: ReportRow): void {
    this.#reports.push(row);
    this.#values += valuesOf(row);
    if (isFull(this.#reports.length, this.#values)) this.now();
    else this.#soon();
  }

  #soon(): void {
    const leftMs = this.#sentAt + reportsEveryMs - this.#clock.monotonic();
    if (leftMs < 0) this.now();
    else this.#timer ??= this.#clock.after(leftMs, () => this.now()).unref();
  }

  /** Nothing is sent before more comes. */
  disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  now(): void {
    this.#send(this.take());
  }

  /** Everything not sent yet, for a message that is about to be sent. */
  take(): Told {
    this.#hasSentLines = true;
    return { reports: this.#takeReports(), lines: this.#lines.take() };
  }

  /** For the last message of a run. If no lines were sent before, `console` is enough. */
  last(): Told & { readonly console: string } {
    const lines = this.#hasSentLines ? this.#lines.take() : "";
    return { reports: this.#takeReports(), lines, console: this.#tail.text() };
  }

  #takeReports(): ReportRow[] {
    this.disarm();
    this.#sentAt = this.#clock.monotonic();
    const reports = this.#reports;
    this.#reports = [];
    this.#values = 0;
    return reports;
  }
}

/** How much of a run's console is kept, in characters: its first lines and its last. */
const headCharacters = 2000;
const tailCharacters = 6000;
const longestTailLine = 2000;

class ConsoleTail {
  #head = "";
  #tail: string[] = [];
  #tailLength = 0;
  #dropped = 0;

  add(line: string): void {
    if (this.#tail.length === 0 && this.#dropped === 0 && this.#head.length + line.length < headCharacters) {
      this.#head += `${line}\n`;
      return;
    }
    const kept = line.length > longestTailLine ? `${line.slice(0, longestTailLine)}...` : line;
    this.#tail.push(kept);
    this.#tailLength += kept.length + 1;
    while (this.#tailLength > tailCharacters) {
      this.#tailLength -= (this.#tail.shift()?.length ?? 0) + 1;
      this.#dropped += 1;
    }
  }

  text(): string {
    const gap = this.#dropped === 0 ? "" : `... ${this.#dropped} lines left out ...\n`;
    const tail = this.#tail.length === 0 ? "" : `${this.#tail.join("\n")}\n`;
    return this.#head + gap + tail;
  }
}
