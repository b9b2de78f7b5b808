/** Named errors. People's mistakes print `message` and no stack; a bug prints its stack and asks for a report. */

/** What a process exits with; `nexus --help` prints this table. */
export const exitCode = {
  done: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  someRunsFailed: 5,
} as const;

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

/** A runspec that cannot be used; `message` lists every problem with its file:line:column. */
export class SpecError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("SPEC", exitCode.usage, message, options);
  }
}

/** Wrong arguments or settings. */
export class UsageError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("USAGE", exitCode.usage, message, options);
  }
}

/** No such job, run or worker. */
export class NotFoundError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("NOT_FOUND", exitCode.notFound, message, options);
  }
}

/** No coordinator, or no broker, or no answer from either. */
export class UnreachableError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("UNREACHABLE", exitCode.unreachable, message, options);
  }
}

/** The broker refused or could not start: a taken port, a locked store, a full disk, wrong credentials. */
export class BrokerError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("BROKER", exitCode.unreachable, message, options);
  }
}

/** The journal holds something that this version cannot fold; nothing is guessed. */
export class JournalCorruptError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("JOURNAL_CORRUPT", exitCode.failure, message, options);
  }
}

/** Prints an error the way a person should see it and returns the exit code. */
export function explain(error: unknown, program: string): { text: string; exit: number } {
  if (error instanceof NexusError) return { text: error.message, exit: error.exit };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `${program}: this is a bug, please report it with the lines below\n${stack}`, exit: exitCode.failure };
}
