import type { WorkspaceLink } from "../../shared/broker/workspace-link.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { type Asker, processAsker } from "./consent.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, type Scope, scopeOf, withLink, withOperatorLink } from "./scope.ts";

/** What a command gets besides its own words: its workspace, where it prints, and whom it may ask. */
export interface Session {
  readonly scope: Scope;
  readonly output: Output;
  readonly asker: Asker;
}

/** What a command prints from: the folded journal. */
export interface Printing {
  readonly state: WorkspaceState;
  readonly workspace: string;
  /** As `Scope.flags`. */
  readonly flags: string;
  readonly output: Output;
}

/** A command that has read the journal, over a connection that it may use for more. */
export interface Reader extends Session, Printing {
  readonly bus: WorkspaceLink["bus"];
}

export interface JsonOption {
  /** One JSON object, or one a line, instead of a table. */
  readonly json?: boolean | undefined;
}

export const sessionOf = (globals: GlobalOptions, output: Output): Session => ({
  scope: scopeOf(globals),
  output,
  asker: processAsker,
});

/** Reads the journal, then works. */
export const reading = <T>(session: Session, work: (reader: Reader) => T | Promise<T>): Promise<T> =>
  withLink(session.scope, "viewer", async ({ bus }) => work(await readerOver(session, bus)));

/** The same for a command that gives orders, which needs a coordinator. */
export const ordering = <T>(session: Session, work: (reader: Reader) => Promise<T>): Promise<T> =>
  withOperatorLink(session.scope, async ({ bus }) => work(await readerOver(session, bus)));

async function readerOver(session: Session, bus: WorkspaceLink["bus"]): Promise<Reader> {
  const { readJournal } = await import("../../shared/broker/store/journal-reader.ts");
  const { paths, flags } = session.scope;
  return { ...session, state: await readJournal(bus), workspace: paths.name, flags, bus };
}
