import type { CarriedSpec } from "../../shared/domain/runspec/carried-spec.ts";
import type { ExpandedStage } from "../../shared/domain/runspec/expand.ts";
import type { Spec } from "../../shared/domain/runspec/spec.ts";
import { expandSpec, expandStages, reproSpec, withChosen } from "../../shared/domain/runspec/spec-read.ts";
import { randintAt } from "../../shared/domain/seeds.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { messageOf } from "../../shared/errors.ts";
import { writeInside } from "../../shared/machine/inside.ts";
import { useOwnComponents } from "../components/registry.ts";
import { StateError } from "../components/saved-state.ts";
import { onlyComputes } from "../stages/registry.ts";
import { failureText, leftOutLine, settingLines } from "./console-lines.ts";
import { endLeftovers } from "./end-leftovers.ts";
import type { FromRunner, RunState, ToRunner } from "./protocol.ts";
import { readCarried } from "./read-carried.ts";
import { executeRun, type RunPorts, type RunResult, Stopped } from "./run.ts";
import { emptyFolder, filesToSave, isOfThisMachine, takeOver, writeFiles } from "./run-folder.ts";
import { decodeRun, encodeRun, encodeRunBefore, type SavedRun } from "./run-state.ts";
import { Telling } from "./telling.ts";

type RunMessage = Extract<ToRunner, { type: "run" }>;

/** Milliseconds that a stage gets at a hand-back if it has never asked whether a checkpoint is due: it never will. */
const neverAskedMs = 600;

/** This machine cannot write the files of the run's checkpoint; another one may. */
class UnwrittenState extends Error {
  override readonly name = "UnwrittenState";

  constructor(bytes: number, cause: unknown) {
    super(`the run's checkpoint of ${sizeText(bytes)} could not be written here: ${messageOf(cause)}`, { cause });
  }
}

/** What an earlier attempt left on this machine cannot be deleted; on another one the run finds nothing. */
class UndeletedFolder extends Error {
  override readonly name = "UndeletedFolder";

  constructor(folder: string, cause: unknown) {
    super(`what an earlier attempt left in ${folder} cannot be deleted here: ${messageOf(cause)}`, { cause });
  }
}

/** One run of a worker's, from its task to the message that says how it ended. */
export class TaskRun {
  readonly #message: RunMessage;
  readonly #send: (message: FromRunner) => void;
  readonly #telling: Telling;
  readonly #stop = new AbortController();
  /** Aborted, with the milliseconds that are left, when the run has to leave. */
  readonly #leaving = new AbortController();
  #lastMoment: NodeJS.Timeout | undefined;
  #isHandingBack = false;
  #checkpointMs: number;
  /** When the next checkpoint is due, in monotonic milliseconds. */
  #dueAt: number;
  #hasAsked = false;
  /** What the last checkpoint left out. */
  #leftOut = "";
  /** Called when the worker holds the files of the last state. */
  #onTaken: () => void = () => undefined;
  /** The whole console, for console.txt. */
  readonly #printed: string[] = [];
  #hasReported = false;
  #startsPrograms: boolean;

  constructor(message: RunMessage, send: (message: FromRunner) => void) {
    this.#message = message;
    this.#send = send;
    this.#telling = new Telling((told) => send({ type: "reports", id: message.id, ...told }));
    this.#checkpointMs = 1000 * message.checkpointSeconds;
    this.#dueAt = performance.now() + this.#checkpointMs;
    this.#startsPrograms = message.codeFolder !== null;
  }

  get id(): number {
    return this.#message.id;
  }

  /** Sends what it has not sent yet. */
  tell(): void {
    this.#telling.now();
  }

  async execute(): Promise<void> {
    const { id, directory, stateDirectory, keepFiles } = this.#message;
    try {
      const result = await this.#train();
      if (this.#startsPrograms) endLeftovers();
      this.#tidy(() => takeOver(directory, stateDirectory, this.#line));
      if (keepFiles) this.#tidy(() => writeInside(directory, "console.txt", `${this.#printed.join("\n")}\n`));
      this.#send({ type: "done", id, ...result, ...this.#telling.last() });
    } catch (error) {
      if (error instanceof Stopped || this.#stop.signal.aborted) {
        if (this.#startsPrograms) endLeftovers();
        this.#send({ type: "stopped", id });
        return;
      }
      this.#line(failureText(error));
      if (this.#startsPrograms) endLeftovers();
      this.#tidy(() => takeOver(directory, stateDirectory, this.#line));
      const isOfMachine = error instanceof UnwrittenState || error instanceof UndeletedFolder;
      this.#send({ type: "failed", id, reason: messageOf(error), isOfMachine, ...this.#telling.last() });
    } finally {
      clearTimeout(this.#lastMoment);
      this.#telling.disarm();
    }
  }

  /** How a run ended does not depend on what becomes of its files. */
  #tidy(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#line(`not all files of the run are kept: ${messageOf(error)}`);
    }
  }

  hear(message: Exclude<ToRunner, RunMessage>): void {
    switch (message.type) {
      case "stop":
        this.#stop.abort("stopped by the worker");
        break;
      case "handback":
        this.#isHandingBack = true;
        clearTimeout(this.#lastMoment);
        this.#lastMoment = setTimeout(
          () => this.#stop.abort("handed back"),
          this.#hasAsked ? message.savingMs : Math.min(neverAskedMs, message.savingMs),
        ).unref();
        this.#leaving.abort(message.savingMs);
        break;
      case "taken":
        this.#onTaken();
        break;
      case "checkpoint-every":
        this.#dueAt += 1000 * message.seconds - this.#checkpointMs;
        this.#checkpointMs = 1000 * message.seconds;
        break;
      default: {
        const never: never = message;
        throw new Error(`a message of unknown kind: ${JSON.stringify(never)}`);
      }
    }
  }

  async #train(): Promise<RunResult> {
    const { job, jobText, directory, stateDirectory, codeFolder, hasStateFiles, resume } = this.#message;
    // Read whatever becomes of the run: the worker does not send it again.
    const spec = specOf(job, jobText);
    // An attempt finds only what it is given: no link, say, that an earlier one made on this machine.
    clearFolder(directory);
    if (!hasStateFiles) clearFolder(stateDirectory);
    useOwnComponents(codeFolder);
    const stages = this.#stages(spec);
    this.#startsPrograms ||= stages.some(({ component }) => !onlyComputes(component));
    const ports = this.#ports();
    const saved = resume === null ? undefined : this.#savedRun(resume);
    if (!saved) return executeRun(stages, ports);
    try {
      return await executeRun(stages, { ...ports, resume: saved });
    } catch (error) {
      if (this.#hasReported || this.#stop.signal.aborted || !(error instanceof StateError)) throw error;
      this.#beginAfresh(error.message);
      return executeRun(stages, ports);
    }
  }

  /** The stages to execute. Also prints the settings. */
  #stages(spec: Spec): ExpandedStage[] {
    const { settings, seed, directory, keepFiles } = this.#message;
    const chosen = withChosen(spec, settings);
    const draw = (path: string): number => randintAt(seed, path);
    if (keepFiles) {
      const expanded = expandSpec(chosen, settings, draw);
      writeInside(directory, "repro_spec.yaml", reproSpec(expanded, spec.hyperparameters, settings));
    }
    for (const text of settingLines(settings)) this.#line(text);
    return expandStages(chosen, settings, draw);
  }

  #ports(): RunPorts {
    const { directory, stateDirectory, codeFolder, inputsFolder, environment, savingSeconds = 1 } = this.#message;
    return {
      line: this.#line,
      report: ({ stage, iters, hours, values, counts }) => {
        this.#hasReported = true;
        this.#telling.report([stage, iters, hours, [...values], [...counts]]);
      },
      checkpointDue: () => {
        this.#hasAsked = true;
        return this.#isHandingBack || performance.now() >= this.#dueAt;
      },
      leaving: this.#leaving.signal,
      savingSeconds,
      keep: (saved) => this.#keep(saved),
      codeFolder,
      inputsFolder,
      environmentFolder: environment?.folder ?? null,
      directory,
      stateDirectory,
      signal: this.#stop.signal,
      inSearch: true,
    };
  }

  async #keep(saved: SavedRun): Promise<void> {
    this.#dueAt = performance.now() + this.#checkpointMs;
    const isLast = this.#isHandingBack;
    const state = this.#stateOf(saved);
    const taken = state.files
      ? new Promise<void>((resolve) => {
          this.#onTaken = resolve;
        })
      : undefined;
    this.#send({ type: "checkpoint", id: this.id, ...this.#telling.take(), state });
    await taken;
    if (isLast) this.#stop.abort("handed back");
  }

  /** The run's current state. If its files cannot be read, `problem` says why. */
  #stateOf(saved: SavedRun): RunState {
    const { stage, iters } = saved;
    try {
      const { small, large, leftOut } = filesToSave(this.#message.directory, this.#message.stateDirectory);
      const without = leftOut.join(", ");
      if (without !== this.#leftOut) this.#line(leftOutLine(without));
      this.#leftOut = without;
      if (large.length === 0) return { stage, iters, bytes: encodeRun(saved, small) };
      return { stage, iters, bytes: encodeRunBefore(saved, small, large.length), files: large };
    } catch (error) {
      return { stage, iters, bytes: new Uint8Array(), problem: messageOf(error).slice(0, 2000) };
    }
  }

  /** Reads the state of an earlier attempt and writes its files; undefined if it is unusable. @throws UnwrittenState */
  #savedRun(bytes: Uint8Array): SavedRun | undefined {
    try {
      const { run, files } = decodeRun(bytes);
      writeFiles(this.#message.stateDirectory, files);
      return run;
    } catch (error) {
      if (isOfThisMachine(error)) throw new UnwrittenState(bytes.length, error);
      this.#beginAfresh(messageOf(error));
      return undefined;
    }
  }

  #beginAfresh(why: string): void {
    this.#line(`the checkpoint cannot be used here (${why}); the run starts afresh`);
    const state = { stage: 1, iters: 0, bytes: new Uint8Array(), problem: why.slice(0, 2000), isUnread: true };
    this.#send({ type: "checkpoint", id: this.id, ...this.#telling.take(), state });
    emptyFolder(this.#message.stateDirectory);
  }

  readonly #line = (text: string): void => {
    this.#telling.line(text);
    if (this.#message.keepFiles) this.#printed.push(text);
  };
}

/** @throws UndeletedFolder */
function clearFolder(folder: string): void {
  try {
    emptyFolder(folder);
  } catch (error) {
    throw new UndeletedFolder(folder, error);
  }
}

/** Of the last run, whose job is usually that of the next. */
let last: { readonly job: string; readonly spec: Spec } | undefined;

/** @param text  null: that of the last run */
function specOf(job: string, text: CarriedSpec | null): Spec {
  if (text) last = { job, spec: readCarried(text) };
  if (last?.job !== job) throw new Error(`the text of ${job} was not sent to this runner`);
  return last.spec;
}
