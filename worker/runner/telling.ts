import type { ReportRow } from "../../shared/wire/messages.ts";
import type { Told } from "./protocol.ts";
import { UnsentLines } from "./unsent-lines.ts";

/** Reports wait this long to travel together; a run that ends sooner sends them with its result. */
const reportsEveryMs = 250;

/** What a run has to tell its worker: reports and lines of its console, several in a message. */
export class Telling {
  readonly #send: (told: Told) => void;
  #reports: ReportRow[] = [];
  readonly #lines = new UnsentLines();
  readonly #tail = new ConsoleTail();
  #sentAt = performance.now();
  #hasSentLines = false;

  constructor(send: (told: Told) => void) {
    this.#send = send;
  }

  line(text: string): void {
    this.#tail.add(text);
    this.#lines.add(`${text}\n`);
    this.#soon();
  }

  report(row: ReportRow): void {
    this.#reports.push(row);
    this.#soon();
  }

  #soon(): void {
    if (performance.now() - this.#sentAt > reportsEveryMs) this.now();
  }

  now(): void {
    this.#send(this.take());
  }

  /** All that was not told yet, for a message that is about to go. */
  take(): Told {
    this.#hasSentLines = true;
    return { reports: this.#takeReports(), lines: this.#lines.take() };
  }

  /** For the run's last message. Where no line was sent before, the console says them all. */
  last(): Told & { readonly console: string } {
    const lines = this.#hasSentLines ? this.#lines.take() : "";
    return { reports: this.#takeReports(), lines, console: this.#tail.text() };
  }

  #takeReports(): ReportRow[] {
    this.#sentAt = performance.now();
    const reports = this.#reports;
    this.#reports = [];
    return reports;
  }
}

/** Characters that are kept of a run's console: of its first lines and of its last. */
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
