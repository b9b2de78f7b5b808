import type { Look } from "../../../coordinator/tui/terminal/styled.ts";
import type { Key, Terminal } from "../../../coordinator/tui/terminal/terminal-port.ts";

/** Remembers what was drawn; the test presses its keys. test/conformance checks it against the port. */
export class FakeTerminal implements Terminal {
  readonly look: Look = { colour: false, unicode: true };
  columns: number;
  rows: number;
  isDrained = true;
  /** Characters written so far, counting only changed lines. */
  written = 0;
  /** What is on the screen. */
  lines: readonly string[] = [];
  frames = 0;
  repaints = 0;
  readonly copied: string[] = [];
  isMouseOn = false;
  isSuspended = false;
  isRestored = false;
  #isKnown = false;
  #onKey: (key: Key) => void = () => undefined;
  #onRedraw: () => void = () => undefined;
  #onGone: () => void = () => undefined;

  constructor(columns = 120, rows = 40) {
    this.columns = columns;
    this.rows = rows;
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOurs) return;
    for (const [row, line] of lines.entries()) {
      if (!this.#isKnown || line !== this.lines[row]) this.written += line.length;
    }
    this.lines = lines;
    this.#isKnown = true;
    this.frames += 1;
  }

  onKey(handler: (key: Key) => void): void {
    this.#onKey = handler;
  }

  onRedraw(handler: () => void): void {
    this.#onRedraw = handler;
  }

  onGone(handler: () => void): void {
    this.#onGone = handler;
  }

  copy(text: string): void {
    if (this.#isOurs) this.copied.push(text);
  }

  setMouse(on: boolean): void {
    if (!this.isRestored) this.isMouseOn = on;
  }

  repaint(): void {
    this.#isKnown = false;
    this.repaints += 1;
  }

  suspend(): void {
    if (!this.isRestored) this.isSuspended = true;
  }

  resume(): void {
    if (this.isRestored) return;
    this.isSuspended = false;
    this.#redraw();
  }

  restore(): void {
    this.isRestored = true;
  }

  /** Keys by name; one character writes itself. */
  press(...names: readonly string[]): void {
    for (const name of names) this.#key({ name, text: name.length === 1 ? name : "" });
  }

  type(text: string): void {
    this.press(...text);
  }

  /** A mouse event at a cell. */
  point(name: string, at: { readonly x: number; readonly y: number }): void {
    this.#key({ name, text: "", at });
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#redraw();
  }

  /** Its window is closed. */
  hangUp(): void {
    this.#onGone();
  }

  get #isOurs(): boolean {
    return !this.isSuspended && !this.isRestored;
  }

  #key(key: Key): void {
    if (this.#isOurs) this.#onKey(key);
  }

  #redraw(): void {
    this.#isKnown = false;
    this.#onRedraw();
  }
}
