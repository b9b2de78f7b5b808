import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Upkeep } from "../../../../../coordinator/leader/upkeep.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { openJobs } from "../../../../../shared/domain/fitting.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";

const worker = "w1" as WorkerId;
const stepMs = 500;

/** One worker whose slots are never left free, and jobs whose runs take their time. */
class Slots {
  readonly test = new TestReign();
  readonly #upkeep = new Upkeep(this.test.reign);
  readonly #runMs = new Map<JobName, number>();
  /** Slot time that each job had, milliseconds. */
  readonly had = new Map<JobName, number>();
  readonly #slots: number;
  #running: { readonly job: JobName; readonly n: number; readonly attempt: number; readonly until: number }[] = [];
  #claims = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  submit(runMs: number, settings: Partial<JobSettings> = {}): JobName {
    const job = this.test.submit({ totalRuns: 10_000, ...settings });
    this.#runMs.set(job, runMs);
    this.had.set(job, 0);
    return job;
  }

  async pass(ms: number): Promise<void> {
    const until = this.test.now + ms;
    while (this.test.now < until) {
      for (const { job, n, attempt } of this.#running.filter((run) => run.until <= this.test.now)) {
        judgeEvidence(this.test.reign, this.test.message(worker, job, n, "result", attempt));
      }
      this.#running = this.#running.filter((run) => run.until > this.test.now);
      while (this.#running.length < this.#slots) {
        this.#claims += 1;
        const answer = await answerClaim(this.test.reign, worker, claim(`c${this.#claims}`, "boot", { slots: 8 }));
        if (answer?.kind !== "assigned") break;
        const { job, n, attempt } = answer;
        this.#running.push({ job, n, attempt, until: this.test.now + (this.#runMs.get(job) ?? 0) });
      }
      for (const { job } of this.#running) this.had.set(job, (this.had.get(job) ?? 0) + stepMs);
      this.test.now += stepMs;
      for (const { job, n, attempt } of this.#running) {
        this.test.reign.leases.renew(job, n, attempt, "boot", this.test.now);
      }
      this.#upkeep.tick();
    }
  }

  ratio(a: JobName, b: JobName): number {
    return (this.had.get(a) ?? 0) / (this.had.get(b) ?? 0);
  }
}

const near = (actual: number, expected: number, what: string): void =>
  assert.ok(Math.abs(actual / expected - 1) < 0.15, `${what}: ${actual}, expected about ${expected}`);

/** A worker for each pool. Time passes only by the hour, in which every run goes on. */
class Pools {
  readonly test: TestReign;
  /** Workers that have gone without a word. */
  readonly gone = new Set<WorkerId>();
  #running: { readonly by: WorkerId; readonly job: JobName; readonly n: number }[] = [];
  #claims = 0;

  /** @param former  what another leader has left */
  constructor(former?: Pools) {
    this.test = new TestReign(former?.test.reign.state);
    this.#running = former ? former.#running : [];
    this.#claims = former ? former.#claims : 0;
  }

  submit(computeTarget: string | null, settings: Partial<JobSettings> = {}): JobName {
    return this.test.submit({ totalRuns: 10_000, computeTarget, ...settings });
  }

  passHour(): void {
    this.test.now += 3_600_000;
    for (const [id, known] of this.test.reign.presence) if (!this.gone.has(id)) known.heardAt = this.test.now;
    this.tick();
  }

  tick(): void {
    this.test.reign.shares.advance(openJobs(this.test.reign.state), this.test.now);
  }

  /** Fills so many slots of a pool's worker. Returns how many each job got, in the order in which they got the first. */
  async fill(pool: string, slots: number): Promise<number[]> {
    const by = pool as WorkerId;
    const got = new Map<JobName, number>();
    for (let slot = 0; slot < slots; slot += 1) {
      this.#claims += 1;
      const asked = claim(`c${this.#claims}`, "boot", { slots: 8, targets: [pool] });
      const answer = await answerClaim(this.test.reign, by, asked);
      assert.ok(answer?.kind === "assigned");
      const { job, n } = answer;
      this.#running.push({ by, job, n });
      got.set(job, (got.get(job) ?? 0) + 1);
    }
    return [...got.values()];
  }

  /** Ends the runs of a pool that began first. */
  end(pool: string, runs: number): void {
    const ended = this.#running.filter(({ by }) => by === pool).slice(0, runs);
    this.#running = this.#running.filter((run) => !ended.includes(run));
    for (const { by, job, n } of ended) judgeEvidence(this.test.reign, this.test.message(by, job, n, "result", 1));
  }
}

describe("jobs share the slots' time by priority", () => {
  for (const slots of [1, 2, 5]) {
    test(`jobs share the slots' time by priority (slots: ${slots}), whatever their runs take`, async () => {
      const rig = new Slots(slots);
      const old = rig.submit(2000);
      const urgent = rig.submit(7000, { priority: 4 });
      await rig.pass(1_200_000);
      near(rig.ratio(urgent, old), 4, "4 to 1");
    });
  }

  test("each of several equal jobs has its turn, and a new one is owed nothing for the time before it", async () => {
    const rig = new Slots(1);
    const first = rig.submit(3000);
    await rig.pass(600_000);
    const second = rig.submit(3000);
    const third = rig.submit(3000);
    rig.had.set(first, 0);
    await rig.pass(60_000);
    near(rig.ratio(second, first), 1, "second to first");
    near(rig.ratio(third, first), 1, "third to first");
  });

  test("a new job is owed nothing because a job with a limit of its own has had little", async () => {
    const rig = new Slots(5);
    const first = rig.submit(3000);
    rig.submit(3000, { runsPerNode: 1 });
    await rig.pass(600_000);
    const third = rig.submit(3000);
    rig.had.set(first, 0);
    await rig.pass(60_000);
    near(rig.ratio(third, first), 1, "third to first");
  });

  test("a new job is even with the jobs of its own pool, whatever those of another pool have had", async () => {
    const pools = new Pools();
    for (const pool of ["large", "small"]) pools.submit(pool);
    assert.deepEqual([await pools.fill("large", 8), await pools.fill("small", 2)], [[8], [2]]);
    pools.passHour();
    for (const pool of ["large", "small"]) pools.submit(pool);
    for (const pool of ["large", "small"]) pools.end(pool, 8);
    // No tick has come between: nobody holds a run when the new jobs are first looked at.
    assert.deepEqual(await pools.fill("large", 8), [4, 4]);
    assert.deepEqual(await pools.fill("small", 2), [1, 1]);
  });

  test("a new job is even with those that its pool serves, not with one that goes on there by an old run", async () => {
    const pools = new Pools();
    pools.submit(null);
    assert.deepEqual([await pools.fill("large", 8), await pools.fill("small", 2)], [[8], [2]]);
    pools.passHour();
    pools.submit("small");
    pools.end("small", 1);
    assert.deepEqual(await pools.fill("small", 1), [1]);
    pools.passHour();
    pools.submit("small");
    pools.end("small", 2);
    assert.deepEqual(await pools.fill("small", 2), [1, 1]);
  });

  test("a new job is even with the jobs of its own pool under a new leader too", async () => {
    const former = new Pools();
    for (const pool of ["large", "small"]) former.submit(pool);
    assert.deepEqual([await former.fill("large", 8), await former.fill("small", 2)], [[8], [2]]);
    const pools = new Pools(former);
    pools.tick();
    pools.passHour();
    pools.submit("small");
    pools.end("small", 2);
    assert.deepEqual(await pools.fill("small", 2), [1, 1]);
  });

  for (const isSaid of [true, false]) {
    test(`a new job is not behind for what a worker has served that has gone, ${isSaid ? "and said so" : "unheard"}`, async () => {
      const pools = new Pools();
      for (const pool of ["large", "small"]) pools.submit(pool);
      assert.deepEqual([await pools.fill("large", 8), await pools.fill("small", 2)], [[8], [2]]);
      const large = pools.test.reign.presence.get("large" as WorkerId);
      assert.ok(large);
      if (isSaid) large.left = true;
      else pools.gone.add("large" as WorkerId);
      pools.passHour();
      pools.submit(null);
      pools.end("small", 2);
      assert.deepEqual(await pools.fill("small", 2), [1, 1]);
    });
  }

  test("a job that stood still meanwhile is owed no slots for that time", async () => {
    const rig = new Slots(2);
    const paused = rig.submit(3000);
    const other = rig.submit(3000);
    const { reign } = rig.test;
    const state = (to: "paused" | "searching"): void => {
      void reign.record({
        type: "job-state",
        job: paused,
        op: "",
        by: "test",
        state: to,
        reason: "told to",
        at: rig.test.now,
      });
    };
    await rig.pass(30_000);
    state("paused");
    await rig.pass(600_000);
    state("searching");
    rig.had.set(paused, 0);
    rig.had.set(other, 0);
    await rig.pass(120_000);
    near(rig.ratio(paused, other), 1, "paused to other");
  });
});
