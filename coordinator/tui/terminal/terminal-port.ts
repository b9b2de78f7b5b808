import type { Look } from "./styled.ts";

/** A key as it was pressed. */
export interface Key {
  /** `a`, `G`, `up`, `pageup`, `enter`, `escape`, `tab`, `S-tab`, `backspace`, `C-c`, `wheelup`, ... `paste`: its text was pasted. */
  readonly name: string;
  /** What a line of text gets from it; empty for keys that write nothing. */
  readonly text: string;
}

/**
 * A terminal that is drawn on line by line. From `openTerminal` to `restore` it belongs to the screen alone: nobody else prints.
 * One screen at a time.
 */
export interface Terminal {
  readonly look: Look;
  readonly columns: number;
  readonly rows: number;
  /** False while what was drawn has not left this process: drawing more would only queue up. */
  readonly isDrained: boolean;
  /** Bytes written since it was opened. */
  readonly written: number;
  /** Shows these lines; what is on the screen already is not sent again. */
  draw(lines: readonly string[]): void;
  onKey(handler: (key: Key) => void): void;
  /** Hears of a new size, and of every return from a stop: everything must be drawn again. */
  onRedraw(handler: () => void): void;
  /** Hears that the terminal has gone away. */
  onGone(handler: () => void): void;
  /** Puts text into the clipboard of the machine where the person sits (OSC 52), where the terminal permits it. */
  copy(text: string): void;
  setMouse(on: boolean): void;
  /** Forgets what is on the screen: the next `draw` sends all of it. */
  repaint(): void;
  /** Gives the terminal back until `resume`, as a shell expects of a stopped program. */
  suspend(): void;
  resume(): void;
  /** Gives the terminal back for good, at once and synchronously. Any number of calls are one. */
  restore(): void;
}
