import type { Key } from "./terminal-port.ts";

/** Has the terminal mark where pasted text begins and ends. Otherwise it would be taken for keys, orders among them. */
export const announcePastes = "\u001b[?2004h";
const escapeByte = "\u001b";
const pasteBegins = "\u001b[200~";
const pasteEnds = "\u001b[201~";
const interrupt = "\u0003";
/** How long the rest of a sequence may be on its way; what has come by then was typed. */
const waitMs = 40;
/** Characters; anything longer is no sequence. */
const longestSequence = 4096;

/** Keys by the letter that ends their sequence: `ESC[A`, `ESC[1;5A`, `ESC O A`. */
const byLetter: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  P: "f1",
  Q: "f2",
  R: "f3",
  S: "f4",
};
/** By the number before the tilde that ends it: `ESC[5~`. */
const byNumber: Readonly<Record<string, string>> = {
  ...{ 1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end" },
  ...{ 11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9", 21: "f10" },
  ...{ 23: "f11", 24: "f12" },
};
/** A keypad that sends its own sequences, `ESC O q` for 1, and what rxvt sends for arrows with Ctrl. */
const onKeypad: Readonly<Record<string, string>> = {
  ...Object.fromEntries([..."pqrstuvwxy"].map((letter, digit) => [letter, String(digit)])),
  ...{ M: "enter", X: "=", j: "*", k: "+", m: "-", n: ".", o: "/", c: "C-right", d: "C-left" },
};

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: sequences begin with an escape.
const oldMouse = /^\u001b\[M(.)(.)(.)/s;
const unfinished = /^\u001b(\[(M.{0,2}|\[|[0-?]*[ -/]*)?|O\d*|[\]P_^X][^\u0007\u001b]*\u001b?)?$/s;
const control = /^\u001b\[([0-?]*)([ -/]*)([@-~])/;
const keypad = /^\u001bO(\d*)([ -~])/;
const consoleKey = /^\u001b\[\[([A-E])/;
/** What a terminal answers to a question, if any; we ask none. */
const answer = /^\u001b[\]P_^X][^\u0007\u001b]*(\u0007|\u001b\\)/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above.

const named = (name: string): Key => ({ name, text: "" });
const typed = (text: string): Key => ({ name: text, text });

/** Turns what a terminal sends into keys: one for each key pressed, one for each paste, one for each turn or click of the mouse. */
export class KeyReader {
  readonly #onKey: (key: Key) => void;
  /** What came of a sequence that has not ended yet. */
  #rest = "";
  #timer: NodeJS.Timeout | undefined;
  /** What was pasted so far; null while nobody is pasting. */
  #pasted: string | null = null;

  constructor(onKey: (key: Key) => void) {
    this.#onKey = onKey;
  }

  /** Takes the next piece of what the terminal sent; it may begin and end anywhere. */
  read(text: string): void {
    clearTimeout(this.#timer);
    let left = this.#rest + text;
    this.#rest = "";
    while (left !== "") {
      const length = this.#pasted === null ? this.#key(left) : this.#paste(left, this.#pasted);
      if (length === 0) {
        this.#rest = left;
        // A paste goes on for as long as it takes.
        if (this.#pasted === null) this.#timer = setTimeout(() => this.#giveUp(), waitMs).unref();
        return;
      }
      left = left.slice(length);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#rest = "";
  }

  /** The rest does not come: an escape by itself is the Esc key. */
  #giveUp(): void {
    const rest = this.#rest;
    this.#rest = "";
    this.#onKey(named("escape"));
    if (rest.length > 1) this.read(rest.slice(1));
  }

  /** Handles what the text begins with, and returns its length; 0: the rest must come first. */
  #key(text: string): number {
    const [character = ""] = text;
    if (character !== escapeByte) {
      const key = plainKey(character);
      if (key) this.#onKey(key);
      return character.length;
    }
    if (unfinished.test(text) && text.length < longestSequence) return 0;
    const mouse = oldMouse.exec(text);
    if (mouse) {
      const [code = 0, x = 0, y = 0] = mouse.slice(1).map((each) => each.charCodeAt(0) - 32);
      this.#mouse(code, x, y);
      return mouse[0].length;
    }
    const found = consoleKey.exec(text) ?? keypad.exec(text) ?? control.exec(text) ?? answer.exec(text);
    if (!found) return this.#behindEscape(text);
    if (found[0] === pasteBegins) this.#pasted = "";
    else this.#sequence(found[0]);
    return found[0].length;
  }

  /** Escape and another key at once: Alt and that key, or two keys pressed quickly. */
  #behindEscape(text: string): number {
    const [, next = ""] = text;
    const key = next === escapeByte ? undefined : plainKey(next);
    if (!key) {
      this.#onKey(named("escape"));
      return 1;
    }
    this.#onKey(named(`M-${key.name}`));
    return 1 + next.length;
  }

  #sequence(sequence: string): void {
    const [, consoleLetter] = consoleKey.exec(sequence) ?? [];
    if (consoleLetter !== undefined) {
      this.#onKey(named(`f${"ABCDE".indexOf(consoleLetter) + 1}`));
      return;
    }
    const [, modifiers = "", letter] = keypad.exec(sequence) ?? [];
    if (letter !== undefined) {
      const name = onKeypad[letter];
      if (name !== undefined) this.#onKey(name.length === 1 ? typed(name) : named(name));
      else this.#press(byLetter[letter], modifiers);
      return;
    }
    const [, parameters = "", between, last = ""] = control.exec(sequence) ?? [];
    if (between !== "") return;
    if (parameters.startsWith("<") && (last === "M" || last === "m")) {
      const [code = 0, x = 0, y = 0] = parameters.slice(1).split(";").map(Number);
      if (last === "M") this.#mouse(code, x, y);
    } else if (last === "Z") this.#onKey(named("S-tab"));
    else {
      const [first = "", second = ""] = parameters.split(";");
      this.#press(last === "~" ? byNumber[first] : byLetter[last], second);
    }
  }

  /** @param modifiers  one more than the sum of 1 for Shift, 2 for Alt and 4 for Ctrl */
  #press(name: string | undefined, modifiers: string): void {
    if (name === undefined) return;
    const held = Math.max(0, Number(modifiers) - 1);
    this.#onKey(named(`${held & 4 ? "C-" : ""}${held & 2 ? "M-" : ""}${held & 1 ? "S-" : ""}${name}`));
  }

  /** Places are counted from 1. */
  #mouse(code: number, x: number, y: number): void {
    // Bits 2 to 4 are Shift, Alt and Ctrl, bit 5 a movement, bit 6 the wheel.
    const isWheel = (code & 64) !== 0;
    const button = code & 3;
    if ((code & 32) !== 0 || (isWheel ? button > 1 : button !== 0)) return;
    const name = isWheel ? (button === 0 ? "wheelup" : "wheeldown") : "click";
    this.#onKey({ name, text: "", at: { x: x - 1, y: y - 1 } });
  }

  #paste(text: string, before: string): number {
    // Ctrl-C ends a paste: one that never ends must not take the keyboard away.
    const ends = text.indexOf(pasteEnds);
    const interrupted = text.indexOf(interrupt);
    if (interrupted !== -1 && (ends === -1 || interrupted < ends)) {
      this.#pasted = null;
      return interrupted === 0 ? this.#key(text) : interrupted;
    }
    if (ends !== -1) {
      this.#pasted = null;
      this.#onKey({ name: "paste", text: lineOf(before + text.slice(0, ends)) });
      return ends + pasteEnds.length;
    }
    // The end may have begun.
    const at = text.lastIndexOf(escapeByte);
    if (at === 0 && pasteEnds.startsWith(text)) return 0;
    const length = at > 0 && pasteEnds.startsWith(text.slice(at)) ? at : text.length;
    this.#pasted = before + text.slice(0, length);
    return length;
  }
}

/** Pasted text as one line. */
const lineOf = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  text.replace(/\r\n|[\r\n\t]/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "");

/** The key that sends this character; undefined if none does. */
function plainKey(character: string): Key | undefined {
  if (character === "\r" || character === "\n") return named("enter");
  if (character === "\t") return named("tab");
  if (character === "\u007f" || character === "\b") return named("backspace");
  const code = character.codePointAt(0) ?? 0;
  if (code === 0) return named("C-space");
  if (code < 27) return named(`C-${String.fromCharCode(96 + code)}`);
  if (code < 32) return named(`C-${String.fromCharCode(64 + code)}`);
  return code > 0x7f && code < 0xa0 ? undefined : typed(character);
}
