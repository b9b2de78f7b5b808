/** A terminal by the escapes of ECMA-48 and xterm, which every terminal that can show our screens understands. */

import { writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { FrameWriter } from "./frame-writer.ts";
import type { Look } from "./styled.ts";
import { announcePastes, KeyReader } from "./terminal-keys.ts";
import type { Key, Terminal } from "./terminal-port.ts";

/** Sizes come in storms while a window is dragged; the last one is drawn. */
const resizeMs = 100;
/** How long to wait in all for a terminal that is given back. If it takes nothing by then, its modes are not restored. */
const patienceMs = 1000;
/** The alternate screen, no cursor, lines that do not wrap. */
const enterScreen = `\u001b[?1049h\u001b[?25l\u001b[?7l${announcePastes}`;
/** Resets what may have been left on: mouse, bracketed paste, keypad, colours, hidden cursor. */
const quiet =
  "\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?1l\u001b>\u001b[0m\u001b[?7h\u001b[?25h";
/** Wipes the screen first: a console without an alternate screen would keep the last frame. */
const leaveScreen = "\u001b[m\u001b[H\u001b[2J\u001b[?1049l";
/** Presses of buttons and the wheel, with places beyond column 223. */
const mouseOn = "\u001b[?1000h\u001b[?1006h";
const mouseOff = "\u001b[?1006l\u001b[?1000l";

export interface TerminalPorts {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

export const openTerminal = (look: Look, ports: TerminalPorts): Terminal => new EscapeTerminal(look, ports);

class EscapeTerminal implements Terminal {
  readonly look: Look;
  readonly #input: NodeJS.ReadStream;
  readonly #output: Output;
  readonly #writer = new FrameWriter();
  readonly #decoder = new StringDecoder("utf8");
  readonly #keys = new KeyReader((key) => this.#onKey(key));
  readonly #onData = (bytes: Buffer): void => this.#keys.read(this.#decoder.write(bytes));
  #isOpen = true;
  #isSuspended = false;
  #hasMouse = false;
  #resizing: NodeJS.Timeout | undefined;
  #onKey: (key: Key) => void = () => undefined;
  #onRedraw: () => void = () => undefined;

  constructor(look: Look, { input, output }: TerminalPorts) {
    this.look = look;
    this.#input = input;
    this.#output = new Output(output, () => this.#resized());
    setRaw(input, true);
    input.on("data", this.#onData);
    input.resume();
    this.#output.write(enterScreen);
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
    if (!this.#isOurs) return;
    const bytes = this.#writer.frame(lines, this.columns, this.rows);
    if (bytes !== "") this.#output.write(bytes);
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
    if (this.#isOurs) this.#output.write(`\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`);
  }

  setMouse(on: boolean): void {
    this.#hasMouse = on;
    if (this.#isOurs) this.#output.write(on ? mouseOn : mouseOff);
  }

  repaint(): void {
    this.#writer.forget();
  }

  suspend(): void {
    if (!this.#isOpen || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#output.beginSynchronous();
    this.#output.write(`${leaveScreen}${quiet}`);
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
    this.#output.write(`${enterScreen}${this.#hasMouse ? mouseOn : ""}`);
    this.#redraw();
  }

  restore(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#resizing);
    this.#output.beginSynchronous();
    this.#input.off("data", this.#onData);
    this.#keys.stop();
    this.#output.write(this.#isSuspended ? quiet : `${leaveScreen}${quiet}`);
    setRaw(this.#input, false);
    this.#input.pause();
    this.#output.close();
  }

  get #isOurs(): boolean {
    return this.#isOpen && !this.#isSuspended;
  }

  #resized(): void {
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => this.#redraw(), resizeMs);
  }

  #redraw(): void {
    this.#writer.forget();
    this.#onRedraw();
  }
}

/** The terminal's stream: counts bytes, and does not wait for a slow terminal. */
class Output {
  readonly #stream: NodeJS.WriteStream & { readonly fd: number };
  readonly #onResize: () => void;
  readonly #onError = (): void => {
    this.#isGone = true;
    this.#onGone();
  };
  #onGone: () => void = () => undefined;
  #isGone = false;
  written = 0;
  /** Monotonic time until which to wait for a slow terminal; null: writes do not wait. */
  #patientUntil: number | null = null;

  constructor(stream: NodeJS.WriteStream, onResize: () => void) {
    this.#onResize = onResize;
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

  /** Called once. */
  onGone(handler: () => void): void {
    if (!this.#isGone) this.#onGone = handler;
  }

  write(text: string): void {
    this.written += Buffer.byteLength(text);
    if (this.#patientUntil === null) this.#stream.write(text);
    else writeAll(this.#stream.fd, text, this.#patientUntil);
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

/** Writes as much as the terminal takes before `until` (monotonic milliseconds). */
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

/** Node writes to terminals synchronously: one slow connection would stop the whole program. Not in Node's types. */
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
