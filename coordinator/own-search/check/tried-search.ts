import { mkdirSync, rmSync } from "node:fs";
import { withMarks } from "../../../shared/domain/fold/grown-dials.ts";
import {
  type Configuration,
  configurationKey,
  type Hyperparameter,
  type Setting,
} from "../../../shared/domain/hyperparameter.ts";
import type { JobName, RunName } from "../../../shared/domain/names.ts";
import { markFor } from "../../../shared/domain/ranges/mark-for.ts";
import type { ToldRun } from "../../../shared/domain/search/own-search.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { type Launch, notEnded, Program } from "../program.ts";
import * as protocol from "../protocol.ts";

/** A promise that a search does not keep. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export interface Tried {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly where: readonly string[];
  readonly seed: number;
  readonly totalRuns: number;
}

export interface Limits {
  /** Time to say "ready". */
  readonly startMs: number;
  readonly answerMs: number;
}

export const toldRun = (
  run: number,
  configuration: Configuration,
  state: ToldRun["state"],
  value: number | null,
  ask: number | null = null,
): ToldRun => ({ run, name: `run1.${run}` as RunName, ask, configuration, state, value, reason: "" }); // as the coordinator names them

/** A search under test: takes one step at a time with its program, each within a time limit. */
export class TriedSearch {
  readonly program: Program;
  readonly #tried: Tried;
  /** With the marks that the search chose itself. */
  #hyperparameters: readonly Hyperparameter[];
  readonly #startMs: number;
  readonly #answerMs: number;
  readonly #said: protocol.Said[] = [];
  #wake: () => void = () => undefined;
  #problem = "";
  #questions = 0;
  #hadToBeKilled = false;
  /** What it wanted pruned while it was asked. */
  readonly prunes: Prune[] = [];

  constructor(launch: Launch, tried: Tried, { startMs, answerMs }: Limits) {
    this.#tried = tried;
    this.#hyperparameters = tried.hyperparameters;
    this.#startMs = startMs;
    this.#answerMs = answerMs;
    // Each program starts with an empty folder of its own, as under a coordinator.
    rmSync(launch.cwd, { recursive: true, force: true });
    mkdirSync(launch.cwd, { recursive: true });
    this.program = new Program(
      launch,
      {
        line: (text) => this.#hear(text),
        grumble: () => undefined,
        ended: (why) => {
          this.#hadToBeKilled = why === notEnded;
          const last = this.program.lastWords();
          this.#fail(`it ${why}${last === "" ? "" : `; its last lines:\n${last}`}`);
        },
      },
      systemClock,
    );
  }

  /** Says hello and tells the history. @returns what it says of itself */
  async begin(history: readonly ToldRun[] = [], excluded: readonly Configuration[] = []): Promise<Ready> {
    const hyperparameters = this.#hyperparameters;
    this.program.write(protocol.hello({ job: "job1" as JobName, ...this.#tried }, history.length)); // a name like any other
    const ready = await this.next("ready", this.#startMs);
    if (ready.type !== "ready") throw new Broken(`it said "${ready.type}" before "ready"`);
    const lines = history.map((run) => protocol.tell(hyperparameters, run));
    await this.program.writeAll([...lines, ...excluded.map((each) => protocol.exclude(hyperparameters, each))]);
    return ready;
  }

  /** Asks `count` questions at once, and takes an answer to each, in any order. @throws Broken */
  async choose(count: number, n = 1, answerMs = this.#answerMs): Promise<MadeChoice[]> {
    const open = new Set<number>();
    for (let i = 0; i < count; i += 1) {
      this.#questions += 1;
      open.add(this.#questions);
      this.program.write(protocol.ask(this.#questions, n + i));
    }
    const choices: MadeChoice[] = [];
    while (open.size > 0) {
      const said = await this.next("an answer", answerMs);
      if (said.type === "prune") {
        this.prunes.push(said);
        continue;
      }
      if (said.type !== "choice") throw new Broken(`asked for a choice, it said ${JSON.stringify(said)}`);
      if (!open.delete(said.ask)) throw new Broken(`it answered question ${said.ask}, which was not asked, or twice`);
      choices.push({ ...said, configuration: this.#configurationFor(said.settings) });
    }
    return choices;
  }

  tell(run: ToldRun): void {
    this.program.write(protocol.tell(this.#hyperparameters, run));
  }

  write(line: string): void {
    this.program.write(line);
  }

  /** The next thing that it says. @throws Broken if it gives up, breaks the protocol, ends, or says nothing in time */
  async next(what: string, ms: number): Promise<protocol.Said> {
    const limit = performance.now() + ms;
    for (;;) {
      const error = this.#said.find((each) => each.type === "error");
      if (error) throw new Broken(`it gave up: ${error.message}`);
      if (this.#problem !== "") throw new Broken(this.#problem);
      const said = this.#said.shift();
      if (said) return said;
      const left = limit - performance.now();
      if (left <= 0) throw new Broken(`waited ${Math.round(ms / 1000)} s for ${what}`);
      await this.#moved(left);
    }
  }

  /** What came without being asked for, after a moment. */
  async unasked(ms: number): Promise<readonly protocol.Said[]> {
    await systemClock.pause(ms);
    if (this.#problem !== "") throw new Broken(this.#problem);
    return this.#said.splice(0);
  }

  /** Says goodbye; whether it ended by itself in time. */
  async leave(graceMs: number): Promise<boolean> {
    this.program.end(protocol.bye(), systemClock, graceMs);
    while (!this.program.isOver) await this.#moved(1000);
    return !this.#hadToBeKilled;
  }

  async kill(): Promise<void> {
    this.program.kill("was ended");
    while (!this.program.isOver) await this.#moved(1000);
  }

  /** Gives a number of a range without a mark a new one, and tells the search of it. */
  #configurationFor(settings: readonly Setting[]): Configuration {
    const marked = this.#hyperparameters.map((each, i) => {
      const setting = settings[i] ?? null;
      if (each.values.includes(setting)) return each;
      const mark = markFor(each, Number(setting)) ?? 0;
      return each.values.includes(mark) ? each : withMarks(each, [mark], 0);
    });
    if (marked.some((each, i) => each !== this.#hyperparameters[i])) {
      this.#hyperparameters = marked;
      this.program.write(protocol.values(marked));
    }
    return marked.map((each, i) => {
      const setting = settings[i] ?? null;
      return each.values.indexOf(each.values.includes(setting) ? setting : (markFor(each, Number(setting)) ?? 0));
    });
  }

  #hear(text: string): void {
    if (text.trim() === "") return;
    try {
      this.#said.push(protocol.readLine(text, this.#hyperparameters));
      this.#wake();
    } catch (error) {
      if (!(error instanceof protocol.ProtocolError)) throw error;
      this.#fail(error.message);
    }
  }

  #fail(problem: string): void {
    if (this.#problem === "") this.#problem = problem;
    this.#wake();
  }

  async #moved(ms: number): Promise<void> {
    const left = new AbortController();
    this.#wake = () => left.abort();
    await systemClock.pause(ms, left.signal);
    this.#wake = () => undefined;
  }
}

export type Prune = Extract<protocol.Said, { type: "prune" }>;
export type Ready = Extract<protocol.Said, { type: "ready" }>;
export type MadeChoice = Extract<protocol.Said, { type: "choice" }> & { readonly configuration: Configuration };

export const keysOf = (choices: readonly MadeChoice[]): string[] =>
  [...choices].sort((a, b) => a.ask - b.ask).map(({ configuration }) => configurationKey(configuration));
