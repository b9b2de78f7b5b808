import { mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { pause } from "../../../shared/deadline.ts";
import { almostReport } from "../../../shared/domain/almost-report.ts";
import { pythonJson } from "../../../shared/domain/python-json.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { writeInside } from "../../../shared/machine/inside.ts";
import { gpusGiven, gpuVariableNames } from "../../gpus/gpu-variables.ts";
import { runMark, sandboxMark } from "../../processes/leftovers.ts";
import { environmentIn } from "../../processes/virtual-environment.ts";
import { type StageContext, StageFailure, type StageProcessor } from "../stage.ts";
import { commandLine, flagHint, textOf } from "./command-line.ts";
import { type CommandSpec, readCommand } from "./command-spec.ts";
import { type HowMuch, MetricFiles } from "./files/metric-files.ts";
import { numberOf } from "./files/row.ts";
import { IterCount } from "./iter-count.ts";
import { type Measured, MetricPatterns, patternFor, SlowPattern } from "./metric-patterns.ts";
import { startTied } from "./tied-program.ts";

/** A program that ignores SIGTERM is killed after this time, before its runner would be. */
const endGraceMs = 1200;
/** Of that, the time that a program which asks whether it should stop has before SIGTERM. */
const askGraceMs = 900;
/** The part of the time for saving that a program has before it is stopped, and its files are taken as they are. */
const ownPart = 0.8;
/** Of that, the part that a program which asks whether it should stop has before SIGTERM. */
const askPart = 0.75;
/** Appears in the run's folder when the run is to stop. */
const shouldStopFile = ".nexus-should-stop";
const lookEveryMs = 100;
/** Looks between two readings of metrics_file. */
const looksBetweenFiles = 5;
/**
 * How long the worker's word is waited for where SIGTERM reached everybody. Its own signal came in the same moment, but on a
 * machine that shuts down everything is slow. Where the program alone was meant, its run fails so much later.
 */
const wordMs = 15_000;
/** Names that an error can tell; a program could print new ones for ever. */
const mostOthers = 50;
/** Lines that an error may tell. */
const mostNewest = 20;

/** Runs a user's program. See Command_Proc.yaml and docs/own-code.md. */
export default function makeCommand(context: StageContext): StageProcessor {
  const spec = readCommand(context.spec);
  return { metrics: spec.metrics, run: () => execute(spec, context) };
}

async function execute(spec: CommandSpec, context: StageContext): Promise<void> {
  const { directory, stateDirectory, signal, leaving } = context;
  const count = new IterCount(context.resume);
  const before = count.done;
  let reports = 0;
  /** Names of the numbers in reports that contained none of the metrics. */
  const others = new Set<string>();
  /** The first metric that was reported as something else than a number. */
  let noNumber: string | undefined;
  for (const folder of [directory, stateDirectory]) mkdirSync(folder, { recursive: true });
  writeInside(directory, "parameters.json", `${pythonJson(spec.parameters, 2)}\n`, 0o666);
  /** The newest lines, for the reason of a failure. */
  const newest: string[] = [];
  const patterns = new MetricPatterns(spec.patterns);
  let slow: SlowPattern | undefined;
  const report = (said: number | undefined, values: readonly (number | undefined)[]): void => {
    const iters = count.next(said);
    if (iters === undefined) return; // repeated since the last checkpoint, and already reported
    reports += 1;
    context.report(
      iters,
      values.map((value) => value ?? Number.NaN),
      values.map((value) => (value === undefined ? 0 : 1)),
    );
  };
  const keep = (line: string): void => {
    if (line.trim() !== "") newest.push(line);
    if (newest.length > mostNewest) newest.shift();
    context.log(line);
  };
  const hear = (line: string, isError: boolean, measured: Measured | undefined): void => {
    const found = isError ? undefined : reportIn(line);
    if (!found && !measured) {
      context.witness?.printed(line, false);
      keep(line);
      return;
    }
    const values = spec.metrics.map(({ short }) => (found ? numberOf(found[short]) : measured?.values[short]));
    const isMeasured = values.some((value) => value !== undefined);
    context.witness?.printed(line, isMeasured);
    if (isMeasured) {
      report(found ? numberOf(found["iters"]) : measured?.iters, values);
      if (found) return;
    }
    for (const [name, value] of Object.entries(found ?? {})) {
      if (others.size < mostOthers && numberOf(value) !== undefined) others.add(name);
      else if (spec.metrics.some(({ short }) => short === name))
        noNumber ??= `${name} as ${JSON.stringify(value).slice(0, 80)}`;
    }
    keep(line);
  };
  const files =
    spec.file &&
    new MetricFiles(
      spec.file,
      spec.metrics.map(({ short }) => short),
      [directory, stateDirectory],
    );
  files?.begin();
  const readFiles = (howMuch: HowMuch): void => {
    for (const { step, row, values, file } of files?.read(howMuch) ?? []) {
      context.witness?.printed(
        `${file}: ${JSON.stringify({ ...(step === undefined ? {} : { step }), ...values })}`,
        true,
      );
      report(
        step ?? (row === undefined ? undefined : before + row),
        spec.metrics.map(({ short }) => values[short]),
      );
    }
  };
  const hearAll = (lines: readonly string[], isError: boolean): void => {
    let found: readonly (Measured | undefined)[] = [];
    try {
      found = spec.patterns.length > 0 && !slow ? patterns.find(lines) : [];
    } catch (error) {
      if (!(error instanceof SlowPattern)) throw error;
      slow = error;
      program.signal("SIGKILL");
    }
    for (const [i, line] of lines.entries()) hear(line, isError, found[i]);
  };
  const words = commandLine(spec, context);
  const env = environment(spec, context, before);
  context.witness?.started(words, env);
  const program = startTied(words, { cwd: directory, env }, hearAll);
  const end = (): void => {
    program.signal("SIGTERM");
    setTimeout(() => program.signal("SIGKILL"), spec.asksShouldStop ? endGraceMs - askGraceMs : endGraceMs).unref();
  };
  /** How long it has before it is killed, if it has to leave. */
  let lastMoment: NodeJS.Timeout | undefined;
  let asked: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(lastMoment);
    clearTimeout(asked);
    if (leaving.aborted) {
      program.signal("SIGKILL");
      return;
    }
    if (!spec.asksShouldStop) {
      end();
      return;
    }
    writeInside(directory, shouldStopFile, "", 0o666);
    setTimeout(end, askGraceMs).unref();
  };
  // Slurm, or a machine that shuts down, sends SIGTERM to every process at once: the program's end is then no word on its run.
  let wasTermSent = false;
  const term = (): void => {
    wasTermSent = true;
  };
  process.on("SIGTERM", term);
  /** It is told, saves itself and ends; then its files are taken. If it does not end, they are taken as they are. */
  const leave = (): void => {
    const ms = ownPart * Number(leaving.reason);
    if (spec.asksShouldStop) {
      writeInside(directory, shouldStopFile, `{"reason":"leaving","seconds":${ms / 1000}}\n`, 0o666);
      asked = setTimeout(() => program.signal("SIGTERM"), askPart * ms);
    } else program.signal("SIGTERM");
    lastMoment = setTimeout(() => void take(true), ms);
  };
  if (signal.aborted) stop();
  else if (leaving.aborted) leave();
  leaving.addEventListener("abort", leave, { once: true });
  signal.addEventListener("abort", stop, { once: true });
  // The program's files are saved as they are, so it must write them atomically (a new file, then a rename). It is frozen
  // meanwhile, and its output is read first: if the files were ahead of the reports, the curve would have a gap.
  // One after the other: the end of one would let the program go on while the next one reads its files.
  let takes = 0;
  let taken: Promise<void> = Promise.resolve();
  const take = (isLast: boolean): Promise<void> => {
    takes += 1;
    const own = taken.then(() => takeNow(isLast)).finally(() => (takes -= 1));
    // What went wrong is heard by who asked for it; the next one begins in any case.
    taken = own.catch(() => undefined);
    return own;
  };
  const takeNow = async (isLast: boolean): Promise<void> => {
    const still = program.freeze();
    try {
      await program.heardAll();
      readFiles(isLast ? "last" : "all");
      // Meanwhile it may have been told to leave, and saves itself once it goes on.
      if (!signal.aborted && (isLast || !leaving.aborted)) await context.checkpoint(count.done, count.state());
    } finally {
      still.thaw();
    }
  };
  let looks = 0;
  const look = setInterval(() => {
    looks += 1;
    if (looks % looksBetweenFiles === 0) readFiles("new");
    // One that leaves saves itself first.
    if (takes > 0 || !context.checkpointDue() || leaving.aborted) return;
    void take(false);
  }, lookEveryMs);
  try {
    const { code, signal: how, why } = await program.ended;
    readFiles("last");
    if (how === "SIGTERM" || wasTermSent) {
      const limit = performance.now() + wordMs;
      while (!signal.aborted && (takes > 0 || (!leaving.aborted && performance.now() < limit)))
        await pause(lookEveryMs);
    }
    clearTimeout(lastMoment);
    await taken;
    if (signal.aborted) return;
    if (leaving.aborted && why === "") {
      await context.checkpoint(count.done, count.state());
      return;
    }
    const [name = ""] = spec.command;
    const said = newest.length === 0 ? "" : `: ${newest.at(-1)?.slice(0, 300)}`;
    if (slow) throw new StageFailure(slow.message);
    if (why !== "") throw new StageFailure(`${name} could not be started: ${why}`);
    if (how !== null) throw new StageFailure(`${name} was ended by ${how}${said}`);
    if (code === 127) {
      const hidden =
        process.env[sandboxMark] === "1" ? ", or its sandbox hides it (nexus-worker --sandbox-ro PATH)" : "";
      throw new StageFailure(`there is no program ${name} on this worker, or not in its PATH${hidden}${said}`);
    }
    if (code !== 0)
      throw new StageFailure(`${name} ended with exit code ${code}${said}${flagHint(spec, newest.at(-1) ?? "")}`);
    if (reports === 0 && before === 0 && noNumber !== undefined)
      throw new StageFailure(`${name} reported ${noNumber}; expected a number, such as 0.5 or NaN`);
    if (reports === 0 && before === 0) throw new StageFailure(nothingReported(spec, others, newest, files));
  } finally {
    clearInterval(look);
    process.off("SIGTERM", term);
    clearTimeout(lastMoment);
    clearTimeout(asked);
    leaving.removeEventListener("abort", leave);
    rmSync(join(directory, shouldStopFile), { force: true });
    signal.removeEventListener("abort", stop);
  }
}

function nothingReported(
  { command, metrics, patterns, file }: CommandSpec,
  others: ReadonlySet<string>,
  newest: readonly string[],
  files: MetricFiles | undefined,
): string {
  const names = metrics.map(({ short }) => short);
  const named = [...others].filter((name) => name !== "iters");
  if (named.length > 0) {
    const hint = didYouMean(names[0] ?? "", named);
    return `${command[0]} reported ${named.join(", ")}, and none of the metrics: ${names.join(", ")}${hint}`;
  }
  const printed =
    newest.length === 0 ? "it printed nothing" : `the last that it printed: ${newest.slice(-3).join(" | ")}`;
  const wanted = `looked for ${names.join(", ")}`;
  if (files) {
    const { files: found, columns } = files.seen;
    const where = `metrics_file: ${file?.path}`;
    if (found.length === 0)
      return `${command[0]} wrote no file that ${where} names, in its working folder; ${printed.slice(0, 600)}`;
    const numbers = columns.length === 0 ? "no number" : `numbers called ${columns.join(", ")}`;
    return `${command[0]} wrote ${found.slice(0, 5).join(", ")} (${where}) with ${numbers}; ${wanted}; name the columns: file_columns: {${names[0]}: COLUMN}`;
  }
  if (patterns.length > 0)
    return `${command[0]} printed nothing that metric_pattern finds; ${wanted} by ${patterns.join(" or ")}; ${printed.slice(0, 600)}`;
  const pattern = patternFor(newest, names);
  if (pattern !== undefined) {
    return `${command[0]} reported nothing; ${wanted}; ${printed.slice(0, 600)}; to read that, add to the stage:  metric_pattern: '${pattern}'`;
  }
  const example = JSON.stringify({ iters: 100, [names[0] ?? "value"]: 0.5 });
  const almost = newest.map(almostReport).findLast((each) => each !== "");
  const found = almost === undefined ? "" : `, and found lines ${almost}`;
  return `${command[0]} reported nothing; ${wanted}; expected that it prints lines such as ${example} on its standard output${found}; ${printed.slice(0, 600)}`;
}

function environment(
  { parameters, env, seed, asksShouldStop }: CommandSpec,
  { codeFolder, inputsFolder, environmentFolder, directory, stateDirectory, savingSeconds }: StageContext,
  resumeAt: number,
): NodeJS.ProcessEnv {
  const { PYTHONPATH } = { ...process.env, ...env };
  const library = join(packageRoot(), "python", "src");
  const python = [...(codeFolder === null ? [] : [codeFolder]), ...(PYTHONPATH ? [PYTHONPATH] : []), library];
  return {
    ...environmentIn(environmentFolder, { ...process.env, ...env }),
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`NEXUS_${name}`, textOf(value)])),
    PYTHONPATH: python.join(delimiter),
    PYTHONUNBUFFERED: "1", // otherwise all its reports would come at its end
    NEXUS_CODE: codeFolder ?? "",
    NEXUS_INPUTS: inputsFolder ?? "",
    NEXUS_PARAMETERS: join(directory, "parameters.json"),
    NEXUS_SEED: String(seed),
    NEXUS_STATE: stateDirectory,
    NEXUS_RESUME: String(resumeAt),
    NEXUS_GRACE: String(Math.round(10 * ownPart * savingSeconds) / 10),
    NEXUS_SHOULD_STOP: join(directory, shouldStopFile),
    NEXUS_ASKS_SHOULD_STOP: String(asksShouldStop),
    // An argument may have the same name.
    ...ownMarks(),
  };
}

function ownMarks(): NodeJS.ProcessEnv {
  const marks = [runMark, sandboxMark].filter((name) => process.env[name] !== undefined);
  // Those that the worker took away stay away.
  const gpus = process.env[gpusGiven] === undefined ? [] : gpuVariableNames;
  return Object.fromEntries([...marks, ...gpus].map((name) => [name, process.env[name]]));
}

/** A line has at most 64 kB (tied-program.ts). */
function reportIn(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    // What training programs print for NaN and infinity, which JSON does not have.
    const value: unknown = JSON.parse(line.replace(/:\s*(NaN|-?Infinity)\b/g, ': "$1"'));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // a line for people that starts with a brace
  }
}
