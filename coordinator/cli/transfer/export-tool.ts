import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen } from "../../../shared/domain/fold/trial.ts";
import { NexusError } from "../../../shared/errors.ts";
import { eventFileName } from "../../../shared/tensorboard/event-file.ts";
import type { Reader } from "../../operator/session.ts";
import { type ChosenRun, type RunEvidence, readEvidence } from "../../reading/evidence-reader.ts";
import { writeWhole } from "../../runs/whole-file.ts";
import type { ToolFormat } from "./export-formats.ts";
import { eventFile } from "./run-files.ts";
import { jobLine, runLine } from "./tool-lines.ts";
import { codeWords, pythonWith, safePython } from "./tool-python.ts";

/** Runs whose evidence is in memory at once. */
const runsAtOnce = 50;

/** What an export to a tool has done. */
export interface ToldTool {
  /** Runs that this export wrote. */
  readonly written: number;
  /** Runs that were there from an earlier export. */
  readonly there: number;
  readonly where: string;
  readonly notes: readonly string[];
  /** Runs that have not ended, and are left out. */
  readonly open: number;
}

/** `nexus export job278 --to mlflow`: writes the runs that have ended, with all their reports, to another tool. */
export async function exportToTool(
  reader: Reader,
  table: RunTable,
  to: ToolFormat,
  place: string | undefined,
): Promise<ToldTool> {
  const ended = [...table.trials].filter((trial) => !isOpen(trial)).map((trial) => ({ table, trial }));
  const open = table.trials.length - ended.length;
  const told =
    to === "tensorboard"
      ? await toTensorBoard(reader, table, ended, place)
      : await throughPython(reader, table, ended, to, place);
  return { ...told, open };
}

async function* withEvidence(
  { bus }: Reader,
  runs: readonly ChosenRun[],
): AsyncGenerator<readonly [ChosenRun, RunEvidence]> {
  for (let from = 0; from < runs.length; from += runsAtOnce) {
    const some = runs.slice(from, from + runsAtOnce);
    const evidence = await readEvidence(bus, some);
    for (const [i, run] of some.entries()) {
      const found = evidence[i];
      if (found) yield [run, found];
    }
  }
}

/** Writes one event file per run. Its name depends on the run alone, so the next export writes the same files. */
async function toTensorBoard(
  reader: Reader,
  { job }: RunTable,
  runs: readonly ChosenRun[],
  place = `${job}-tensorboard`,
): Promise<Omit<ToldTool, "open">> {
  let written = 0;
  for await (const [run, evidence] of withEvidence(reader, runs)) {
    const folder = join(place, run.trial.run);
    mkdirSync(folder, { recursive: true });
    const name = eventFileName((run.trial.attempts[0]?.at ?? 0) / 1000, "nexus");
    writeWhole(join(folder, name), [eventFile(run, evidence)], `--output=${place}`);
    written += 1;
  }
  return { written, there: 0, where: place, notes: [`to see them: tensorboard --logdir ${place}`] };
}

async function throughPython(
  reader: Reader,
  table: RunTable,
  runs: readonly ChosenRun[],
  tool: string,
  place = "",
): Promise<Omit<ToldTool, "open">> {
  const library = join(packageRoot(), "python", "src");
  const path = [library, ...(process.env["PYTHONPATH"] ? [process.env["PYTHONPATH"]] : [])].join(delimiter);
  const env = { ...safePython(process.env), PYTHONPATH: path, PYTHONIOENCODING: "utf-8" };
  const child = spawn(pythonWith(tool, process.env), [...codeWords(exporter), tool, place], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
  // What the package has to say matters only if it fails.
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors = `${errors}${chunk}`.slice(-mostErrors);
  });
  const ended = Promise.all([once(child, "close"), once(lines, "close")]).then(([[code]]) => code as number | null);
  // If the child stops reading, its exit code and messages say why.
  child.stdin.on("error", () => undefined);
  const write = async (line: string): Promise<void> => {
    if (!child.stdin.write(line)) await Promise.race([once(child.stdin, "drain"), ended]);
  };
  await write(jobLine(table, reader.workspace));
  for await (const [run, evidence] of withEvidence(reader, runs)) {
    if (child.exitCode !== null) break;
    await write(runLine(run, evidence, reader.workspace));
  }
  child.stdin.end();
  const code = await ended;
  if (code !== 0) throw new NexusError("EXPORT", 1, errors.trim() || `${tool}: Python ended with exit code ${code}`);
  // Our own program wrote this: its last line is the report.
  return JSON.parse(said.at(-1) ?? "") as Omit<ToldTool, "open">;
}

const mostErrors = 4000;
const exporter = "from nexus_swarm._export import main; main()";

/** The outcome of an export to a tool, in words. */
export const toldWords = ({ written, there, where, notes, open }: ToldTool): string =>
  `${[
    `${counted(written, "run")} written to ${where}`,
    ...(there > 0 ? [`${counted(there, "run")} ${there === 1 ? "was" : "were"} there already`] : []),
    ...(open > 0
      ? [
          `${counted(open, "run")} ${open === 1 ? "has" : "have"} not ended, and ${open === 1 ? "is" : "are"} left out; later, type the same again`,
        ]
      : []),
    ...notes,
  ].join("\n")}\n`;
