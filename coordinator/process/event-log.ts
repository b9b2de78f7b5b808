import { appendFileSync, renameSync, statSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { messageOf } from "../../shared/errors.ts";
import { eventText } from "../words/event-words.ts";

/** At this size a new file is begun; one older file is kept beside it. */
const mostEventBytes = 8 * 2 ** 20;
/** Lines are written together this often, since a swarm may end a thousand runs a second. */
const everyMs = 500;

/**
 * What happened, in a file for people: a line for each event of the Events screen, written by the leader. The journal is the
 * record: it still has what a crash or a full disk took from this file.
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

  /** @param onTrouble  hears of the first failure after each success */
  constructor(file: string, onTrouble: (why: string) => void, mostBytes = mostEventBytes) {
    this.#file = file;
    this.#onTrouble = onTrouble;
    this.#mostBytes = mostBytes;
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Takes a stored record; some kinds get no line. */
  event(event: JournalEvent, table: RunTable | undefined): void {
    const told = eventText(event, table);
    if (!told) return;
    this.#add(event.at, told);
  }

  /** Takes something that is no record, and that a person should look at. */
  trouble(at: number, text: string): void {
    this.#add(at, { text, isTrouble: true });
  }

  #add(at: number, { text, isTrouble }: { readonly text: string; readonly isTrouble: boolean }): void {
    const level = isTrouble ? "trouble" : "info   ";
    this.#lines.push(`${new Date(at).toISOString()}  ${level}  ${text.replaceAll("\n", " ")}\n`);
    this.#timer ??= setTimeout(() => void this.#write(), everyMs).unref();
  }

  /** Waits for the write under way, then writes the rest synchronously, since the process may be about to end. */
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
    // One write at a time, so that lines stay in order.
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

  /** Takes the waiting lines, after making room for them. */
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
    if (!this.#isTroubled) this.#onTrouble(messageOf(error));
    this.#isTroubled = true;
  }
}
