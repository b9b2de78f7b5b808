/**
 * Wraps help to the terminal's width; undefined: no terminal, so nothing is wrapped.
 *
 * The argument parser wraps the list of options itself, but not the text after it. That text has blocks: a paragraph,
 * or a line `  word   what it is about` whose further lines continue below its second column. A block is rewrapped if
 * one of its lines is too long.
 */
export function helpLines(text: string, columns: number | undefined): string {
  if (columns === undefined) return text;
  const blocks: Block[] = [];
  for (const line of text.split("\n")) {
    const last = blocks.at(-1);
    if (last && goesOn(last, line)) last.lines.push(line);
    else blocks.push({ lines: [line], hang: hangOf(line) });
  }
  return blocks
    .flatMap((block) => (block.lines.every((line) => line.length <= columns) ? block.lines : broken(block, columns)))
    .join("\n");
}

/**
 * Breaks a worker's line between words. Further lines of news such as `08:12:01  run1.2 failed: ...` start below the
 * text; those of an indented line are indented by 2 more.
 */
export function newsLines(line: string, columns: number | undefined): string {
  if (columns === undefined || line.length <= columns) return line;
  const indent = indentOf(line);
  const hang = indent > 0 ? indent + 2 : (/^\S+ {2,}/.exec(line)?.[0].length ?? 0);
  return broken({ lines: [` ${line}`], hang: hang + 1 }, columns + 1)
    .map((each) => each.slice(1))
    .join("\n");
}

/** For commander's configureOutput. */
export const helpOutput = {
  writeOut: (text: string): void =>
    void process.stdout.write(helpLines(text, process.stdout.isTTY ? process.stdout.columns : undefined)),
};

interface Block {
  readonly lines: string[];
  /** Indentation of every line after the first. */
  readonly hang: number;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Where the second column of an indented line begins; 0 if there is none. */
const hangOf = (line: string): number => (indentOf(line) > 0 ? (/^ +\S.*? {2,}(?=\S)/.exec(line)?.[0].length ?? 0) : 0);

function goesOn({ lines, hang }: Block, line: string): boolean {
  const first = lines[0] ?? "";
  if (first.trim() === "" || line.trim() === "") return false;
  return indentOf(line) === hang && (hang > 0 || indentOf(first) === 0);
}

function broken({ lines, hang }: Block, columns: number): string[] {
  const indent = indentOf(lines[0] ?? "");
  const blanks = " ".repeat(hang <= columns * 0.6 ? hang : indent + 4);
  const [head = "", ...words] = lines
    .map((line, i) => (i === 0 ? line : line.trimStart()))
    .join(" ")
    .slice(indent)
    .split(" ");
  const result = [`${" ".repeat(indent)}${head}`];
  for (const word of words) {
    const longer = `${result.at(-1)} ${word}`;
    if (longer.length <= columns) result[result.length - 1] = longer;
    else if (word !== "") result.push(`${indent > 0 ? blanks : ""}${word}`);
  }
  return result.map((line) => line.trimEnd());
}
