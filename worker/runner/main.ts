/** A runner: the child process in which a worker's trials run, one at a time, warm between them. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randintAt } from "../../shared/domain/seeds.ts";
import type { Spec, Tree } from "../../shared/domain/spec.ts";
import { carriedDefaults, expandSpec, readSpec, reproSpec, stagesOf } from "../../shared/domain/spec-read.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";
import { stageFactory } from "../stages/registry.ts";
import type { ComponentSpec } from "../stages/stage.ts";
import { settingLines } from "./console-lines.ts";
import { ConsoleTail } from "./console-tail.ts";
import type { FromRunner, JobText, ToRunner } from "./protocol.ts";
import { executeRun, Stopped } from "./run.ts";

type RunMessage = Extract<ToRunner, { type: "run" }>;

/** Reports wait this long to travel together; a run that ends sooner sends them with its result. */
const reportsEveryMs = 250;

const specs = new Map<string, Spec>();
let running: { id: number; stop: AbortController } | undefined;

const send = (message: FromRunner): void => {
  process.send?.(message);
};

function specOf(job: string, text: JobText | null): Spec {
  let spec = specs.get(job);
  if (!spec) {
    if (!text) throw new Error(`the text of ${job} was never sent to this runner`);
    const read = readSpec({
      file: text.file,
      text: text.text,
      commandLine: text.commandLine,
      defaults: carriedDefaults(text.sources),
    });
    if (!read.ok) throw new Error(`${text.file}: ${read.problems.map((problem) => problem.message).join("; ")}`);
    spec = read.spec;
    specs.set(job, spec);
  }
  return spec;
}

async function run(message: RunMessage): Promise<void> {
  const { id, settings, seed, directory, keepFiles } = message;
  const stop = new AbortController();
  running = { id, stop };
  const tail = new ConsoleTail();
  const unsent: ReportRow[] = [];
  let sentAt = performance.now();
  const takeReports = (): ReportRow[] => {
    sentAt = performance.now();
    return unsent.splice(0);
  };
  const lines: string[] = [];
  const line = (text: string): void => {
    tail.add(text);
    if (keepFiles) lines.push(text);
  };
  try {
    const spec = specOf(message.job, message.jobText);
    const expanded = expandSpec(spec, settings, (path) => randintAt(seed, path));
    if (keepFiles) {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "repro_spec.yaml"), reproSpec(expanded, spec.hyperparameters, settings));
    }
    for (const text of settingLines(settings)) line(text);
    const stages = stagesOf(expanded).map((stage) => ({ ...stage, spec: asComponent(stage.spec) }));
    const { hpmax, iters, metrics } = await executeRun(stages, {
      line,
      report: ({ stage, iters: at, hours, values, counts }) => {
        unsent.push([stage, at, hours, [...values], [...counts]]);
        if (performance.now() - sentAt > reportsEveryMs) send({ type: "reports", id, reports: takeReports() });
      },
      stageFactory,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
      now: () => performance.now(),
      directory,
      signal: stop.signal,
      inSearch: true,
    });
    if (keepFiles) writeFileSync(join(directory, "console.txt"), `${lines.join("\n")}\n`);
    send({ type: "done", id, reports: takeReports(), hpmax, iters, metrics, console: tail.text() });
  } catch (error) {
    if (error instanceof Stopped || stop.signal.aborted) {
      send({ type: "stopped", id });
    } else {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof Error && error.stack) line(error.stack);
      send({ type: "failed", id, reports: takeReports(), reason, console: tail.text() });
    }
  } finally {
    running = undefined;
  }
}

const asComponent = (tree: Tree): ComponentSpec => tree as unknown as ComponentSpec; // the reader has checked that it is one

process.on("message", (message: ToRunner) => {
  if (message.type === "run") void run(message);
  else if (running?.id === message.id) running.stop.abort();
});
// The worker is gone: nobody would hear the result.
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C reaches every process of its group; what happens to a run is the worker's decision.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
send({ type: "ready" });
