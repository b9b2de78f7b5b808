import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { eventText } from "../words/event-words.ts";
import { narrow } from "../words/narrow.ts";

/** Lines kept, so that a screen does not grow for ever. Older events are in the journal and in `nexus view events`. */
const mostLines = 5000;

export type EventLevel = "info" | "trouble";

export interface EventLine {
  /** Unique; rises. */
  readonly id: number;
  /** Wall clock of the newest event that this line stands for. */
  at: number;
  text: string;
  readonly level: EventLevel;
  /** How many equal events in a row it stands for. */
  count: number;
  /** The text without the run's name. Lines of one kind are equal. */
  readonly kind: string;
}

/** What happened, newest last. Equal troubles in a row are one line with a count. */
export class EventList {
  #lines: EventLine[] = [];
  #next = 1;

  get lines(): readonly EventLine[] {
    return this.#lines;
  }

  event(event: JournalEvent, table: RunTable | undefined): void {
    const told = eventText(event, table);
    if (told) this.add(event.at, told.text, told.isTrouble ? "trouble" : "info");
  }

  /** Returns whether it became a line of its own. */
  add(at: number, said: string, level: EventLevel): boolean {
    const text = narrow(said.replaceAll("\n", " "));
    const kind = text.replace(/\brun\d+(\.\d+)?/, "");
    const last = this.#lines.at(-1);
    if (last && level === "trouble" && last.level === level && last.kind === kind) {
      last.at = at;
      last.text = text;
      last.count += 1;
      return false;
    }
    this.#lines.push({ id: this.#next, at, text, level, count: 1, kind });
    this.#next += 1;
    // In steps: removing the first line of a long array moves all the others.
    if (this.#lines.length > mostLines * 1.2) this.#lines = this.#lines.slice(-mostLines);
    return true;
  }
}
