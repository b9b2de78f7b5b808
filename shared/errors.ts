/**
 * Named errors. A person's mistake prints `message` and no stack, and so does a file that the system refuses; a bug prints its
 * stack and asks for a report.
 */

/** Exit codes of all programs, in `nexus --help` and docs/commands.md too. */
export const exitCode = {
  done: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  someRunsFailed: 5,
} as const;

/** Exit codes of a program that a signal ends: 128 and the signal's number. */
export const signalExit = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;

/** A mistake or misfortune that a person can act on. `message` says where, what was found, what was expected, what to type. */
export class NexusError extends Error {
  readonly code: string;
  readonly exit: number;

  constructor(code: string, exit: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.exit = exit;
  }
}

/** A base class for errors with this code and exit code. */
const coded = (code: string, exit: number) =>
  class extends NexusError {
    constructor(message: string, options?: { cause?: unknown }) {
      super(code, exit, message, options);
    }
  };

/** A runspec that cannot be used; `message` lists every problem with its file:line:column. */
export class SpecError extends coded("SPEC", exitCode.usage) {}

/** Wrong arguments or settings. */
export class UsageError extends coded("USAGE", exitCode.usage) {}

/** The named thing does not exist, or there is nothing to show yet. */
export class NotFoundError extends coded("NOT_FOUND", exitCode.notFound) {}

/** No coordinator, or no broker, or no answer from either. */
export class UnreachableError extends coded("UNREACHABLE", exitCode.unreachable) {}

/** The broker refused or could not start: a taken port, a locked store, a full disk, wrong credentials. */
export class BrokerError extends coded("BROKER", exitCode.unreachable) {}

/** The journal holds something that this version cannot fold, or lacks something; the program does not guess. */
export class JournalCorruptError extends coded("JOURNAL_CORRUPT", exitCode.failure) {}

/** The message of a caught value, without its stack. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const noRoom = "the disk is full, or a quota or the limit on a file's size is reached: free some space";
const notAllowed = "see who owns it: another user may have made it, such as root by sudo";

/** What a person can do about a file that the system does not let us read or write, by the error's code. */
const fileAdvice: Readonly<Record<string, string>> = {
  ENOSPC: noRoom,
  EDQUOT: noRoom,
  EFBIG: noRoom,
  EACCES: notAllowed,
  EPERM: notAllowed,
  EROFS: "it lies on a disk that takes no changes",
};

/** Undefined for an error that is not about a file, or that a person can do nothing about. */
function fileTrouble(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path, syscall, message } = error as NodeJS.ErrnoException;
  const advice = Object.hasOwn(fileAdvice, code) ? fileAdvice[code] : undefined;
  // What was opened before has no path any more.
  const isAboutFile = path !== undefined || syscall === "write" || syscall === "fsync";
  return advice === undefined || !isAboutFile ? undefined : `${message}\n  ${advice}`;
}

/** The text that a person should see for an error, and the exit code that goes with it. */
export function explain(error: unknown, program: string): { text: string; exit: number } {
  if (error instanceof NexusError) return { text: error.message, exit: error.exit };
  const trouble = fileTrouble(error);
  if (trouble !== undefined) return { text: `${program}: ${trouble}`, exit: exitCode.failure };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `${program}: this is a bug, please report it with the lines below\n${stack}`, exit: exitCode.failure };
}
