/** Executes one run for `nexus check`, which starts this process, and tells what it sees. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ExpandedStage, expandSpec, stagesOf } from "../../shared/domain/runspec/spec-read.ts";
import { randintAt } from "../../shared/domain/seeds.ts";
import { messageOf } from "../../shared/errors.ts";
import type { CheckedMetric, CheckedRun, CheckNote, CheckOrder } from "../../shared/here/check-run.ts";
import { useOwnComponents } from "../components/registry.ts";
import { readCarried } from "../runner/read-carried.ts";
import { executeRun } from "../runner/run.ts";
import { isCheckpointDue } from "./checkpoint-due.ts";

/** At most this many lines are passed on live. */
const mostLines = 500;
const mostNewest = 20;
const mostFiles = 50;
const program = "processors/Command_Proc";

const stop = new AbortController();
let whyStopped = "";
const stopFor = (why: string): void => {
  whyStopped ||= why;
  stop.abort();
};

const tell = (note: CheckNote): void => void process.send?.(note);

async function execute(order: CheckOrder): Promise<CheckedRun> {
  const { settings, seed, directory, stateDirectory, codeFolder } = order;
  useOwnComponents(codeFolder);
  const stages = stagesOf(expandSpec(readCarried(order), settings, (path) => randintAt(seed, path)));
  // The witness passes on what a program prints, unchanged.
  const isProgram = stages.every(({ component, enabled }) => !enabled || component === program);
  const last = stages.findLast(({ enabled }) => enabled);
  let searched = listedFirst(last);
  const metrics = new Map<string, CheckedMetric>();
  const newest: string[] = [];
  const counts = { lines: 0, measuredLines: 0, reports: 0, checkpoints: 0 };
  let iters: readonly [number, number] = [0, 0];
  let checkpointAt: number | undefined;
  const printed = (text: string, isMeasured: boolean): void => {
    counts.lines += 1;
    if (isMeasured) counts.measuredLines += 1;
    newest.push(text);
    if (newest.length > mostNewest) newest.shift();
    if (counts.lines <= mostLines) tell({ kind: "line", text, isMeasured });
  };
  const startedAt = performance.now();
  const timer = setTimeout(() => stopFor(`its time was over: ${order.seconds} s`), order.seconds * 1000);
  let end: Pick<CheckedRun, "outcome" | "reason" | "hpmax">;
  try {
    const { hpmax } = await executeRun(stages, {
      line: (text) => {
        if (!isProgram) printed(text, false);
      },
      report: (report, names) => {
        counts.reports += 1;
        if (report.stage === last?.number) searched = names[0] ?? searched;
        iters = [counts.reports === 1 ? report.iters : iters[0], report.iters];
        for (const [i, name] of names.entries()) {
          const value = report.values[i] ?? Number.NaN;
          if ((report.counts[i] ?? 0) === 0) continue;
          const before = metrics.get(name);
          metrics.set(name, { name, count: (before?.count ?? 0) + 1, first: before?.first ?? value, last: value });
        }
        if (order.reports !== null && counts.reports >= order.reports) stopFor(`it had made ${order.reports} reports`);
      },
      witness: {
        started: (words, environment) => {
          const isSet = ([name, value]: [string, string]): boolean => process.env[name] !== value;
          const all = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
          const set = all.filter(isSet);
          tell({ kind: "program", words, variables: Object.fromEntries(set), others: all.length - set.length });
        },
        printed,
      },
      codeFolder,
      inputsFolder: order.inputsFolder,
      directory,
      stateDirectory,
      signal: stop.signal,
      checkpointDue: () => isCheckpointDue(counts.reports, checkpointAt, performance.now()),
      keep: async () => {
        checkpointAt = performance.now();
        counts.checkpoints += 1;
      },
      inSearch: false,
    });
    end = { outcome: "completed", reason: "", hpmax };
  } catch (error) {
    end = stop.signal.aborted
      ? { outcome: "stopped", reason: whyStopped, hpmax: null }
      : { outcome: "failed", reason: messageOf(error), hpmax: null };
  } finally {
    clearTimeout(timer);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const [stateFiles, files] = [filesIn(stateDirectory), filesIn(directory, "parameters.json")];
  return { ...end, searched, seconds, ...counts, iters, metrics: [...metrics.values()], newest, stateFiles, files };
}

/** The first metric that the spec lists for a program's stage; null for other processors. */
function listedFirst(stage: ExpandedStage | undefined): string | null {
  const metrics = stage?.spec["metrics"];
  const [first] = stage?.component === program && Array.isArray(metrics) ? metrics : [];
  return stage && typeof first === "string" ? `s${stage.number}-${first}` : null;
}

function filesIn(folder: string, ...ours: readonly string[]): string[] {
  const names = filesBelow(folder, "");
  return names.filter((name) => !ours.includes(name)).slice(0, mostFiles);
}

/** Not by a recursive listing: before Node 20.12 it doesn't tell where an entry lies, or else follows links. */
function filesBelow(folder: string, below: string): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (entry.isDirectory()) return filesBelow(folder, path);
    return entry.isFile() ? [path] : [];
  });
}

process.on("SIGINT", () => stopFor("you stopped it"));
process.on("SIGTERM", () => stopFor("it was told to stop"));
// The command is gone, and nobody would see the rest.
process.on("disconnect", () => stopFor("the command has ended"));
process.once("message", (order: CheckOrder) => {
  void execute(order).then(
    (end) => process.send?.({ kind: "end", ...end } satisfies CheckNote, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${messageOf(error)}\n`);
      process.exitCode = 1;
      process.disconnect();
    },
  );
});
