/**
 * Takes secrets out of what others see of this process: its words (`ps` shows them to everyone on the machine) and its first
 * environment (/proc shows that to its owner's other programs, a run for example). Imports nothing of ours, because it runs
 * before anything else is loaded.
 */

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** The code of a join line, user and password in an address, an invitation to peers. */
const secretParts = [/(?<=:\/\/)[^@/\s]+(?=@)/g, /(?<=nexus-peers:)[\w-]+/g];

/** A text with each secret replaced by `***`. */
export const withoutSecrets = (text: string): string =>
  secretParts.reduce((rest, part) => rest.replace(part, "***"), text).replace(/,[^@,/\s]+@/g, ",***@");

/** Called first: from then on no list of processes shows a secret that this one was given as an argument. */
export function hideArguments(): void {
  const words = ownWords();
  const shown = withoutSecrets(words);
  // Node writes the title over the memory of the words, and zeros over the rest of it.
  if (shown !== words) process.title = shown;
}

function ownWords(): string {
  try {
    return readFileSync("/proc/self/cmdline", "utf8").replace(/\0+$/, "").replaceAll("\0", " ");
  } catch {
    return [process.argv0, ...process.execArgv, ...process.argv.slice(1)].join(" ");
  }
}

/** The value of a variable, which neither this process's children nor its first environment have from then on. */
export function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  if (value === undefined) return undefined;
  delete process.env[name];
  wipeVariable(name);
  return value === "" ? undefined : value;
}

/** The 50th field of /proc/self/stat, counted from the third one, which follows the program's name in brackets. */
const environmentStart = 47;

/**
 * Deleting a variable leaves the text that the process was started with where it was. So it is overwritten there. On systems
 * without /proc nobody else reads it.
 */
function wipeVariable(name: string): void {
  try {
    const fields = readFileSync("/proc/self/stat", "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const start = Number(fields[environmentStart]);
    const first = readFileSync("/proc/self/environ", "latin1");
    const memory = openSync("/proc/self/mem", "r+");
    try {
      for (const { index } of first.matchAll(new RegExp(`(?<=^|\\0)${name}=[^\\0]*`, "g"))) {
        const length = first.indexOf("\0", index) - index;
        if (length > 0) writeSync(memory, Buffer.alloc(length), 0, length, start + index);
      }
    } finally {
      closeSync(memory);
    }
  } catch {
    // No /proc, or a system that lets nobody write there: what can be done is done.
  }
}
