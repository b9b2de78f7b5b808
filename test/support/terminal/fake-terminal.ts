import type { Look } from "../../../coordinator/tui/terminal/styled.ts";
import type { Key, Terminal } from "../../../coordinator/tui/terminal/terminal-port.ts";

/** Remembers what was drawn; its keys are pressed by the test. */
export class FakeTerminal implements Terminal {
  readonly look: Look = { colour: false, unicode: true };
  columns: number;
  rows: number;
  isDrained = true;
  written = 0;
  lines: readonly string[] = [];
  frames = 0;
  repaints = 0;
  readonly copied: string[] = [];
  isMouseOn = false;
  isSuspended = false;
  #onKey: (key: Key) => void = () => undefined;
  #onRedraw: () => void = () => undefined;

  constructor(columns = 120, rows = 40) {
    this.columns = columns;
    this.rows = rows;
  }

  draw(lines: readonly string[]): void {
    this.lines = lines;
    this.frames += 1;
  }

  onKey(handler: (key: Key) => void): void {
    this.#onKey = handler;
  }

  onRedraw(handler: () => void): void {
    this.#onRedraw = handler;
  }

  onGone(): void {
    // It never goes.
  }

  copy(text: string): void {
    this.copied.push(text);
  }

  setMouse(on: boolean): void {
    this.isMouseOn = on;
  }

  repaint(): void {
    this.repaints += 1;
  }

  suspend(): void {
    this.isSuspended = true;
  }

  resume(): void {
    this.isSuspended = false;
    this.#onRedraw();
  }

  restore(): void {
    this.#onKey = () => undefined;
  }

  /** Keys by name; one character writes itself. */
  press(...names: readonly string[]): void {
    for (const name of names) this.#onKey({ name, text: name.length === 1 ? name : "" });
  }

  type(text: string): void {
    this.press(...text);
  }

  /** The mouse, at a cell. */
  point(name: string, at: { readonly x: number; readonly y: number }): void {
    this.#onKey({ name, text: "", at });
  }
}
