import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { type Goal, told } from "../../../shared/domain/goal.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { goalOfSpec, renderProblems, usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { largestRandint } from "../../../shared/domain/seeds.ts";
import { exitCode } from "../../../shared/errors.ts";
import type { CheckedRun, CheckNote, CheckOrder } from "../../../shared/here/check-run.ts";
import { runEnvironment, threadCounts } from "../../../shared/machine/run-environment.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import type { Output } from "../../operator/output.ts";
import { checkStages } from "../submit/check-stages.ts";
import { copyCode, findCode, findInputs } from "../submit/collect-code.ts";
import { parseSpecArguments } from "../submit/spec-arguments.ts";
import { checkVerdict, measuredLines } from "./check-verdict.ts";

export interface CheckOptions {
  /** Seconds after which the run is stopped (60). */
  readonly time?: number | undefined;
  readonly reports?: number | undefined;
  readonly json?: boolean | undefined;
}

const usualSeconds = 60;
/** Ends the list of a spec's problems: `nexus check` submits nothing anyway. */
const nothingRan = "nothing was run";
/** Lines of the program's output that are shown; further ones are only counted. */
const mostShown = 60;
const longestShown = 400;

/** By path: the coordinator's code never imports the worker's. */
const program = fileURLToPath(new URL("../../../worker/here/check-run.js", import.meta.url));

/** Runs a spec once on this machine, with its tuned values and without a workspace, and says what a search would see of it. */
export async function checkSpec(words: readonly string[], options: CheckOptions, output: Output): Promise<number> {
  const { file, commandLine } = parseSpecArguments(words, "check");
  const { spec, warnings } = loadSpecFile(file, commandLine, { tail: nothingRan });
  if (warnings.length > 0)
    output.note(`${renderProblems(warnings, { [file]: spec.text }).replace(/^(?! )/gm, "warning: ")}\n`);
  const carried = { file: spec.file, text: spec.text, sources: usedComponents(spec), commandLine: spec.commandLine };
  await checkStages({ ...carried, added: null }, nothingRan, output);
  const code = findCode(spec);
  const inputs = findInputs(spec);
  const folder = mkdtempSync(join(tmpdir(), "nexus-check-"));
  const drop = (): void => rmSync(folder, { recursive: true, force: true });
  // Also when nobody reads the output any more: nexus check search.yaml | head
  process.once("exit", drop);
  try {
    const [codeFolder, directory, stateDirectory] = ["code", "run", "state"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]; // as many as names
    for (const each of [codeFolder, directory, stateDirectory]) mkdirSync(each);
    if (code) copyCode(code, codeFolder);
    const settings = Object.fromEntries(spec.hyperparameters.map(({ name, tuned }) => [name, tuned]));
    const seconds = options.time ?? usualSeconds;
    const order: CheckOrder = {
      ...carried,
      settings,
      seed: spec.settings.seed ?? Math.floor(Math.random() * (largestRandint + 1)),
      directory,
      stateDirectory,
      codeFolder: code ? codeFolder : null,
      inputsFolder: inputs ? inputs.folder : null,
      seconds,
      reports: options.reports ?? null,
    };
    const say = options.json ? () => undefined : (text: string) => output.result(`${text}\n`);
    say(`${printable(file)}: one run on this machine, at most ${seconds} s`);
    const chosen = Object.entries(settings).map(([name, value]) => `${name} ${printable(String(value))}`);
    say(row("parameters", chosen.length === 0 ? "none" : `${chosen.join(", ")} (the tuned values)`));
    const { run, started } = await runInChild(order, new Shown(say));
    if (!run) {
      const why = "its process ended without a word; SIGKILL usually means that memory ran out";
      if (options.json) output.result(jsonLine({ type: "check", v: 1, works: false, verdict: why }));
      else say(row("verdict", why));
      return exitCode.failure;
    }
    const goal = goalOfSpec(spec);
    const verdict = checkVerdict(run, file, goal);
    if (options.json) {
      const { words: command = null, variables = null } = started ?? {};
      const { kind: _, ...seen } = run;
      const told = { works: verdict.isGood, verdict: verdict.text, notes: verdict.notes };
      output.result(
        jsonLine({
          ...{ type: "check", v: 1, ...told, parameters: settings, command, environment: variables },
          ...seen,
          ...lossIn(run, goal),
        }),
      );
    } else tellRun(run, goal, verdict, say);
    return verdict.isGood ? exitCode.done : exitCode.failure;
  } finally {
    process.off("exit", drop);
    drop();
  }
}

const row = (title: string, text: string): string => `${title.padEnd(12)}${text}`;

const lossIn = ({ hpmax }: CheckedRun, goal: Goal): object =>
  goal.isLow && hpmax !== null ? { minimized: { metric: goal.name, value: told(goal, hpmax) } } : {};

function tellRun(
  run: CheckedRun,
  goal: Goal,
  { text, notes }: ReturnType<typeof checkVerdict>,
  say: (text: string) => void,
): void {
  say(row("printed", `${counted(run.lines, "line")}; something was measured in ${run.measuredLines}`));
  for (const [i, line] of measuredLines(run, goal).entries()) say(row(i === 0 ? "measured" : "", line));
  const state = run.stateFiles.length === 0 ? "no file" : shortList(run.stateFiles);
  say(row("checkpoints", `${run.checkpoints} taken; in NEXUS_STATE: ${state}`));
  if (run.files.length > 0) say(row("files", shortList(run.files)));
  say(row("took", `${run.seconds.toFixed(1)} s`));
  for (const note of notes) say(row("note", note));
  say(row("verdict", text));
}

const shortList = (names: readonly string[]): string =>
  names.length <= 5
    ? names.map(printable).join(", ")
    : `${names.slice(0, 5).map(printable).join(", ")} and ${names.length - 5} more`;

type Ended = Extract<CheckNote, { kind: "end" }>;
type Started = Extract<CheckNote, { kind: "program" }>;

/** Shows the command and its output while the run goes on. */
class Shown {
  readonly #say: (text: string) => void;
  #lines = 0;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  program({ words, variables, others }: Started): void {
    this.#say(row("command", printable(words.map(shellWord).join(" "))));
    for (const [i, [name, value]] of Object.entries(variables).entries())
      this.#say(row(i === 0 ? "environment" : "", printable(`${name}=${value}`).slice(0, longestShown)));
    this.#say(row("", `and ${others} variables of this machine, as a worker passes them on`));
    this.#say(row("output", "what it prints; = marks a line in which something was measured"));
  }

  line(text: string, isMeasured: boolean): void {
    this.#lines += 1;
    if (this.#lines <= mostShown) this.#say(`  ${isMeasured ? "=" : "|"} ${printable(text).slice(0, longestShown)}`);
    if (this.#lines === mostShown + 1) this.#say("  ... further lines are only counted");
  }
}

/** The run is undefined if its process died. */
async function runInChild(
  order: CheckOrder,
  shown: Shown,
): Promise<{ readonly run: Ended | undefined; readonly started: Started | undefined }> {
  const child = fork(program, [], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "advanced", // NaN is a measurement too
    env: { ...runEnvironment(process.env, []), ...threadCounts(1) },
  });
  let run: Ended | undefined;
  let started: Started | undefined;
  const signals = ["SIGINT", "SIGTERM"] as const;
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, passOn);
  try {
    await new Promise<void>((done, failed) => {
      child.once("error", failed);
      child.on("message", (note: CheckNote) => {
        if (note.kind === "end") run = note;
        else if (note.kind === "line") shown.line(note.text, note.isMeasured);
        else {
          started = note;
          shown.program(note);
        }
      });
      child.once("close", () => done());
      child.send(order);
    });
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
  return { run, started };
}
