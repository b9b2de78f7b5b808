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
import { endMarked, endOthers, endReaped, runMark, sandboxMark } from "../processes/leftovers.ts";
import { reaperMark } from "../processes/reaper/scripts.ts";
import { onlyComputes } from "../stages/registry.ts";
import { Channel } from "./channel.ts";
import { failureText, settingLines } from "./console-lines.ts";
import type { FromRunner, RunState, ToRunner } from "./protocol.ts";
import { readCarried } from "./read-carried.ts";
import { executeRun, type RunPorts, Stopped } from "./run.ts";
import { filesToSave, takeOver, writeFiles } from "./run-folder.ts";
import { decodeRun, encodeRun, encodeRunBefore, type SavedRun } from "./run-state.ts";
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
  /** Aborted, with the milliseconds that are left, when the run has to leave. */
  readonly leaving: AbortController;
  hasAsked: boolean;
  lastMoment: NodeJS.Timeout | undefined;
  /** What the last checkpoint left out. */
  leftOut: string;
  /** The worker holds the files of the state that it was told of. */
  onTaken: () => void;
}
let running: Running | undefined;
/** For a stage that has not asked before whether a checkpoint is due: it never will. */
const neverAskedMs = 600;
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
  const { id, settings, seed, directory, stateDirectory, keepFiles, codeFolder, inputsFolder } = message;
  const stop = new AbortController();
  const checkpointMs = 1000 * message.checkpointSeconds;
  const self: Running = {
    id,
    stop,
    checkpointMs,
    dueAt: performance.now() + checkpointMs,
    isHandingBack: false,
    leaving: new AbortController(),
    hasAsked: false,
    lastMoment: undefined,
    leftOut: "",
    onTaken: () => undefined,
  };
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
    empty(directory);
    if (!message.hasStateFiles) empty(stateDirectory);
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
      checkpointDue: () => {
        self.hasAsked = true;
        return self.isHandingBack || performance.now() >= self.dueAt;
      },
      leaving: self.leaving.signal,
      savingSeconds: message.savingSeconds ?? 1,
      keep: async (saved) => {
        self.dueAt = performance.now() + self.checkpointMs;
        const isLast = self.isHandingBack;
        const state = stateOf(saved, directory, stateDirectory, (leftOut) => {
          if (leftOut !== self.leftOut) line(`checkpoints leave out ${leftOut}`);
          self.leftOut = leftOut;
        });
        const taken = state.files
          ? new Promise<void>((resolve) => {
              self.onTaken = resolve;
            })
          : undefined;
        channel.send({ type: "checkpoint", id, ...telling.take(), state });
        await taken;
        if (isLast) stop.abort("handed back");
      },
      codeFolder,
      inputsFolder,
      environmentFolder: message.environment?.folder ?? null,
      directory,
      stateDirectory,
      signal: stop.signal,
      inSearch: true,
    };
    const afresh = (why: string): void => {
      line(`the checkpoint cannot be used here (${why}); the run starts afresh`);
      const state = { stage: 1, iters: 0, bytes: new Uint8Array(), problem: why.slice(0, 2000), isUnread: true };
      channel.send({ type: "checkpoint", id, ...telling.take(), state });
    };
    const resume = message.resume === null ? undefined : savedRun(message.resume, stateDirectory, afresh);
    const begin = (): ReturnType<typeof executeRun> => executeRun(stages, ports);
    const goOn = async (from: SavedRun): ReturnType<typeof executeRun> => {
      try {
        return await executeRun(stages, { ...ports, resume: from });
      } catch (error) {
        if (hasReported || stop.signal.aborted || !(error instanceof StateError)) throw error;
        afresh(error.message);
        empty(stateDirectory);
        return begin();
      }
    };
    const { hpmax, iters, metrics, titles } = await (resume ? goOn(resume) : begin());
    if (startsPrograms) endLeftovers();
    takeOver(directory, stateDirectory, line);
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
      takeOver(directory, stateDirectory, line);
      channel.send({ type: "failed", id, reason, ...telling.last() });
    }
  } finally {
    clearTimeout(self.lastMoment);
    running = undefined;
    tellLast = () => undefined;
  }
}

/** Not the folder itself: in a sandbox it is a place of its own, which cannot be removed. */
function empty(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) {
    rmSync(folder, { force: true });
    return;
  }
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** Ends the processes that a run has left behind: it is over, and they are nobody's any more. */
function endLeftovers(): void {
  const mark = process.env[runMark] ?? "";
  const hasReaper = process.env[reaperMark] === String(process.ppid);
  let ended = 0;
  if (process.env[sandboxMark] === "1") ended = endOthers();
  else {
    if (mark !== "") ended += endMarked(mark);
    if (hasReaper) ended += endReaped(process.ppid);
  }
  if (ended > 0)
    process.stderr.write(`a run left ${ended} ${ended === 1 ? "process" : "processes"} behind, ended now\n`);
}

/** Reads the state of an earlier attempt and writes its files. If the state is unusable, says why and returns undefined. */
function savedRun(bytes: Uint8Array, stateDirectory: string, afresh: (why: string) => void): SavedRun | undefined {
  try {
    const { run: saved, files } = decodeRun(bytes);
    writeFiles(stateDirectory, files);
    return saved;
  } catch (error) {
    afresh(messageOf(error));
    empty(stateDirectory);
    return undefined;
  }
}

/** What the run is now. A state whose files cannot be read says so. */
function stateOf(
  saved: SavedRun,
  directory: string,
  stateDirectory: string,
  leaving: (leftOut: string) => void,
): RunState {
  const { stage, iters } = saved;
  try {
    const { small, large, leftOut } = filesToSave(directory, stateDirectory);
    leaving(leftOut.join(", "));
    if (large.length === 0) return { stage, iters, bytes: encodeRun(saved, small) };
    return { stage, iters, bytes: encodeRunBefore(saved, small, large.length), files: large };
  } catch (error) {
    return { stage, iters, bytes: new Uint8Array(), problem: messageOf(error).slice(0, 2000) };
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
      clearTimeout(running.lastMoment);
      running.lastMoment = setTimeout(
        () => stop.abort("handed back"),
        running.hasAsked ? message.savingMs : Math.min(neverAskedMs, message.savingMs),
      ).unref();
      running.leaving.abort(message.savingMs);
      break;
    case "taken":
      running.onTaken();
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
