import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { constants } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { expandSpec, usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { isMapping } from "../../../shared/domain/runspec/tree.ts";
import { largestRandint } from "../../../shared/domain/seeds.ts";
import { exitCode, messageOf, UsageError } from "../../../shared/errors.ts";
import type { LocalRun } from "../../../shared/here/local-run.ts";
import type { Output } from "../../operator/output.ts";
import { copyCode, findCode, findInputs } from "./collect-code.ts";

/** Runs a spec once, here, in a process of its own; returns the exit code. */
export async function runHere(spec: Spec, output: Output): Promise<number> {
  const code = findCode(spec);
  const inputs = findInputs(spec);
  const directory = makeRunFolder(spec, new Date());
  // Code goes beside repro_spec.yaml, which then repeats the run even after the original code has changed.
  if (code) copyCode(code, directory);
  const order: LocalRun = {
    file: spec.file,
    text: spec.text,
    sources: usedComponents(spec),
    commandLine: spec.commandLine,
    settings: Object.fromEntries(spec.hyperparameters.map(({ name, tuned }) => [name, tuned])),
    seed: spec.settings.seed ?? Math.floor(Math.random() * (largestRandint + 1)),
    directory,
    codeFolder: code ? directory : null,
    inputsFolder: inputs ? inputs.folder : null,
  };
  const exit = await runInChild(order, output);
  const shown = relative(process.cwd(), directory);
  output.note(`console.txt and repro_spec.yaml are in ${isAbsolute(shown) || shown === "" ? directory : shown}\n`);
  return exit;
}

/** By path: the coordinator's code never imports the worker's. */
const program = fileURLToPath(new URL("../../../worker/here/local-run.js", import.meta.url));

/** The child receives Ctrl-C from the terminal and again from here; a signal later than this is a second Ctrl-C. */
const secondSignalMs = 500;

/** Passes signals on, the second as SIGKILL. This process ends after the child, which has files to finish. */
async function runInChild(order: LocalRun, output: Output): Promise<number> {
  // "advanced" because JSON has no infinities, which settings may be.
  const child = fork(program, [], { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  const passOn = (signal: NodeJS.Signals): void => {
    first ??= { signal, at: performance.now() };
    child.kill(performance.now() - first.at > secondSignalMs ? "SIGKILL" : signal);
  };
  for (const signal of signals) process.on(signal, passOn);
  try {
    child.send(order);
    return await new Promise<number>((done, failed) => {
      child.once("error", failed);
      child.once("exit", (code, signal) => {
        if (code !== null) {
          done(code);
        } else if (first) {
          done(128 + constants.signals[first.signal]);
        } else {
          output.note(
            `the run failed: its process was ended by ${signal}; SIGKILL usually means that memory ran out\n`,
          );
          done(exitCode.failure);
        }
      });
    });
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}

/** A new folder in the spec's experiment_path, named by the local time: `../results/2026-11-24_10-22-33`. */
function makeRunFolder(spec: Spec, now: Date): string {
  const expanded = expandSpec(spec, undefined, () => 0);
  const named = isMapping(expanded) ? expanded["experiment_path"] : undefined;
  const parent = resolve(typeof named === "string" && named !== "" ? named : ".");
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const name = `${date}_${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
  try {
    mkdirSync(parent, { recursive: true });
    for (let copy = 1; ; copy += 1) {
      const folder = join(parent, copy === 1 ? name : `${name}-${copy}`);
      if (makeNew(folder)) return folder;
    }
  } catch (cause) {
    const why = messageOf(cause);
    throw new UsageError(
      `${spec.file}: no folder for the run's files can be made in experiment_path ${named} (${why})\n` +
        "  set experiment_path to a folder that you may write to, relative to the current folder",
      { cause },
    );
  }
}

/** False if it exists: two runs may start within a second. */
function makeNew(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
