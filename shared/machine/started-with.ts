/**
 * Removes secrets from what others see of this process: its arguments (`ps` shows them to everyone on the machine) and
 * its initial environment (/proc shows it to its owner's other programs, for example a run). This runs before anything
 * else is loaded, so it imports nothing of ours.
 */

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** Secrets: the code of a join line, user and password in an address, an invitation to peers. */
const secretParts = [/(?<=:\/\/)[^@/\s]+(?=@)/g, /(?<=nexus-peers:)[\w-]+/g];

/** A text with each secret replaced by `***`. */
export const withoutSecrets = (text: string): string =>
  secretParts.reduce((rest, part) => rest.replace(part, "***"), text).replace(/,[^@,/\s]+@/g, ",***@");

/** Hides secrets in this process's arguments from every list of processes. Call it first. */
export function hideArguments(): void {
  const words = ownWords();
  const shown = withoutSecrets(words);
  // Node writes the title over the arguments in memory, and zeros over their rest.
  if (shown !== words) process.title = shown;
}

function ownWords(): string {
  try {
    return readFileSync("/proc/self/cmdline", "utf8").replace(/\0+$/, "").replaceAll("\0", " ");
  } catch {
    return [process.argv0, ...process.execArgv, ...process.argv.slice(1)].join(" ");
  }
}

/** Takes a variable out of this process's environment, the initial one too; undefined if it is unset or empty. */
export function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  if (value === undefined) return undefined;
  delete process.env[name];
  wipeVariable(name);
  return value === "" ? undefined : value;
}

/** Index of the 50th field of /proc/self/stat, if the third one, after the program's name in brackets, is 0. */
const environmentStart = 47;

/**
 * Overwrites a variable in the process's initial environment, where deleting leaves its text. On systems without /proc
 * nobody else can read that.
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
    // No /proc, or the system lets nobody write there: nothing more can be done.
  }
}
