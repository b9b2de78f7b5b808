import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Verification, verifyStore } from "../../coordinator/results/verify.ts";
import { operatorName } from "../../shared/broker/credentials.ts";
import { readJournal } from "../../shared/broker/journal-reader.ts";
import { linkWorkspace, type WorkspaceLink } from "../../shared/broker/workspace-link.ts";
import { loadSpecFile } from "../../shared/component-defaults.ts";
import { pause, within } from "../../shared/deadline.ts";
import { type JobName, parseJobName } from "../../shared/domain/names.ts";
import type { RunTable } from "../../shared/domain/run-table.ts";
import { usedComponents } from "../../shared/domain/spec-read.ts";
import { BusError } from "../../shared/ports.ts";
import { decodeOrderAnswer, encodeOrder, type Order } from "../../shared/wire/messages.ts";
import { operator, streams } from "../../shared/wire/subjects.ts";
import { testimonyOf } from "../../shared/wire/testimony.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";

const spec = (folder: string): string => `component: root/Root_Component
experiment_path: ${join(folder, "results")}
job_launcher:
  component: job_launchers/XT
  enabled: 1
  hp_tuning: dgd
  total_runs: 100000
  retries: 1000
  checkpoint_every: 1 s
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3, 4, 5]
      tuned_value: 2
  - name: &b
      ordered_tuning_values: [0.1, 0.2, 0.3]
      tuned_value: 0.2
processing_stages:
  - processing_stage:
      component: processors/Probe_Proc
      seconds: 2
      reports: 20
      noise: 0.5
      value: [*a, *b]
`;

/** What the evidence says of the work: how much of it was done more than once. */
export interface Work {
  readonly iterations: number;
  readonly again: number;
}

/** The search that the chaos run lives through, as an operator sees it. */
export class Search {
  readonly #paths: WorkspacePaths;
  readonly #folder: string;

  constructor(paths: WorkspacePaths, folder: string) {
    this.#paths = paths;
    this.#folder = folder;
  }

  async submit(): Promise<JobName> {
    const path = join(this.#folder, "chaos.yaml");
    writeFileSync(path, spec(this.#folder));
    const { spec: read } = loadSpecFile(path);
    const { file, text } = read;
    const op = "chaos-run";
    const name = await this.#order({ kind: "run", op, file, text, sources: usedComponents(read), commandLine: {} });
    const job = parseJobName(name);
    if (!job) throw new Error(`the job has no name: "${name}"`);
    return job.name;
  }

  /** Begins nothing more; what runs ends. */
  async stop(job: JobName): Promise<void> {
    await this.#order({ kind: "control", op: "chaos-stop", verb: "stop", target: { kind: "job", job } });
  }

  table(job: JobName): Promise<RunTable | undefined> {
    return this.#linked(async ({ bus }) => (await readJournal(bus)).jobs.get(job));
  }

  verify(): Promise<Verification> {
    return this.#linked(({ bus }) => verifyStore(bus, undefined, this.#paths.name));
  }

  /** Iterations that were reported, and those of them that another attempt had reported before. */
  work(): Promise<Work> {
    return this.#linked(async ({ bus }) => {
      const seen = new Map<string, string>();
      let [iterations, again] = [0, 0];
      const reading = await bus.read(streams.evidence, 1, (message) => {
        const told = testimonyOf(message);
        for (const [stage, iters] of told?.reports ?? []) {
          const key = `${told?.job}/${told?.n}/${stage}/${iters}`;
          const by = `${told?.worker}/${told?.attempt}`;
          iterations += 1;
          const before = seen.get(key);
          if (before === undefined) seen.set(key, by);
          else if (before !== by) again += 1;
        }
      });
      try {
        await within(reading.caughtUp, 60_000, "reading the evidence");
      } finally {
        await reading.stop();
      }
      return { iterations, again };
    });
  }

  /** Asks until a coordinator answers, under the same id each time. */
  async #order(order: Order): Promise<string> {
    return this.#linked(async ({ bus }) => {
      const limit = performance.now() + 60_000;
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
