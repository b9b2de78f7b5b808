import type { Command } from "commander";
import type { Output } from "../../operator/output.ts";
import type { GlobalOptions } from "../../operator/scope.ts";
import { type Reader, reading, type Session, sessionOf } from "../../operator/session.ts";

/** What a family of verbs is given. A verb's code is loaded on use; a number that it returns is the exit code. */
export interface VerbPorts {
  readonly output: Output;
  /** The action of a verb that connects by itself, if at all. */
  does<Words extends unknown[]>(
    load: () => Promise<(session: Session, ...words: Words) => unknown>,
  ): (...words: Words) => Promise<void>;
  /** The action of a verb that works on the journal. */
  reads<Words extends unknown[]>(
    load: () => Promise<(reader: Reader, ...words: Words) => unknown>,
  ): (...words: Words) => Promise<void>;
}

export type AddVerbs = (program: Command, ports: VerbPorts) => void;

/** @param exit  hears the exit code of a verb that returns one */
export function verbPorts(output: Output, globals: () => GlobalOptions, exit: (code: number) => void): VerbPorts {
  const done = (code: unknown): void => {
    if (typeof code === "number") exit(code);
  };
  return {
    output,
    does:
      (load) =>
      async (...words) => {
        const verb = await load();
        done(await verb(sessionOf(globals(), output), ...words));
      },
    reads:
      (load) =>
      async (...words) => {
        const verb = await load();
        done(await reading(sessionOf(globals(), output), (reader) => verb(reader, ...words)));
      },
  };
}

/** The examples at the end of a verb's help. */
export const examples = (...lines: readonly string[]): string =>
  `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
