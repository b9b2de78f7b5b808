import { escapedJson, printableLines } from "../../shared/domain/printable.ts";

/** Results go to stdout, everything else to stderr. */
export interface Output {
  result(text: string): void;
  note(text: string): void;
  /** If the reader of results is behind: resolves once it is not. */
  drained?(): Promise<void> | undefined;
  /** Characters per line, if results go to a terminal. */
  readonly width?: number | undefined;
}

export const processOutput: Output = {
  result: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  drained: () =>
    process.stdout.writableNeedDrain
      ? new Promise((resolve) => {
          process.stdout.once("drain", resolve);
        })
      : undefined,
  get width() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
};

/** The same output, with results escaped if they are JSON. */
export const withEscapedJson = (output: Output, isJson: () => boolean): Output => ({
  result: (text) => output.result(isJson() ? escapedJson(text) : text),
  note: (text) => output.note(text),
  drained: () => output.drained?.(),
  get width() {
    return output.width;
  },
});

/** A file's text, ending in a newline. It is exact, but on a terminal without characters that move the cursor. */
export function fileText(text: string, { width }: Pick<Output, "width">): string {
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  return width === undefined ? whole : printableLines(whole);
}

/** Characters that are printed at once. */
const pieceLength = 65_536;

/** Prints a result of any length, never faster than it is read. */
export async function streamResult(output: Output, parts: Iterable<string>): Promise<void> {
  for (const piece of piecesOf(parts, pieceLength)) {
    output.result(piece);
    const behind = output.drained?.();
    if (behind) await behind;
  }
}

/** Short texts joined to fewer long ones. */
function* piecesOf(parts: Iterable<string>, length: number): Generator<string> {
  let piece = "";
  for (const part of parts) {
    piece += part;
    if (piece.length < length) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
