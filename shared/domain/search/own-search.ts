import type { CodeBundle } from "../code-bundle.ts";
import type { Configuration, Hyperparameter, Setting } from "../hyperparameter.ts";
import type { JobName, RunName } from "../names.ts";

/**
 * A search of the user's own (`hp_tuning: own`): a program that is asked for configurations and told what became of them. It runs
 * as a child process of the leader; docs/own-search.md has its protocol. It may die at any time and is then started again, so
 * whatever it knows it learns from what it is told.
 */

/** The setting `search` of a job, checked. One of `command` and `module` says what to start. */
export interface OwnSearchSettings {
  /** The program and its words; null if a module is named. */
  readonly command: readonly string[] | null;
  /** An ES module beside the spec, with forward slashes; null if a program is named. */
  readonly module: string | null;
  /** Seconds within which a question is answered. */
  readonly answerSeconds: number;
  /** Bytes of memory for the program and what it starts. */
  readonly memory: number;
  /** Choices asked for before a worker wants them. */
  readonly ahead: number;
}

export const defaultOwnSearch: OwnSearchSettings = {
  command: null,
  module: null,
  answerSeconds: 60,
  memory: 2e9,
  ahead: 1,
};

/**
 * The state of a run: running (or waiting for another machine), or how it ended. infeasible: it completed, and broke what the job
 * requires. rejected: an operator took its result back.
 */
const toldStates = [
  "running",
  "completed",
  "infeasible",
  "failed",
  "timed out",
  "pruned",
  "cancelled",
  "rejected",
] as const;
export type ToldState = (typeof toldStates)[number];

/** What a search is told about a run. A later message about the same run replaces the earlier one. */
export interface ToldRun {
  /** Its number, from 1; runs of earlier searches that this one counts (`nexus import`) have -1, -2, ... */
  readonly run: number;
  readonly name: RunName;
  /** The question whose answer it carries out; null if another process of the search chose it. */
  readonly ask: number | null;
  readonly configuration: Configuration;
  readonly state: ToldState;
  /** hpmax, which is to be maximised; null unless completed. */
  readonly value: number | null;
}

/** A job as its search sees it. */
export interface OwnSearchJob {
  readonly job: JobName;
  readonly settings: OwnSearchSettings;
  readonly code: CodeBundle | null;
  readonly seed: number;
  readonly totalRuns: number;
  /** As they are now: ranges get marks. */
  readonly hyperparameters: readonly Hyperparameter[];
  /** Constraints between them, as the spec writes them. A choice that breaks one is refused. */
  readonly where: readonly string[];
  /** How many runs there are so far. */
  runs(): number;
  /** All of them, in the order of their numbers; read again at each start of the program. */
  history(): Iterable<ToldRun>;
  /** Configurations that must not be tried again, as far as they have been tried. */
  excluded(): Iterable<Configuration>;
}

/** Hears what a search says. It is never called before the call that caused it has returned. */
export interface OwnSearchEars {
  /** Answers `ask`. @param settings  in spec order: values of the lists, or any of a range */
  chosen(ask: number, settings: readonly Setting[], why: string): void;
  /** Answers `ask`: it wants to hear of another result first. */
  later(ask: number, why: string): void;
  /** Answers `ask`: it has nothing left to try. Other questions may still be answered. */
  finished(ask: number, why: string): void;
  /** It wants this run to end. */
  prune(run: number, why: string): void;
  /** The program was started again: questions without an answer are forgotten. */
  restarted(): void;
  /** It died too often and is not started again. @param why  with its last lines */
  gaveUp(why: string): void;
}

/** Port: a search that is open. Its program runs, or is being started. Nothing here waits for it. */
export interface OwnSearch {
  /** Whether it wants the reports of runs that are under way. */
  readonly wantsReports: boolean;
  /** What it is doing, for people: "is being started", "has thought about its next choice for 3 s". */
  doing(): string;
  /**
   * Asks for a configuration.
   *
   * @param ask  number of the question, never used before in this reign
   * @param n    the run that will most likely carry it out
   */
  ask(ask: number, n: number): void;
  tell(run: ToldRun): void;
  /** The newest value of the metric of a run under way, if `wantsReports`. */
  report(run: number, iters: number, value: number): void;
  /** A choice will not be carried out. */
  refuse(ask: number, why: string): void;
  exclude(configuration: Configuration): void;
  /** Ranges of the job have more marks. */
  grown(): void;
  /** Ends the program. Nothing is heard of it any more. */
  close(): void;
}

export interface WhyNotStarted {
  readonly why: string;
  /** Where or when to resume the job. */
  readonly toGoOn: string;
}

/** Starts searches of users. */
export interface OwnSearches {
  /** Why this coordinator does not start the search of a job that order `op` submitted; null if it does. */
  whyNot(job: JobName, op: string): WhyNotStarted | null;
  /**
   * Why it does not start the search of an order; null if it does.
   *
   * @param op     the order's request id
   * @param proof  that it comes from a machine that may lead; empty: none
   */
  refusalOf(op: string, search: OwnSearchSettings, code: CodeBundle | null, proof: Uint8Array): string | null;
  open(job: OwnSearchJob, ears: OwnSearchEars): OwnSearch;
}
