import type { Key } from "./terminal-port.ts";

/** What blessed says of a key. */
export interface HeardKey {
  readonly full?: string;
  readonly name?: string;
  /** As the terminal sent it. */
  readonly sequence?: string;
}

/** Has a terminal say where what is pasted begins and ends; it would be taken for keys otherwise, orders among them. */
export const announcePastes = "\u001b[?2004h";
const pasteBegins = "\u001b[200~";
const pasteEnds = "\u001b[201~";

/** A keypad that sends its own sequences, which blessed does not know. */
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

/** Whether a sequence is a key of ours although blessed, which passes on what it knows alone, drops it. */
export const isDropped = ({ name, sequence = "" }: HeardKey): boolean =>
  name === "undefined" && (sequence === pasteBegins || sequence === pasteEnds || keypad.has(sequence));

/** Makes keys of what blessed hears: one for each key that was pressed, and one for all that was pasted together. */
export class KeyReader {
  readonly #onKey: (key: Key) => void;
  /** What was pasted so far; null: nobody is pasting. */
  #pasted: string | null = null;

  constructor(onKey: (key: Key) => void) {
    this.#onKey = onKey;
  }

  hear(text: string | undefined, key: HeardKey): void {
    const { sequence = "" } = key;
    // The enter key comes twice, as "enter" and as "return".
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
    // Escape and a key right behind it arrive as one key with "meta", which no key of ours has.
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
