import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { writeInside } from "../../../shared/machine/inside.ts";
import { runMark, sandboxMark } from "../../processes/leftovers.ts";
import { countIn, countState } from "../count-state.ts";
import { type StageContext, StageFailure, type StageProcessor } from "../stage.ts";
import { type CommandSpec, readCommand } from "./command-spec.ts";
import { startTied } from "./tied-program.ts";

/** A program that ignores SIGTERM is killed after this time, before its runner would be. */
const endGraceMs = 1200;
const lookEveryMs = 100;
/** Names that an error can tell; a program could print new ones for ever. */
const mostOthers = 50;

/** Runs a user's program. See Command_Proc.yaml and docs/own-code.md. */
export default function makeCommand(context: StageContext): StageProcessor {
  const spec = readCommand(context.spec);
  return { metrics: spec.metrics, run: () => execute(spec, context) };
}

async function execute(spec: CommandSpec, context: StageContext): Promise<void> {
  const { directory, stateDirectory, signal, codeFolder } = context;
  const before = countIn(context.resume);
  let done = before;
  let reports = 0;
  let lastWords = "";
  /** Names of the numbers in reports that contained none of the metrics. */
  const others = new Set<string>();
  for (const folder of [directory, stateDirectory]) mkdirSync(folder, { recursive: true });
  writeInside(directory, "parameters.json", `${JSON.stringify(spec.parameters, null, 2)}\n`, 0o666);
  const hear = (line: string, isError: boolean): void => {
    const report = isError ? undefined : reportIn(line);
    if (!report) {
      if (line.trim() !== "") lastWords = line;
      context.log(line);
      return;
    }
    const iters = whole(report["iters"]) ?? done + 1;
    if (iters <= done) return; // repeated since the last checkpoint, and already reported
    const values = spec.metrics.map(({ short }) => numberIn(report[short]));
    if (values.every((value) => value === undefined)) {
      for (const [name, value] of Object.entries(report)) {
        if (others.size < mostOthers && numberIn(value) !== undefined) others.add(name);
      }
      context.log(line);
      return;
    }
    done = iters;
    reports += 1;
    context.report(
      iters,
      values.map((value) => value ?? Number.NaN),
      values.map((value) => (value === undefined ? 0 : 1)),
    );
  };
  const program = startTied(
    commandLine(spec, codeFolder),
    { cwd: directory, env: environment(spec, context, before) },
    hear,
  );
  const stop = (): void => {
    program.signal("SIGTERM");
    setTimeout(() => program.signal("SIGKILL"), endGraceMs).unref();
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  // The program's files are saved as they are, so it must write them atomically (a new file, then a rename). It is frozen
  // meanwhile, and its output is read first: if the files were ahead of the reports, the curve would have a gap.
  let isTaking = false;
  const take = async (): Promise<void> => {
    const still = program.freeze();
    try {
      await program.heardAll();
      if (!signal.aborted) context.checkpoint(done, countState(done));
    } finally {
      still.thaw();
      isTaking = false;
    }
  };
  const look = setInterval(() => {
    if (isTaking || !context.checkpointDue()) return;
    isTaking = true;
    void take();
  }, lookEveryMs);
  try {
    const { code, signal: how, why } = await program.ended;
    if (signal.aborted) return;
    const [name = ""] = spec.command;
    const said = lastWords === "" ? "" : `: ${lastWords.slice(0, 300)}`;
    if (why !== "") throw new StageFailure(`${name} could not be started: ${why}`);
    if (how !== null) throw new StageFailure(`${name} was ended by ${how}${said}`);
    if (code === 127) {
      const hidden =
        process.env[sandboxMark] === "1" ? ", or its sandbox hides it (nexus-worker --sandbox-ro PATH)" : "";
      throw new StageFailure(`there is no program ${name} on this worker, or not in its PATH${hidden}${said}`);
    }
    if (code !== 0) throw new StageFailure(`${name} ended with exit code ${code}${said}`);
    if (reports === 0 && before === 0) throw new StageFailure(nothingReported(spec, others));
  } finally {
    clearInterval(look);
    signal.removeEventListener("abort", stop);
  }
}

function nothingReported({ command, metrics }: CommandSpec, others: ReadonlySet<string>): string {
  const found = [...others].filter((name) => name !== "iters");
  if (found.length > 0) {
    const wanted = metrics.map(({ short }) => short).join(", ");
    const hint = didYouMean(metrics[0]?.short ?? "", found);
    return `${command[0]} reported ${found.join(", ")}, and none of the metrics: ${wanted}${hint}`;
  }
  const example = JSON.stringify({ iters: 100, [metrics[0]?.short ?? "value"]: 0.5 });
  return `${command[0]} reported nothing; expected that it prints lines such as ${example} on its standard output`;
}

/** A word that names a file of the job's code becomes its path. The options follow. */
function commandLine({ command, parameters, asOptions }: CommandSpec, codeFolder: string | null): string[] {
  const words = command.map((word) => {
    const file = codeFolder === null || word === "" ? undefined : join(codeFolder, word);
    return file !== undefined && existsSync(file) ? file : word;
  });
  const options = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, textOf(value)]);
  return asOptions ? [...words, ...options] : words;
}

function environment(
  { parameters, env, seed }: CommandSpec,
  { codeFolder, stateDirectory }: StageContext,
  resumeAt: number,
): NodeJS.ProcessEnv {
  const { PYTHONPATH } = { ...process.env, ...env };
  const python = codeFolder === null ? PYTHONPATH : [codeFolder, ...(PYTHONPATH ? [PYTHONPATH] : [])].join(delimiter);
  return {
    ...process.env,
    ...env,
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`NEXUS_${name}`, textOf(value)])),
    ...(python === undefined ? {} : { PYTHONPATH: python }),
    PYTHONUNBUFFERED: "1", // otherwise all its reports would come at its end
    NEXUS_CODE: codeFolder ?? "",
    NEXUS_SEED: String(seed),
    NEXUS_STATE: stateDirectory,
    NEXUS_RESUME: String(resumeAt),
    // An argument may have the same name.
    ...ownMarks(),
  };
}

function ownMarks(): NodeJS.ProcessEnv {
  const found = [runMark, sandboxMark].map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

const textOf = (value: string | number | boolean | null): string => (value === null ? "" : String(value));

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

function numberIn(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : undefined;
}

const whole = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value > 0 && value < 2 ** 32 ? value : undefined;
