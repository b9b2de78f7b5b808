import { LiveSearch } from "../../../coordinator/live/live-search.ts";
import { ViewModel } from "../../../coordinator/tui/view-model.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../shared/domain/fold/workspace-state.ts";
import type { Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { isLearningDue } from "../../../shared/domain/model/search-model.ts";
import { jobName, type RunName, type WorkerId } from "../../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";
import { defaultSettings } from "../../../shared/domain/runspec/job-settings.ts";
import type { Status } from "../../../shared/wire/messages.ts";

const job = jobName(1);
export const dials: readonly Hyperparameter[] = [
  { name: "lr", ordered: true, values: [1e-4, 3e-4, 6e-4, 1e-3, 2e-3, 3e-3], tuned: 1e-3 },
  { name: "disc", ordered: true, values: [0.7, 0.8, 0.9, 0.95, 0.98], tuned: 0.9 },
  { name: "rscale", ordered: true, values: [1, 2, 4, 8, 16, 32], tuned: 8 },
  { name: "seqlen", ordered: true, values: [2, 4, 8, 16, 24], tuned: 8 },
  { name: "clip", ordered: true, values: [4, 16, 64, 256, 1024], tuned: 256 },
  { name: "core", ordered: false, values: ["GRU_Core", "LSTM_Core", "RNN_Core"], tuned: "GRU_Core" },
];

interface Held {
  readonly n: number;
  readonly worker: WorkerId;
  readonly configuration: readonly number[];
  iters: number;
}

/** Receives the messages that a real swarm would publish. */
export interface SwarmVoice {
  event(event: JournalEvent): void;
  report(worker: WorkerId, n: number, iters: number, hours: number, value: number): void;
  status(status: Status): void;
}

/** A seeded swarm that exists only in a view model: every worker trains one run after another. */
export class SimulatedSearch {
  readonly model: ViewModel;
  readonly #rng: Rng;
  readonly #voice: SwarmVoice | undefined;
  readonly #learns: boolean;
  readonly #held: Held[] = [];
  readonly #state = emptyWorkspace();
  readonly #children = new Map<WorkerId, number>();
  #trials = 0;
  #at: number;

  constructor(
    options: {
      readonly runs: number;
      readonly workers: number;
      readonly colour?: boolean;
      readonly unicode?: boolean;
      readonly isReadonly?: boolean;
      readonly flags?: string;
      readonly top?: number;
      /** Whether its leader publishes what it learns, as a real one does; if not, every view learns for itself. */
      readonly learns?: boolean;
      readonly voice?: SwarmVoice;
    },
    /** Wall clock, ms, at which the first day of searching ends; `second` goes on from there. */
    endsAt: number,
  ) {
    const {
      runs,
      workers,
      colour = true,
      unicode = true,
      isReadonly = false,
      flags = "",
      top = 5,
      learns = false,
      voice,
    } = options;
    this.#voice = voice;
    this.#learns = learns;
    this.#rng = rngFrom("simulated search");
    this.#at = endsAt - 86_400_000;
    this.model = new ViewModel(new LiveSearch({ wall: () => this.#at }), {
      workspace: "ws1",
      look: { colour, unicode },
      top,
      graph: unicode ? "braille" : "ascii",
      isReadonly,
      joining: { commands: ["nexus-worker nats://CODE@192.0.2.7:4222/ws1"], opening: null },
      flags,
    });
    this.#tell({
      type: "job",
      job,
      op: "op",
      by: "ann",
      at: this.#at,
      file: "maze.yaml",
      text: "",
      sources: {},
      commandLine: {},
      hyperparameters: dials,
      settings: { ...defaultSettings, enabled: true, totalRuns: runs * 2, hpTuning: "dgd" },
      seed: 1,
      firstParent: 1,
      parents: workers,
    });
    for (let i = 1; i <= workers; i += 1) {
      const worker = `node-${i}` as WorkerId;
      const at = this.#at;
      this.#tell({ type: "worker-enrolled", worker, publicKey: "", host: `lab-${i}`, op: `enrol-${i}`, at });
      this.#start(worker);
    }
    const step = (endsAt - this.#at) / Math.max(1, runs);
    while (this.#trials < runs) {
      this.#at += step;
      this.complete();
    }
    this.#at = endsAt;
    this.model.search.live(this.#state);
    this.model.search.showJob(job);
  }

  /** One second of a swarm whose runs take about `secondsPerRun`: reports of every worker, ends, the leader's word. */
  second(now: number, secondsPerRun = 60): void {
    this.#at += 1000;
    for (const held of this.#held) {
      held.iters += 1000;
      const value = this.#value(held) * (1 - Math.exp(-held.iters / 2e4));
      this.model.search.curves.add(held.n, 1, held.iters, held.iters / 3.6e6, value);
      this.#voice?.report(held.worker, held.n, held.iters, held.iters / 3.6e6, value);
    }
    this.model.search.reports.add(this.#held.length, now);
    for (let ends = this.#held.length / secondsPerRun; ends > this.#fraction(); ends -= 1) this.complete();
    this.tellStatus(now);
  }

  tellStatus(now: number): void {
    const workers = this.#held.map(({ worker }, i) => ({
      worker,
      silentMs: (i * 97) % 9000,
      slots: 1,
      opportunistic: i % 3 === 0,
      noCode: false,
      targets: [],
      version: "0.1.0",
      // One machine has a wrong clock.
      skewMs: i === 3 ? -192_000 : null,
      cpu: (37 * i + 60) % 100,
      memory: (53 * i + 20) % 100,
    }));
    const leases = this.#held.map(({ n, iters }, i) => ({
      job,
      n,
      attempt: 1,
      leftMs: 30_000 - ((i * 97) % 9000),
      iters,
    }));
    const status = { term: 1, leader: "leader", leaseMs: 30_000, workers, leases };
    this.model.search.heard(status, now);
    this.#voice?.status(status);
  }

  /** A random run ends, usually with a result, and its worker starts another. */
  complete(): void {
    const at = this.#rng.below(this.#held.length);
    const held = this.#held[at];
    if (!held) return;
    this.#held.splice(at, 1);
    const { n, worker } = held;
    const base = { job, n, attempt: 1, worker, ev: n, at: this.#at } as const;
    const luck = this.#fraction();
    if (luck < 0.01) {
      this.#tell({ ...base, type: "ended", outcome: "failed", reason: "ValueError: loss is not finite" });
    } else if (luck < 0.02) {
      this.#tell({
        ...base,
        type: "lost",
        outcome: "lost",
        cause: "silent",
        charged: true,
        reason: `no sign of life from ${worker} for 30 s`,
      });
      this.#assign(n, worker, held.configuration, 2);
      this.#tell({ ...base, attempt: 2, type: "completed", ...this.#result(held) });
    } else this.#tell({ ...base, type: "completed", ...this.#result(held) });
    if (this.#learns) this.#learn();
    this.#start(worker);
  }

  #learn(): void {
    const table = this.#state.jobs.get(job);
    if (!table) return;
    const { completed } = table.runSets.totals;
    if (!isLearningDue(completed, table.model.learned)) return;
    const learned = table.model.now?.learned(table.model.learned, completed);
    if (learned) this.#tell({ type: "learned", job, at: this.#at, ...learned });
  }

  #result(held: Held): { hpmax: number; iters: number; metrics: Record<string, number> } {
    const hpmax = this.#value(held) + 0.004 * (this.#fraction() - 0.5);
    return { hpmax, iters: 100_000, metrics: { "s1-hrs": 0.003, "s1-rew": hpmax * 1.5 } };
  }

  /** The true value, highest in the middle of every dial. */
  #value({ configuration }: Held): number {
    const off = configuration.reduce(
      (sum, position, i) => sum + Math.abs(position - (dials[i]?.values.length ?? 0) / 2),
      0,
    );
    return 0.05 * Math.exp(-off / 6);
  }

  #fraction(): number {
    return this.#rng.below(1_000_000) / 1_000_000;
  }

  #start(worker: WorkerId): void {
    this.#trials += 1;
    const configuration = dials.map(({ values }) => this.#rng.below(values.length));
    this.#assign(this.#trials, worker, configuration, 1);
    this.#held.push({ n: this.#trials, worker, configuration, iters: 0 });
  }

  #assign(n: number, worker: WorkerId, configuration: readonly number[], attempt: number): void {
    const parent = Number(worker.slice("node-".length));
    const child = (this.#children.get(worker) ?? 0) + (attempt === 1 ? 1 : 0);
    this.#children.set(worker, child);
    const run = `run${parent}.${child}` as RunName;
    const claim = {
      claimId: `claim-${n}-${attempt}`,
      bootId: `boot-${worker}`,
      seed: n,
      why: "one step from the best set",
    };
    this.#tell({ type: "assigned", job, n, attempt, worker, run, configuration, at: this.#at, ...claim });
  }

  #tell(event: JournalEvent): void {
    apply(this.#state, event);
    this.model.search.happened(event, this.#state);
    this.#voice?.event(event);
  }
}
