import pino from "pino";
import { UsageError } from "./errors.ts";
import { RotatingFile, type RotationOptions } from "./rotating-file.ts";

/** A log of JSON lines, one event each. */
export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error">;

/**
 * A log in a file, created if missing. Default: a new file at 10 MB, three old ones kept. NEXUS_LOG sets the level.
 *
 * @throws UsageError if NEXUS_LOG is no level
 */
export function fileLog(path: string, program: string, rotation?: RotationOptions): Log {
  const level = wantedLevel(process.env);
  const file = new RotatingFile(path, rotation);
  return unfailing(
    pino({ level, base: { program, pid: process.pid } }, { write: (line) => file.write(plainLine(line)) }),
  );
}

/** Those of pino; the first and the last two are of no use to people. */
const levels: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** @throws UsageError if NEXUS_LOG is set to another word; empty is as unset */
function wantedLevel({ NEXUS_LOG: word = "" }: NodeJS.ProcessEnv): string {
  const level = word.toLowerCase() || "info";
  if (levels.includes(level)) return level;
  throw new UsageError(`NEXUS_LOG=${word}: expected debug, info, warn or error`);
}

/** A log whose failures, for instance on a full disk, do not stop the program. */
function unfailing(log: Log): Log {
  const quietly =
    (write: (...args: [object, string?]) => void) =>
    (...args: [object, string?]): void => {
      try {
        write(...args);
      } catch {
        // There is nowhere else to say so.
      }
    };
  return {
    debug: quietly((...args) => log.debug(...args)),
    info: quietly((...args) => log.info(...args)),
    warn: quietly((...args) => log.warn(...args)),
    error: quietly((...args) => log.error(...args)),
  } as Log;
}

/**
 * Escapes what a reader's terminal would obey: JSON escapes only the first 32 control characters, but not the others,
 * nor marks that change the direction of writing.
 */
const plainLine = (line: string): string =>
  line.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
