import { followJournal } from "../../../shared/broker/store/journal-reader.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { JournalCorruptError } from "../../../shared/errors.ts";
import type { Bus, StoredMessage } from "../../../shared/ports.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { decodeEvidence } from "../../../shared/wire/messages.ts";
import { evidenceOfTrial, parseEvidence, streams } from "../../../shared/wire/subjects.ts";
import type { Output } from "../../operator/output.ts";
import { type Scope, withLink } from "../../operator/scope.ts";
import { reading, type Session } from "../../operator/session.ts";
import { EarlyEvidence, isEarly } from "../../reading/early-evidence.ts";
import { type ChosenRun, EvidenceCollector, readEvidence } from "../../reading/evidence-reader.ts";
import { oneRun } from "../../runs/one-run.ts";
import { type ConsoleLook, ConsolePrinter } from "./console-printer.ts";

export interface ViewConsoleOptions extends ConsoleLook {
  /** Continue to show what the run prints, until it ends. */
  readonly follow?: boolean | undefined;
}

/** `nexus view console run662.7`: what the run has printed. */
export async function viewConsole(session: Session, word: string, options: ViewConsoleOptions): Promise<void> {
  const { scope, output } = session;
  if (options.follow) {
    await withLink(scope, "viewer", ({ bus }) => followConsole(bus, word, scope, options, output));
    return;
  }
  await reading(session, async ({ state, bus, workspace, flags }) => {
    const run = oneRun(word, state, workspace, flags);
    const [evidence] = await readEvidence(bus, [run]);
    const printer = new ConsolePrinter(run.trial, options, output);
    for (const said of evidence?.said ?? []) printer.say(said);
    printer.caughtUp();
    if (printer.isSilent) output.note(nothingYet(run));
  });
}

function nothingYet({ trial }: ChosenRun): string {
  if (!isOpen(trial)) return `${trial.run} has left no console: it is ${trial.status}${why(trial.reason)}\n`;
  return `${trial.run} has printed nothing yet: it is ${trial.status}${why(trial.reason)}; to wait for it: --follow\n`;
}

const why = (reason: string): string => (reason === "" ? "" : ` (${printable(reason)})`);

function isOfLaterAttempt(trial: Trial, { subject, data }: StoredMessage): boolean {
  const address = parseEvidence(subject);
  try {
    return address !== undefined && isEarly(trial, decodeEvidence(address, data).attempt);
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    return false;
  }
}

/** Shows the console from its beginning until the run has ended. */
export async function followConsole(
  bus: Bus,
  word: string,
  { paths, flags }: Pick<Scope, "paths" | "flags">,
  shown: ConsoleLook,
  output: Output,
): Promise<void> {
  let ended: (why?: JournalCorruptError) => void = () => undefined;
  const over = new Promise<JournalCorruptError | undefined>((resolve) => {
    ended = resolve;
  });
  let onEvent: (event: JournalEvent) => void = () => undefined;
  const journal = await followJournal(
    bus,
    (event) => onEvent(event),
    (error) => ended(error),
  );
  try {
    const { table, trial } = oneRun(word, journal.state, paths.name, flags);
    const printer = new ConsolePrinter(trial, shown, output);
    const collector = new EvidenceCollector(table, trial, (text, attempt) => printer.say({ attempt, text }));
    const early = new EarlyEvidence();
    let readUpTo = 0;
    const look = (message: StoredMessage): void => {
      const refused = collector.refused;
      collector.add(message);
      if (collector.refused > refused && isOfLaterAttempt(trial, message)) early.keep(trial.n, message);
      readUpTo = Math.max(readUpTo, message.seq);
      endIfOver();
    };
    /** Sequence of the evidence that the end rests on; Infinity while the run is open. */
    let last = isOpen(trial) ? Number.POSITIVE_INFINITY : 0;
    const endIfOver = (): void => {
      if (readUpTo >= last) ended();
    };
    onEvent = (event) => {
      if (!("n" in event) || event.job !== table.job || event.n !== trial.n) return;
      for (const message of early.take(trial.n)) look(message);
      if (!isOpen(trial)) last = "ev" in event ? event.ev : 0;
      endIfOver();
    };
    const reading = await bus.read(streams.evidence, 1, look, [evidenceOfTrial(table.job, trial.n)]);
    await reading.caughtUp;
    printer.caughtUp();
    endIfOver();
    if (printer.isSilent && !Number.isFinite(last)) output.note(`waiting for ${trial.run} to print something\n`);
    const corrupt = await over;
    await reading.stop();
    if (corrupt) throw corrupt;
    if (collector.atEndOnly) printer.say(collector.atEndOnly);
    output.note(`${trial.run} is ${trial.status}${why(trial.reason)}\n`);
  } finally {
    await journal.stop();
  }
}
