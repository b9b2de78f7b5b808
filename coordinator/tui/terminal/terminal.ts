/** The only file that imports blessed. It uses a screen, one box and the keys. */

import { EventEmitter } from "node:events";
import { writeSync } from "node:fs";
import blessed from "blessed";
import type { Look } from "./styled.ts";
import { announcePastes, type HeardKey, isDropped, KeyReader } from "./terminal-keys.ts";
import type { Key, Terminal } from "./terminal-port.ts";

/** Terminfo entries that blessed can compile (newer ones have `Setulc`, which it cannot). All of these draw our screens alike. */
const knownTerminals = new Set([
  "xterm",
  "xterm-256color",
  "screen",
  "screen-256color",
  "tmux",
  "tmux-256color",
  "linux",
]);
const resizeMs = 100;
/** How long to wait in all for a terminal that is given back. If it takes nothing by then, its modes are not restored. */
const patienceMs = 1000;
/** Resets what may have been left on: mouse, bracketed paste, keypad, colours, hidden cursor. */
const quiet = "\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?1l\u001b>\u001b[0m\u001b[?25h";
const leaveAlternate = "\u001b[?1049l";

export interface TerminalPorts {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly environment: NodeJS.ProcessEnv;
}

export const openTerminal = (look: Look, ports: TerminalPorts): Terminal => new BlessedTerminal(look, ports);

/** What blessed's types leave out. */
interface LeavableScreen {
  enter(): void;
  leave(): void;
}

class BlessedTerminal implements Terminal {
  readonly look: Look;
  readonly #input: NodeJS.ReadStream;
  readonly #output: Output;
  readonly #screen: blessed.Widgets.Screen & LeavableScreen;
  readonly #box: blessed.Widgets.BoxElement;
  #isOpen = true;
  #isSuspended = false;
  #hasMouse = false;
  readonly #onDropped: (text: string | undefined, key: HeardKey | undefined) => void;
  #onKey: (key: Key) => void = () => undefined;
  #onRedraw: () => void = () => undefined;

  constructor(look: Look, { input, output, environment }: TerminalPorts) {
    this.look = look;
    this.#input = input;
    this.#output = new Output(output);
    const others = listenersBefore();
    const wanted = (environment["TERM"] ?? "").toLowerCase();
    const options = {
      input,
      output: this.#output,
      terminal: knownTerminals.has(wanted) ? wanted : "xterm",
      forceUnicode: look.unicode,
      useBCE: true,
      autoPadding: false,
      resizeTimeout: resizeMs,
    };
    // The types accept only the system's streams; Output has all that blessed uses of one.
    this.#screen = blessed.screen(options as unknown as blessed.Widgets.IScreenOptions) as blessed.Widgets.Screen &
      LeavableScreen;
    // Our own restore the terminal with the right exit code. blessed's would leave the alternate screen a second time and wipe
    // the message of a crash.
    others.removeNew();
    // With the terminal's own line-drawing characters some terminals show letters (blessed#200).
    (this.#screen.program as unknown as { tput: { brokenACS: boolean } }).tput.brokenACS = true;
    this.#box = blessed.box({ top: 0, left: 0, width: "100%", height: "100%", tags: false, wrap: false });
    this.#screen.append(this.#box);
    const keys = new KeyReader((key) => this.#onKey(key));
    this.#screen.on("keypress", (text: string | undefined, key: HeardKey) => keys.hear(text, key));
    this.#onDropped = (_text, key) => {
      if (key && isDropped(key)) keys.hear(undefined, key);
    };
    input.on("keypress", this.#onDropped);
    this.#output.write(announcePastes);
    this.#screen.on("resize", () => this.#onRedraw());
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  get isDrained(): boolean {
    return this.#output.isDrained;
  }

  get written(): number {
    return this.#output.written;
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#isSuspended) return;
    this.#box.setContent(lines.join("\n"));
    this.#screen.render();
  }

  onKey(handler: (key: Key) => void): void {
    this.#onKey = handler;
  }

  onRedraw(handler: () => void): void {
    this.#onRedraw = handler;
  }

  onGone(handler: () => void): void {
    this.#input.once("end", handler);
    this.#input.once("error", handler);
    this.#output.onGone(handler);
  }

  copy(text: string): void {
    this.#output.write(`\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`);
  }

  setMouse(on: boolean): void {
    const { program } = this.#screen;
    if (on && !this.#hasMouse) {
      this.#hasMouse = true;
      program.on("mouse", ({ action }: { action: string }) => {
        if (action === "wheelup" || action === "wheeldown") this.#onKey({ name: action, text: "" });
      });
    }
    if (on) program.enableMouse();
    else program.disableMouse();
  }

  repaint(): void {
    if (this.#isOpen && !this.#isSuspended) this.#screen.realloc();
  }

  suspend(): void {
    if (!this.#isOpen || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#output.beginSynchronous();
    this.#screen.leave();
    this.#output.write(quiet);
    setRaw(this.#input, false);
    this.#input.pause();
  }

  /** Also after a stop that was not announced: another program may have changed the terminal meanwhile. */
  resume(): void {
    if (!this.#isOpen) return;
    if (!this.#isSuspended) this.suspend();
    this.#isSuspended = false;
    this.#output.endSynchronous();
    setRaw(this.#input, true);
    this.#input.resume();
    this.#screen.enter();
    this.#output.write(announcePastes);
    this.#screen.realloc();
    this.#onRedraw();
  }

  restore(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.beginSynchronous();
    this.#input.off("keypress", this.#onDropped);
    let isLeft = this.#isSuspended;
    try {
      this.#screen.destroy();
      isLeft = true;
    } finally {
      this.#output.write(isLeft ? quiet : `${leaveAlternate}${quiet}`);
      setRaw(this.#input, false);
      this.#input.pause();
      this.#output.close();
    }
  }
}

/** The terminal's stream: counts bytes, and does not wait for a slow terminal. */
class Output extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;
  readonly #stream: NodeJS.WriteStream & { readonly fd: number };
  readonly #onResize = (): void => void this.emit("resize");
  readonly #onError: () => void = () => this.emit("gone");
  written = 0;
  /** Monotonic time until which to wait for a slow terminal; null: writes do not wait. */
  #patientUntil: number | null = null;

  constructor(stream: NodeJS.WriteStream) {
    super();
    // Every terminal's stream has an fd; only the type tty.WriteStream says so.
    this.#stream = stream as NodeJS.WriteStream & { readonly fd: number };
    stream.on("resize", this.#onResize);
    stream.on("error", this.#onError);
    setBlocking(stream, false);
  }

  get columns(): number {
    return this.#stream.columns;
  }

  get rows(): number {
    return this.#stream.rows;
  }

  get isDrained(): boolean {
    return this.#stream.writableLength === 0;
  }

  onGone(handler: () => void): void {
    this.once("gone", handler);
  }

  write(text: string): boolean {
    this.written += Buffer.byteLength(text);
    if (this.#patientUntil === null) return this.#stream.write(text);
    writeAll(this.#stream.fd, text, this.#patientUntil);
    return true;
  }

  /** Before suspending and ending: from now on a write has left when the call returns. */
  beginSynchronous(): void {
    this.#patientUntil = performance.now() + patienceMs;
  }

  endSynchronous(): void {
    this.#patientUntil = null;
  }

  /** Later errors of the stream are still handled: nothing may throw after the terminal has gone. */
  close(): void {
    this.#stream.off("resize", this.#onResize);
    // A blocking write that nobody reads would never return.
    if (this.isDrained) setBlocking(this.#stream, true);
  }
}

/** Writes as much as the terminal takes. blessed leaves in many small writes, hence one time limit for all of them. */
function writeAll(fd: number, text: string, until: number): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(fd, left));
    } catch (error) {
      // EIO and others: the terminal is gone, and there is nothing to restore.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || performance.now() > until) return;
    }
  }
}

/** Node writes to terminals synchronously, so one slow connection would stop the whole program. Not in the types. */
function setBlocking(stream: NodeJS.WriteStream, isBlocking: boolean): void {
  const { _handle } = stream as unknown as { _handle?: { setBlocking?: (on: boolean) => void } | null };
  _handle?.setBlocking?.(isBlocking);
}

function setRaw(input: NodeJS.ReadStream, on: boolean): void {
  try {
    input.setRawMode(on);
  } catch {
    // The terminal has gone: there is no mode left to set.
    return;
  }
}

const watched = ["uncaughtException", "exit", "SIGTERM", "SIGINT", "SIGQUIT"] as const;

/** Remembers the process's listeners, to remove those that blessed adds. */
function listenersBefore(): { removeNew(): void } {
  const before = new Map(watched.map((event) => [event, new Set(process.rawListeners(event))]));
  return {
    removeNew: () => {
      for (const event of watched) {
        for (const listener of process.rawListeners(event)) {
          // The cast is safe: only the listener's identity matters.
          if (!before.get(event)?.has(listener)) process.off(event, listener as () => void);
        }
      }
    },
  };
}
