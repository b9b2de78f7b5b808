import type { Look } from "./styled.ts";

/** A key as it was pressed. */
export interface Key {
  /**
   * `a`, `G`, `up`, `pageup`, `enter`, `escape`, `tab`, `S-tab`, `backspace`, `C-c`, `M-b`, `C-right`, ... `paste`: its text was
   * pasted. `click`, `wheelup`, `wheeldown`: of the mouse.
   */
  readonly name: string;
  /** What it types into a line of text; "" for keys that type nothing. */
  readonly text: string;
  /** Where the mouse was: the cell, counted from 0. */
  readonly at?: { readonly x: number; readonly y: number };
}

/** Port: a terminal that is drawn on line by line. From `openTerminal` to `restore` it belongs to one screen: nobody else prints. */
export interface Terminal {
  readonly look: Look;
  readonly columns: number;
  readonly rows: number;
  /** False while a frame has not left this process yet: another one would only queue up. */
  readonly isDrained: boolean;
  /** Bytes written since it was opened. */
  readonly written: number;
  /** Shows these lines. What is already on the screen is not sent again. */
  draw(lines: readonly string[]): void;
  onKey(handler: (key: Key) => void): void;
  /** Called after a new size and after each return from a stop: everything must be drawn again. */
  onRedraw(handler: () => void): void;
  /** Called when the terminal has gone away. */
  onGone(handler: () => void): void;
  /** Puts text into the clipboard of the machine where the person sits (OSC 52), if the terminal permits it. */
  copy(text: string): void;
  /** Whether clicks and turns of the wheel are keys. It stays so through suspensions. */
  setMouse(on: boolean): void;
  /** Forgets what is on the screen: the next `draw` sends all of it. */
  repaint(): void;
  /** Gives the terminal back until `resume`, as a shell expects of a suspended program. */
  suspend(): void;
  resume(): void;
  /** Gives the terminal back for good, synchronously. Further calls do nothing. */
  restore(): void;
}
