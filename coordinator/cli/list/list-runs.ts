import { counted } from "../../../shared/domain/counted.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import type { Bus } from "../../../shared/ports.ts";
import { heardStatus } from "../../operator/leader-here.ts";
import { streamResult } from "../../operator/output.ts";
import { type JsonOption, type Printing, reading, type Session } from "../../operator/session.ts";
import { readEvents } from "../../reading/journal-events.ts";
import { type Column, statusOf } from "../../runs/columns.ts";
import { exportLines, exportListing, formatOf } from "../../runs/listing-file.ts";
import { type LiveRuns, liveRuns, nothingLive } from "../../runs/live-runs.ts";
import { type Field, recordsJson } from "../../runs/records.ts";
import { selectRuns } from "../../runs/run-list.ts";
import {
  availableColumns,
  type ListedGroup,
  listing,
  listingColumns,
  type RunListing,
  type RunQuery,
  totalLine,
} from "../../runs/run-listing.ts";
import { heldRows, type RunRow } from "../../runs/run-rows.ts";
import { unreportedText } from "../../words/progress.ts";
import { laidTable, RowTable, tableColumn } from "../../words/table.ts";
import { hiddenColumnsNote } from "../../words/table-layout.ts";

export interface ListRunsOptions extends Omit<RunQuery, "runs">, JsonOption {
  /** List the columns instead of the runs. */
  readonly available?: boolean | undefined;
  readonly precision?: number | undefined;
  readonly maxWidth?: number | undefined;
  /** File to write to instead of a table. */
  readonly export?: string | undefined;
}

export async function listRuns(session: Session, runs: readonly string[], options: ListRunsOptions): Promise<void> {
  // Checked before the journal is read, which may take a while.
  if (options.export !== undefined) formatOf(options.export, runs, session.scope.flags);
  await reading(session, async (reader) => {
    const { state, bus, workspace, flags } = reader;
    // A file holds what is stored, the same whenever it is written.
    const isLive = options.export === undefined && !options.available;
    const mayRun = isLive && [...state.jobs.values()].some(({ running }) => running > 0);
    const isAnyRunning = mayRun && selectRuns(runs, state, workspace, flags).tables.some(({ running }) => running > 0);
    const status = isAnyRunning ? await heardStatus(bus, session.scope, state) : undefined;
    const live = status && liveRuns(state, status, Date.now());
    const choices = asksWhy(options) ? await readChoices(bus) : undefined;
    const told = choices ? { ...(live ?? nothingLive), ...choices } : live;
    const { results, notes } = runsListed(reader, runs, options, told, session.output.width);
    await streamResult(session.output, results);
    if (notes !== "") session.output.note(notes);
  });
}

/** Whether a column of the query is `why`: for ended runs only the journal itself has it, and reading that takes longer. */
const asksWhy = ({ columns, addColumns, sort, group, filter = [] }: ListRunsOptions): boolean =>
  [columns, addColumns, sort, group, ...filter].some((text) => text !== undefined && /\bwhy\b/.test(text));

/** Why each run's configuration was chosen; later attempts only say why it was started again. */
async function readChoices(bus: Bus): Promise<Pick<Required<LiveRuns>, "chosen">> {
  const whys = new Map<string, string>();
  await readEvents(bus, (event) => {
    if (event.type === "assigned" && event.attempt === 1) whys.set(`${event.job} ${event.n}`, event.why);
    return false;
  });
  return { chosen: (job, n) => whys.get(`${job} ${n}`) };
}

/** The output of `list runs`. */
export interface RunsListed {
  /** The table or the objects, piece by piece. */
  readonly results: Iterable<string>;
  readonly notes: string;
}

/**
 * What `list runs` prints, from the folded journal and from what the leader says of running runs.
 *
 * @param width  cells of a terminal; left out: a pipe, which gets everything
 */
export function runsListed(
  { state, workspace, flags }: Omit<Printing, "output">,
  runs: readonly string[],
  options: ListRunsOptions,
  live?: LiveRuns,
  width?: number,
): RunsListed {
  const query: RunQuery = { ...options, runs, flags, isStored: options.json === true || options.export !== undefined };
  if (options.available) {
    const { all } = availableColumns(query, state, workspace);
    if (options.json) return { results: [recordsJson("column", columnFields, all)], notes: "" };
    const { lines, hidden } = laidTable(
      columnFields.map(({ name, kind, value }) => tableColumn(name, kind, all.map(value))),
      width,
    );
    return { results: [`\n${lines.join("\n")}\n`], notes: hiddenColumnsNote(hidden, width) };
  }
  const found = listing(query, state, workspace, live);
  const notes = hiddenNote(found, query.sort ?? "") + unsortedNote(found, query.sort ?? "");
  if (options.export !== undefined) {
    exportListing(found, options.export, formatOf(options.export, runs, flags));
    return { results: [], notes: `${counted(found.rows.length, "run")} written to ${options.export}\n${notes}` };
  }
  if (options.json) return { results: exportLines(found, "jsonl"), notes };
  const isUsual = options.columns === undefined && options.addColumns === undefined;
  const why =
    isUsual && found.unsorted.length === 0 ? failedNote(found, runs, flags) + infeasibleNote(found, runs, flags) : "";
  const table = new RowTable(listingColumns(found, options), heldRows(found.rows), width);
  return { results: tables(found, table), notes: notes + why + hiddenColumnsNote(table.hidden, width) };
}

/** The lines of one table, or of one for each group under its name. Columns line up across all tables. */
function* tables(found: RunListing, table: RowTable<RunRow>): Generator<string> {
  for (const group of found.groups ?? [found]) {
    yield "column" in group ? `\n${groupTitle(group)}\n\n` : "\n";
    for (const line of table.lines(heldRows(group.rows), group.rows.length)) yield `${line}\n`;
  }
  yield `\n${totalLine(found)}\n`;
}

function groupTitle({ column, value, rows }: ListedGroup): string {
  const shown = value === undefined ? "(none)" : printable(String(value));
  return `${column.header}: ${shown} (${counted(rows.length, "run")})`;
}

/** Why runs are not listed: the limit, or `12 more runs are not listed (no loss); to see all: --all`. */
function hiddenNote({ hidden, lacksValue, limit }: RunListing, sort: string): string {
  if (hidden === 0) return "";
  const why = lacksValue ? `no ${sortName(sort)}` : limit;
  return `${counted(hidden, "more run is", "more runs are")} not listed (${why}); to see all: --all\n`;
}

const sortName = (sort: string): string => sort.replace(/^(metrics|hparams)\./, "");

/** Why runs come last: `2 runs have no hpmax, listed last: 1 error (run1.2: it broke), 1 running (run2.2)`. */
function unsortedNote({ unsorted }: RunListing, sort: string): string {
  const byStatus = new Map<string, RunRow[]>();
  for (const row of unsorted) {
    const status = String(statusOf(row));
    const same = byStatus.get(status);
    if (same) same.push(row);
    else byStatus.set(status, [row]);
  }
  if (byStatus.size === 0) return "";
  const reasons = [...byStatus].map(([status, rows]) => {
    const trial = rows[0]?.trial;
    const why = trial?.reason ? `: ${printable(trial.reason).slice(0, 100)}` : "";
    return `${rows.length} ${status} (${trial?.run}${why}${rows.length > 1 ? ", ..." : ""})`;
  });
  const subject = counted(unsorted.length, "run has", "runs have");
  return `${subject} no ${sortName(sort)}, listed last: ${reasons.join(", ")}\n`;
}

const longestReason = 100;

/** `24 failed, most often: it broke; to see why: nexus list runs job6 --status error --columns run,reason` */
function failedNote({ rows }: RunListing, runs: readonly string[], flags: string): string {
  const counts = new Map<string, number>();
  let failed = 0;
  for (const { trial } of rows.filter(({ table }) => table.outcomes.failed > 0)) {
    if (trial?.status !== "failed") continue;
    failed += 1;
    const reason = printable(trial.reason).replace(/\s+/g, " ").trim();
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const [commonest = ""] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), ["", 0]);
  if (failed === 0) return "";
  const reason =
    commonest.length > longestReason ? `${commonest.slice(0, longestReason).replace(/\s+\S*$/, "")} ...` : commonest;
  const said = reason === "" ? "" : `${failed === 1 ? "" : ", most often"}: ${reason}`;
  return `${failed} failed${said}; to see why: nexus list runs${wordsFor(runs)} --status error --columns run,reason${flags}\n`;
}

/** `8 infeasible (require: memory_gb <= 8); to see why: nexus list runs job6 --status infeasible --columns run,reason` */
function infeasibleNote({ rows }: RunListing, runs: readonly string[], flags: string): string {
  const found = rows.filter((row) => row.table.runSets.totals.infeasible > 0 && row.trial?.status === "infeasible");
  const tables = new Set(found.map(({ table }) => table));
  if (tables.size === 0) return "";
  const required = [...new Set([...tables].flatMap(({ submitted }) => submitted.settings.require))].join("; ");
  const unreported = [...tables].map(unreportedText).filter((text) => text !== "");
  const why = `to see why: nexus list runs${wordsFor(runs)} --status infeasible --columns run,reason${flags}`;
  return `${found.length} infeasible (require: ${printable(required)}); ${why}\n${unreported.map((text) => `${text}\n`).join("")}`;
}

const wordsFor = (runs: readonly string[]): string =>
  runs.length === 0 ? " --all" : runs.map((word) => ` ${shellWord(word)}`).join("");

const columnFields: readonly Field<Column>[] = [
  { name: "column", kind: "text", value: ({ id }) => id },
  { name: "header", kind: "text", value: ({ header }) => header },
  { name: "about", kind: "text", value: ({ about }) => about },
];
