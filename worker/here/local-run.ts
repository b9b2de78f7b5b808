/** Executes one run on this machine for `nexus run`, which starts this process and sends it the run. */

import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { whyInfeasible } from "../../shared/domain/fold/feasibility.ts";
import { told } from "../../shared/domain/goal.ts";
import { expandSpec, goalOfSpec, reproSpec, stagesOf } from "../../shared/domain/runspec/spec-read.ts";
import { isMapping } from "../../shared/domain/runspec/tree.ts";
import { randintAt } from "../../shared/domain/seeds.ts";
import { exitCode, messageOf } from "../../shared/errors.ts";
import type { LocalRun } from "../../shared/here/local-run.ts";
import { useOwnComponents } from "../components/registry.ts";
import { failureText, settingLines } from "../runner/console-lines.ts";
import { readCarried } from "../runner/read-carried.ts";
import { executeRun, Stopped } from "../runner/run.ts";
import { TensorBoardLog } from "./tensorboard-log.ts";

const stop = new AbortController();
/** The first signal that asked the run to stop; "" before that. */
let signalled: NodeJS.Signals | "" = "";

/** Executes the run, printing each line as it comes; returns the exit code. */
async function execute(order: LocalRun): Promise<number> {
  const { settings, seed, directory, codeFolder, inputsFolder } = order;
  useOwnComponents(codeFolder);
  const spec = readCarried(order);
  const goal = goalOfSpec(spec);
  const expanded = expandSpec(spec, settings, (path) => randintAt(seed, path));
  writeFileSync(join(directory, "repro_spec.yaml"), reproSpec(expanded, spec.hyperparameters, settings));
  // Written line by line, so that nothing printed is lost, even if the process is killed.
  const consoleFile = openSync(join(directory, "console.txt"), "w");
  const line = (printed: string): void => {
    writeSync(consoleFile, `${printed}\n`);
    process.stdout.write(`${printed}\n`);
  };
  const logs = isMapping(expanded) ? expanded["log_to_tensorboard"] : false;
  const events =
    logs === true || logs === 1
      ? new TensorBoardLog(directory, {
          goal,
          hyperparameters: spec.hyperparameters,
          settings,
          startedAt: Date.now() / 1000,
        })
      : undefined;
  try {
    for (const printed of settingLines(settings)) line(printed);
    const { hpmax, iters, metrics } = await executeRun(stagesOf(expanded), {
      line,
      report: (report, names) => events?.report(report, names),
      codeFolder,
      inputsFolder,
      directory,
      // There was no earlier attempt.
      stateDirectory: directory,
      signal: stop.signal,
      checkpointDue: () => false, // such a run cannot continue elsewhere
      keep: () => Promise.resolve(),
      inSearch: false,
    });
    events?.end(Number.isFinite(hpmax) ? hpmax : null, iters, Date.now() / 1000);
    const configuration = spec.hyperparameters.map(({ name, values }) => values.indexOf(settings[name] ?? null));
    const broken = whyInfeasible(spec.settings.require, spec.hyperparameters, { hpmax, iters, metrics, configuration });
    if (broken !== "") line(`infeasible, so that a search would never recommend it: ${broken}`);
    if (Number.isFinite(hpmax)) return exitCode.done;
    process.stderr.write(`the run failed: its ${goal.name} is ${told(goal, hpmax)}, which a search could not use\n`);
    return exitCode.failure;
  } catch (error) {
    if (error instanceof Stopped || stop.signal.aborted) {
      line("Stopped.");
      return signalled === "" ? exitCode.failure : 128 + constants.signals[signalled];
    }
    events?.end(null, 0, Date.now() / 1000);
    line(failureText(error));
    process.stderr.write(`the run failed: ${messageOf(error)}\n`);
    return exitCode.failure;
  } finally {
    closeSync(consoleFile);
  }
}

function leave(code: number): void {
  process.exitCode = code;
  // Without the channel, the process ends once its output is written.
  if (process.connected) process.disconnect();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (signalled === "") signalled = signal;
    stop.abort();
  });
}
// The command is gone, and nobody would see the rest.
process.on("disconnect", () => stop.abort());
// The reader of the output has closed it.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.once("message", (order: LocalRun) => {
  void execute(order).then(leave, (error: unknown) => {
    process.stderr.write(`the run failed: ${failureText(error)}\n`);
    leave(exitCode.failure);
  });
});
