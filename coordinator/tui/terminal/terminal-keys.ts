import type { Key } from "./terminal-port.ts";

/** What blessed says about a key. */
export interface HeardKey {
  readonly full?: string;
  readonly name?: string;
  /** As the terminal sent it. */
  readonly sequence?: string;
}

/** Has the terminal mark where pasted text begins and ends. Otherwise it would be taken for keys, orders among them. */
export const announcePastes = "\u001b[?2004h";
const pasteBegins = "\u001b[200~";
const pasteEnds = "\u001b[201~";

/** Sequences of a keypad, which blessed does not know. */
const keypad = new Map([
  ..."0123456789".split("").map((digit, i) => [`\u001bO${String.fromCharCode("p".charCodeAt(0) + i)}`, digit] as const),
  ["\u001bOM", "enter"],
  ["\u001bOk", "+"],
  ["\u001bOm", "-"],
  ["\u001bOj", "*"],
  ["\u001bOo", "/"],
  ["\u001bOn", "."],
  ["\u001bOX", "="],
]);

/** Whether blessed drops a sequence that is a key of ours. */
export const isDropped = ({ name, sequence = "" }: HeardKey): boolean =>
  name === "undefined" && (sequence === pasteBegins || sequence === pasteEnds || keypad.has(sequence));

/** Turns what blessed hears into keys: one for each key pressed, one for each paste. */
export class KeyReader {
  readonly #onKey: (key: Key) => void;
  /** What was pasted so far; null while nobody is pasting. */
  #pasted: string | null = null;

  constructor(onKey: (key: Key) => void) {
    this.#onKey = onKey;
  }

  hear(text: string | undefined, key: HeardKey): void {
    const { sequence = "" } = key;
    // blessed reports the Enter key twice, as "enter" and as "return".
    if (key.name === "return") return;
    if (sequence === pasteBegins) this.#pasted = "";
    else if (this.#pasted !== null && key.full !== "C-c") this.#paste(text, key, this.#pasted);
    else {
      // A paste that never ends must not take the keyboard away.
      this.#pasted = null;
      this.#press(text, key);
    }
  }

  #paste(text: string | undefined, { sequence, name }: HeardKey, before: string): void {
    if (sequence === pasteEnds) {
      this.#pasted = null;
      this.#onKey({ name: "paste", text: before });
    } else this.#pasted = before + (name === "enter" || name === "linefeed" ? " " : isText(text) ? text : "");
  }

  #press(text: string | undefined, key: HeardKey): void {
    // Escape and a key right after it arrive as one key with "meta", which we do not use.
    const behindEscape = /^M-(escape|.)$/.exec(key.full ?? "")?.[1];
    if (behindEscape !== undefined) {
      this.#onKey({ name: "escape", text: "" });
      this.#onKey({ name: behindEscape, text: behindEscape === "escape" ? "" : behindEscape });
      return;
    }
    const onKeypad = keypad.get(key.sequence ?? "");
    if (onKeypad !== undefined) {
      this.#onKey({ name: onKeypad, text: onKeypad.length === 1 ? onKeypad : "" });
      return;
    }
    const name = isText(text) ? text : (key.full ?? key.name ?? "");
    this.#onKey({ name: name === "linefeed" ? "enter" : name, text: isText(text) ? text : "" });
  }
}

const isText = (text: string | undefined): text is string =>
  text !== undefined && text.length === 1 && text >= " " && text !== "\u007f";
