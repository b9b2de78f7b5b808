/** A runner: the child process that executes a worker's runs, one at a time, and stays warm between them. */

import { lstatSync, readdirSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { CarriedSpec } from "../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../shared/domain/runspec/spec.ts";
import { expandSpec, expandStages, reproSpec, withChosen } from "../../shared/domain/runspec/spec-read.ts";
import { randintAt } from "../../shared/domain/seeds.ts";
import { messageOf } from "../../shared/errors.ts";
import { writeInside } from "../../shared/machine/inside.ts";
import { decode } from "../../shared/wire/codec.ts";
import { useOwnComponents } from "../components/registry.ts";
import { StateError } from "../components/saved-state.ts";
import { endMarked, endOthers, runMark, sandboxMark } from "../processes/leftovers.ts";
import { onlyComputes } from "../stages/registry.ts";
import { Channel } from "./channel.ts";
import { failureText, settingLines } from "./console-lines.ts";
import type { FromRunner, ToRunner } from "./protocol.ts";
import { readCarried } from "./read-carried.ts";
import { executeRun, type RunPorts, Stopped } from "./run.ts";
import { readFiles, takeOver, writeFiles } from "./run-folder.ts";
import { decodeRun, encodeRun, type SavedRun } from "./run-state.ts";
import { Telling } from "./telling.ts";

type RunMessage = Extract<ToRunner, { type: "run" }>;

const specs = new Map<string, Spec>();
interface Running {
  readonly id: number;
  readonly stop: AbortController;
  checkpointMs: number;
  /** When the next checkpoint is due, in monotonic milliseconds. */
  dueAt: number;
  isHandingBack: boolean;
}
let running: Running | undefined;
/** A stage that has not handed over its state by then never asks whether a checkpoint is due. */
const stateGraceMs = 600;
/** Sends what the current run has not sent yet. */
let tellLast: () => void = () => undefined;

/** The pipe to the worker; runner-process.ts passes it as descriptor 3. */
const pipe = new Socket({ fd: 3 });
const channel = new Channel<ToRunner, FromRunner>(pipe, {
  // The worker started this process, and checked what it passes on.
  mostBytes: 2 ** 32,
  read: (bytes) => decode(bytes) as ToRunner, // the worker's own words
  hear: (message) => hear(message),
  spoilt: (why) => {
    throw new Error(`what the worker sent cannot be read: ${why}`);
  },
});

function specOf(job: string, text: CarriedSpec | null): Spec {
  const known = specs.get(job);
  if (known) return known;
  if (!text) throw new Error(`the text of ${job} was never sent to this runner`);
  const spec = readCarried(text);
  specs.set(job, spec);
  return spec;
}

async function run(message: RunMessage): Promise<void> {
  const { id, settings, seed, directory, stateDirectory, keepFiles, codeFolder } = message;
  const stop = new AbortController();
  const checkpointMs = 1000 * message.checkpointSeconds;
  const self: Running = { id, stop, checkpointMs, dueAt: performance.now() + checkpointMs, isHandingBack: false };
  running = self;
  const telling = new Telling((told) => channel.send({ type: "reports", id, ...told }));
  tellLast = () => telling.now();
  const printed: string[] = [];
  const line = (text: string): void => {
    telling.line(text);
    if (keepFiles) printed.push(text);
  };
  let startsPrograms = codeFolder !== null;
  try {
    // An attempt finds nothing but what it is given: no link, say, that an earlier one on this machine made.
    for (const folder of [directory, stateDirectory]) empty(folder);
    useOwnComponents(codeFolder);
    const spec = specOf(message.job, message.jobText);
    const chosen = withChosen(spec, settings);
    const draw = (path: string): number => randintAt(seed, path);
    if (keepFiles) {
      const expanded = expandSpec(chosen, settings, draw);
      writeInside(directory, "repro_spec.yaml", reproSpec(expanded, spec.hyperparameters, settings));
    }
    for (const text of settingLines(settings)) line(text);
    const stages = expandStages(chosen, settings, draw);
    startsPrograms ||= stages.some(({ component }) => !onlyComputes(component));
    let hasReported = false;
    const ports: RunPorts = {
      line,
      report: ({ stage, iters: at, hours, values, counts }) => {
        hasReported = true;
        telling.report([stage, at, hours, [...values], [...counts]]);
      },
      checkpointDue: () => self.isHandingBack || performance.now() >= self.dueAt,
      keep: (saved) => {
        self.dueAt = performance.now() + self.checkpointMs;
        const files = readFiles(directory, stateDirectory);
        if (files === null) line("the run's files are too large for its checkpoint, which continues without them");
        const state = { stage: saved.stage, iters: saved.iters, bytes: encodeRun(saved, files ?? {}) };
        channel.send({ type: "checkpoint", id, ...telling.take(), state });
        if (self.isHandingBack) stop.abort("handed back");
      },
      codeFolder,
      directory,
      stateDirectory,
      signal: stop.signal,
      inSearch: true,
    };
    const resume = message.resume === null ? undefined : savedRun(message.resume, stateDirectory, line);
    const begin = (): ReturnType<typeof executeRun> => executeRun(stages, ports);
    const goOn = async (from: SavedRun): ReturnType<typeof executeRun> => {
      try {
        return await executeRun(stages, { ...ports, resume: from });
      } catch (error) {
        if (hasReported || stop.signal.aborted || !(error instanceof StateError)) throw error;
        line(`the checkpoint cannot be used here (${error.message}); the run starts afresh`);
        return begin();
      }
    };
    const { hpmax, iters, metrics, titles } = await (resume ? goOn(resume) : begin());
    if (startsPrograms) endLeftovers();
    takeOver(directory, stateDirectory);
    if (keepFiles) writeInside(directory, "console.txt", `${printed.join("\n")}\n`);
    channel.send({ type: "done", id, hpmax, iters, metrics, titles, ...telling.last() });
  } catch (error) {
    if (error instanceof Stopped || stop.signal.aborted) {
      if (startsPrograms) endLeftovers();
      channel.send({ type: "stopped", id });
    } else {
      const reason = messageOf(error);
      line(failureText(error));
      if (startsPrograms) endLeftovers();
      takeOver(directory, stateDirectory);
      channel.send({ type: "failed", id, reason, ...telling.last() });
    }
  } finally {
    running = undefined;
    tellLast = () => undefined;
  }
}

/** Not the folder itself: in a sandbox it is a place of its own, which cannot be removed. */
function empty(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory()) {
    rmSync(folder, { force: true });
    return;
  }
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** Ends the processes that a run has left behind: it is over, and they are nobody's any more. */
function endLeftovers(): void {
  const mark = process.env[runMark] ?? "";
  const ended = process.env[sandboxMark] === "1" ? endOthers() : mark === "" ? 0 : endMarked(mark);
  if (ended > 0)
    process.stderr.write(`a run left ${ended} ${ended === 1 ? "process" : "processes"} behind, ended now\n`);
}

/** Reads the state of an earlier attempt and writes its files. If the state is unusable, says so and returns undefined. */
function savedRun(bytes: Uint8Array, stateDirectory: string, line: (text: string) => void): SavedRun | undefined {
  try {
    const { run: saved, files } = decodeRun(bytes);
    writeFiles(stateDirectory, files);
    return saved;
  } catch (error) {
    line(`the checkpoint cannot be used (${messageOf(error)}); the run starts afresh`);
    return undefined;
  }
}

function hear(message: ToRunner): void {
  if (message.type === "run") {
    void run(message);
    return;
  }
  if (running?.id !== message.id) return;
  const { stop } = running;
  switch (message.type) {
    case "stop":
      stop.abort("stopped by the worker");
      break;
    case "handback":
      running.isHandingBack = true;
      setTimeout(() => stop.abort("handed back"), stateGraceMs).unref();
      break;
    case "checkpoint-every":
      running.dueAt += 1000 * message.seconds - running.checkpointMs;
      running.checkpointMs = 1000 * message.seconds;
      break;
    default: {
      const never: never = message;
      throw new Error(`a message of unknown kind: ${JSON.stringify(never)}`);
    }
  }
}

// If a run's code ends the process, its last lines say why.
process.on("exit", () => tellLast());

// The worker is gone, and nobody would receive the result.
const leave = (): void => {
  endLeftovers();
  process.exit(0);
};
pipe.on("error", leave);
pipe.on("close", leave);
// Ctrl-C in a terminal reaches the whole process group, but the worker decides what happens to a run.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
