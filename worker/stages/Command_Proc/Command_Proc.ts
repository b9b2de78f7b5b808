import { mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { pythonJson } from "../../../shared/domain/python-json.ts";
import { writeInside } from "../../../shared/machine/inside.ts";
import { gpusGiven, gpuVariableNames } from "../../gpus/gpu-variables.ts";
import { runMark, sandboxMark } from "../../processes/leftovers.ts";
import { environmentIn } from "../../processes/virtual-environment.ts";
import { type StageContext, StageFailure, type StageProcessor } from "../stage.ts";
import { commandLine, textOf } from "./command-line.ts";
import { type CommandSpec, readCommand } from "./command-spec.ts";
import { Departure, ownPart, shouldStopFile } from "./departure.ts";
import { Hearing } from "./hearing.ts";
import { Saving } from "./saving.ts";
import { startTied } from "./tied-program.ts";
import { whyFailed } from "./why-failed.ts";

const lookEveryMs = 100;
/** metrics_file is read at every fifth look: twice a second. */
const looksBetweenFiles = 5;

/** Runs a user's program. See Command_Proc.yaml and docs/own-code.md. */
export default function makeCommand(context: StageContext): StageProcessor {
  const spec = readCommand(context.spec);
  return { metrics: spec.metrics, run: () => execute(spec, context) };
}

async function execute(spec: CommandSpec, context: StageContext): Promise<void> {
  const { directory, stateDirectory, signal, leaving } = context;
  for (const folder of [directory, stateDirectory]) mkdirSync(folder, { recursive: true });
  writeInside(directory, "parameters.json", `${pythonJson(spec.parameters, 2)}\n`, 0o666);
  const hearing = new Hearing(spec, context);
  const words = commandLine(spec, context);
  const env = environment(spec, context, hearing.before);
  context.witness?.started(words, env);
  const program = startTied(words, { cwd: directory, env }, (lines, isError) =>
    hearing.hear(lines, isError, () => program.signal("SIGKILL")),
  );
  const saving = new Saving(program, hearing, context);
  const departure = new Departure(program, saving, spec.asksShouldStop, context);
  let looks = 0;
  const look = setInterval(() => {
    looks += 1;
    if (looks % looksBetweenFiles === 0) hearing.readFiles("new");
    // A program that was told to leave saves itself first.
    if (!saving.isBusy && context.checkpointDue() && !leaving.aborted) void saving.take(false);
  }, lookEveryMs);
  try {
    const end = await program.ended;
    hearing.readFiles(end.code === 0 ? "done" : "last");
    await departure.word(end.signal);
    await saving.rest;
    if (signal.aborted) return;
    if (leaving.aborted && end.why === "") {
      await hearing.checkpoint();
      return;
    }
    const failure = whyFailed(spec, hearing, end);
    if (failure !== "") throw new StageFailure(failure);
  } finally {
    clearInterval(look);
    departure.close();
    rmSync(join(directory, shouldStopFile), { force: true });
  }
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
    // Last, because an argument may have the same name.
    ...ownMarks(),
  };
}

function ownMarks(): NodeJS.ProcessEnv {
  const marks = [runMark, sandboxMark].filter((name) => process.env[name] !== undefined);
  // A GPU variable that the worker took away stays unset, even if the spec sets it.
  const gpus = process.env[gpusGiven] === undefined ? [] : gpuVariableNames;
  return Object.fromEntries([...marks, ...gpus].map((name) => [name, process.env[name]]));
}
