import { statSync } from "node:fs";
import { join } from "node:path";
import { type Verification, verifyStore } from "../../coordinator/cli/store/verify.ts";
import { operatorName } from "../../shared/broker/access/credentials.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { linkWorkspace, type WorkspaceLink } from "../../shared/broker/workspace-link.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { type JobName, parseJobName } from "../../shared/domain/names.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { BusError } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { decodeOrderAnswer, encodeOrder, type Order } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";
import { runOrder, writeProbeSpec } from "../support/processes/probe-spec.ts";

export interface SearchOptions {
  readonly checkpointSeconds: number;
  readonly runSeconds: number;
  /** Left out: more runs than any chaos run completes. */
  readonly totalRuns?: number;
}

const runsAfterwards = 10;
const orderLimitMs = 240_000;
/** Iterations of a run. */
const reports = 20;

const tallyOf = (folder: string): string => join(folder, "tally");

/** Iterations trained, as the runners counted them, and how many of those are in no completed run. */
export interface Work {
  readonly iterations: number;
  readonly again: number;
}

/** The search that the chaos run lives through, as an operator sees it. */
export class Search {
  readonly #paths: WorkspacePaths;
  readonly #folder: string;
  readonly #options: SearchOptions;

  constructor(paths: WorkspacePaths, folder: string, options: SearchOptions) {
    this.#paths = paths;
    this.#folder = folder;
    this.#options = options;
  }

  async submit(): Promise<JobName> {
    const { checkpointSeconds, runSeconds, totalRuns = 100_000 } = this.#options;
    const settings = {
      hp_tuning: "dgd",
      total_runs: totalRuns,
      retries: 1000,
      checkpoint_every: `${checkpointSeconds} s`,
    };
    const stage = { seconds: runSeconds, reports, tally: tallyOf(this.#folder) };
    const name = await this.#order(runOrder(writeProbeSpec(this.#folder, "chaos", settings, stage)));
    const job = parseJobName(name);
    if (!job) throw new Error(`the job has no name: "${name}"`);
    return job.name;
  }

  /** Shortens the search to a few more runs than have begun, so that it ends; returns its number of runs. */
  async endSoon(job: JobName): Promise<number> {
    const begun = (await this.table(job))?.trials.length ?? 0;
    const totalRuns = begun + runsAfterwards;
    await this.#order({ kind: "edit", op: "chaos-end", job, changes: { totalRuns } });
    return totalRuns;
  }

  /** Benched workers, which a person would have to admit again. */
  benched(): Promise<string[]> {
    return this.#linked(async ({ bus }) =>
      [...(await readJournal(bus)).workers.values()].filter(({ state }) => state === "benched").map(({ id }) => id),
    );
  }

  table(job: JobName): Promise<RunTable | undefined> {
    return this.#linked(async ({ bus }) => (await readJournal(bus)).jobs.get(job));
  }

  verify(): Promise<Verification> {
    return this.#linked(({ bus }) => verifyStore(bus, undefined, this.#paths.name));
  }

  /** The runners' iterations; those beyond the completed runs were done in vain. */
  work(table: RunTable): Work {
    const iterations = statSync(tallyOf(this.#folder)).size;
    return { iterations, again: iterations - reports * table.outcomes.completed };
  }

  /** Repeats the order under the same id until a coordinator answers. */
  async #order(order: Order): Promise<string> {
    return this.#linked(async ({ bus }) => {
      const limit = performance.now() + orderLimitMs;
      for (;;) {
        try {
          const answer = decodeOrderAnswer(await bus.request(operator(operatorName()), encodeOrder(order), 3000));
          if (!answer.ok) throw new Error(answer.reason);
          return answer.name;
        } catch (error) {
          if (!(error instanceof BusError) || performance.now() > limit) throw error;
        }
        await pause(300);
      }
    });
  }

  async #linked<T>(work: (link: WorkspaceLink) => Promise<T>): Promise<T> {
    const link = await linkWorkspace(this.#paths, "operator");
    try {
      return await work(link);
    } finally {
      await link.close();
    }
  }
}
