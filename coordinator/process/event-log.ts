import { appendFileSync, renameSync, statSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { eventText } from "../words/event-words.ts";

/** A file of this size gives way to a new one; one older file is kept beside it. */
export const mostEventBytes = 8 * 2 ** 20;
/** Lines of so long are written at once: a swarm may end a thousand runs a second. */
const everyMs = 500;

/**
 * What happened, in a file for people: a line for each event that the Events screen tells of, written by whoever leads. The
 * journal is the record; lines that a crash or a full disk took are still there.
 */
export class EventLog {
  readonly #file: string;
  readonly #mostBytes: number;
  readonly #onTrouble: (why: string) => void;
  #lines: string[] = [];
  #bytes: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isTroubled = false;

  /** `onTrouble` hears of the first failure after each success. */
  constructor(file: string, onTrouble: (why: string) => void, mostBytes = mostEventBytes) {
    this.#file = file;
    this.#onTrouble = onTrouble;
    this.#mostBytes = mostBytes;
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** A record that is stored; most kinds are a line, some are nothing that a person waits for. */
  event(event: JournalEvent, table: RunTable | undefined): void {
    const told = eventText(event, table);
    if (!told) return;
    const { text, isTrouble } = told;
    const level = isTrouble ? "trouble" : "info   ";
    this.#lines.push(`${new Date(event.at).toISOString()}  ${level}  ${text.replaceAll("\n", " ")}\n`);
    this.#timer ??= setTimeout(() => void this.#write(), everyMs).unref();
  }

  /** Writes what is left, at once: the process may be about to end. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    try {
      const text = this.#take();
      if (text !== "") appendFileSync(this.#file, text, { mode: 0o600 });
    } catch (error) {
      this.#trouble(error);
    }
  }

  #write(): Promise<void> {
    this.#timer = undefined;
    // One after the other, so that lines stay in order.
    this.#writing = this.#writing.then(async () => {
      try {
        const text = this.#take();
        if (text !== "") await appendFile(this.#file, text, { mode: 0o600 });
        this.#isTroubled = false;
      } catch (error) {
        this.#trouble(error);
      }
    });
    return this.#writing;
  }

  /** What waits to be written; makes room for it first. */
  #take(): string {
    const text = this.#lines.join("");
    this.#lines = [];
    const bytes = Buffer.byteLength(text);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#mostBytes) {
      renameSync(this.#file, `${this.#file}.1`);
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    return text;
  }

  #trouble(error: unknown): void {
    if (!this.#isTroubled) this.#onTrouble(error instanceof Error ? error.message : String(error));
    this.#isTroubled = true;
  }
}
