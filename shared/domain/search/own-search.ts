import type { CodeBundle } from "../code-bundle.ts";
import type { Configuration, Hyperparameter, Setting } from "../hyperparameter.ts";
import type { JobName, RunName } from "../names.ts";

/**
 * A user's own search (`hp_tuning: own`): a program that is asked for configurations and told their results. It runs as
 * a child process of the leader; docs/own-search.md has its protocol. It may die at any time and is then started again
 * and told every run anew.
 */

/** The setting `search` of a job, checked. Either `command` or `module` says what to start. */
export interface OwnSearchSettings {
  /** The program and its arguments; null if a module is named. */
  readonly command: readonly string[] | null;
  /** An ES module beside the spec, with forward slashes; null if a program is named. */
  readonly module: string | null;
  /** Seconds within which the program must answer a question. */
  readonly answerSeconds: number;
  /** Bytes of memory that the program and its children may use. */
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
 * The state of a run: running (or waiting for another machine), or how it ended. infeasible: it completed but broke the
 * job's requirements. rejected: an operator took its result back.
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
  /** The run's number, from 1; imported runs of earlier searches (`nexus import`) have -1, -2, ... */
  readonly run: number;
  readonly name: RunName;
  /** The question whose answer the run carries out; null if an earlier process of the search chose it. */
  readonly ask: number | null;
  readonly configuration: Configuration;
  readonly state: ToldState;
  /** hpmax, which is to be maximised; null unless completed. */
  readonly value: number | null;
  /** Why it ended without a result, as people are told: "loss came out as NaN"; else "". */
  readonly reason: string;
}

/** A job as its search sees it. */
export interface OwnSearchJob {
  readonly job: JobName;
  readonly settings: OwnSearchSettings;
  readonly code: CodeBundle | null;
  readonly seed: number;
  readonly totalRuns: number;
  /** The current hyperparameters: ranges get marks over time. */
  readonly hyperparameters: readonly Hyperparameter[];
  /** Constraints between hyperparameters, as written in the spec. A choice that breaks one is refused. */
  readonly where: readonly string[];
  /** Number of runs so far. */
  runs(): number;
  /** All runs so far, in the order of their numbers; read again at each start of the program. */
  history(): Iterable<ToldRun>;
  /** Configurations that were tried and must not be tried again. */
  excluded(): Iterable<Configuration>;
}

/** Receives what a search says. Nothing here is called before the call that caused it has returned. */
export interface OwnSearchEars {
  /** Answers `ask`. @param settings  in spec order: a value of each list, or any value of a range */
  chosen(ask: number, settings: readonly Setting[], why: string): void;
  /** Answers `ask`: the search wants another result first. */
  later(ask: number, why: string): void;
  /** Answers `ask`: it has nothing left to try. Other questions may still be answered. */
  finished(ask: number, why: string): void;
  /** It wants this run to end. */
  prune(run: number, why: string): void;
  /** The program died and is started again: questions without an answer will get none. */
  restarted(): void;
  /** The program died too often and is not started again. @param why  with the last lines it wrote */
  gaveUp(why: string): void;
}

/** Port: an open search, whose program runs or is being started. No method waits for it. */
export interface OwnSearch {
  /** Whether the program wants the reports of running runs. */
  readonly wantsReports: boolean;
  /** What the program is doing, for people: "is being started", "has thought about its next choice for 3 s". */
  doing(): string;
  /**
   * Asks for a configuration.
   *
   * @param ask  number of the question, never used before in this reign
   * @param n    number of the run that will most likely carry the answer out
   */
  ask(ask: number, n: number): void;
  tell(run: ToldRun): void;
  /** The newest value of a running run's metric, NaN and infinities too; call it only if `wantsReports`. */
  report(run: number, iters: number, value: number): void;
  /** The choice that answered `ask` will not be carried out. */
  refuse(ask: number, why: string): void;
  exclude(configuration: Configuration): void;
  /** Ranges of the job have more marks. */
  grown(): void;
  /** Ends the program; its ears hear nothing more. */
  close(): void;
}

export interface WhyNotStarted {
  readonly why: string;
  /** Where or when to resume the job, for people. */
  readonly toGoOn: string;
}

/** Starts users' own searches. */
export interface OwnSearches {
  /** Why this coordinator does not start the search of a job that order `op` submitted; null if it does. */
  whyNot(job: JobName, op: string): WhyNotStarted | null;
  /**
   * Why this coordinator does not start the search of an order; null if it does.
   *
   * @param op     the order's request id
   * @param proof  proof that the order comes from a machine that may lead; empty: none
   */
  refusalOf(op: string, search: OwnSearchSettings, code: CodeBundle | null, proof: Uint8Array): string | null;
  open(job: OwnSearchJob, ears: OwnSearchEars): OwnSearch;
}
