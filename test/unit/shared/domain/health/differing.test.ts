import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { differing, outside } from "../../../../../shared/domain/health/differing.ts";
import type { EndedRun } from "../../../../../shared/domain/health/ended-runs.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../../../../shared/domain/rng.ts";

const gauss = (rng: Rng): number => Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());

interface Swarm {
  readonly machines: number;
  readonly total: number;
  /** The first `sick` machines are sick: their results are shifted by `shift`, in standard deviations of luck. */
  readonly sick?: number;
  readonly shift?: number;
  /** The share of machines there from the beginning; the others join when these have done half their runs. */
  readonly early?: number;
  /** How often a new configuration is tried instead of one of the best so far. */
  readonly explores?: number;
  /** One run in twenty diverges. */
  readonly diverges?: boolean;
}

/**
 * The runs of a search that follows good results, on machines of different speed. Each choice knows only what has ended
 * by then. Configurations differ in mean and in luck.
 */
function search(
  seed: string,
  { machines, total, sick = 0, shift = 0, early = 0.7, explores = 0.3, diverges = false }: Swarm,
): EndedRun[] {
  const rng = rngFrom(seed);
  const configurations: {
    readonly id: number;
    readonly mean: number;
    readonly luck: number;
    readonly ends: [number, number][];
  }[] = [];
  const swarm = Array.from({ length: machines }, (_, number) => ({
    number,
    seconds: 0.5 + rng.uniform(),
    freeAt: number < machines * early ? rng.uniform() : (total * 0.5) / machines,
  }));
  return Array.from({ length: total }, () => {
    const machine = swarm.reduce((first, each) => (each.freeAt < first.freeAt ? each : first));
    const promise = (ends: readonly [number, number][]): number => {
      const known = ends.filter(([at]) => at <= machine.freeAt);
      if (known.length === 0) return Number.NEGATIVE_INFINITY;
      return (
        known.reduce((sum, [, hpmax]) => sum + hpmax, 0) / (known.length + 1) +
        (0.2 * gauss(rng)) / Math.sqrt(known.length)
      );
    };
    let chosen =
      rng.uniform() < explores
        ? undefined
        : configurations
            .map((each) => ({ each, value: promise(each.ends) }))
            .reduce<{ each: (typeof configurations)[number] | undefined; value: number }>(
              (best, next) => (next.value > best.value ? next : best),
              { each: undefined, value: Number.NEGATIVE_INFINITY },
            ).each;
    if (!chosen) {
      chosen = { id: configurations.length, mean: 0.5 * gauss(rng), luck: 0.5 + 1.5 * rng.uniform(), ends: [] };
      configurations.push(chosen);
    }
    const luck = diverges && rng.uniform() < 0.05 ? -30 * rng.uniform() : gauss(rng);
    const hpmax = chosen.mean + chosen.luck * (luck + (machine.number < sick ? shift : 0));
    machine.freeAt += machine.seconds * (0.8 + 0.4 * rng.uniform());
    chosen.ends.push([machine.freeAt, hpmax]);
    return { worker: `lab-${machine.number}` as WorkerId, job: "job1" as JobName, set: chosen.id, hpmax, pace: 1 };
  });
}

/** How many of `searches` raise a flag at a look after 100, 200, ... runs. */
function flagged(name: string, swarm: Swarm, searches: number): number {
  let count = 0;
  for (let i = 0; i < searches; i += 1) {
    const runs = search(`${name}/${i}`, swarm);
    const looks = Array.from({ length: swarm.total / 100 }, (_, look) => runs.slice(0, 100 * (look + 1)));
    if (looks.some((seen) => differing(seen).size > 0)) count += 1;
  }
  return count;
}

describe("machines that are all well", () => {
  // More searches, and more kinds: docs/health.md.
  for (const [name, swarm] of Object.entries({
    ten: { machines: 10, total: 300 },
    "three, half of them late": { machines: 3, total: 300, early: 0.4 },
    "those of a greedy search": { machines: 6, total: 300, explores: 0.05, early: 0.5 },
    "with runs that diverge": { machines: 10, total: 300, diverges: true },
  } satisfies Record<string, Swarm>)) {
    test(`machines that are all well raise a flag in less than 1% of searches: ${name}`, () => {
      const searches = 60;
      assert.ok(flagged(name, swarm, searches) <= 0.01 * searches, `${flagged(name, swarm, searches)} of ${searches}`);
    });
  }
});

test("a machine that comes when a search repeats what was lucky is not sick", () => {
  const rng = rngFrom("late");
  const run = (machine: number, set: number): EndedRun => ({
    worker: `lab-${machine}` as WorkerId,
    job: "job1" as JobName,
    set,
    hpmax: gauss(rng),
    pace: 1,
  });
  const first = Array.from({ length: 1000 }, (_, set) => run(set % 4, set));
  const best = [...first].sort((x, y) => y.hpmax - x.hpmax).slice(0, 400);
  const again = [0, 1].flatMap((time) => best.map(({ set }, i) => run((i + 3 * time) % 8, set)));
  assert.equal(differing([...first, ...again]).size, 0);
});

describe("a sick machine", () => {
  const found = (swarm: Swarm, searches: number): { readonly sick: number; readonly well: number } => {
    let sick = 0;
    let well = 0;
    for (let i = 0; i < searches; i += 1) {
      const names = [...differing(search(`sick/${i}`, swarm)).keys()].map((name) => Number(name.slice(4)));
      if (names.filter((number) => number < (swarm.sick ?? 0)).length === swarm.sick) sick += 1;
      if (names.some((number) => number >= (swarm.sick ?? 0))) well += 1;
    }
    return { sick, well };
  };

  test("a sick machine is found, and no other: one of ten, a standard deviation off, in 2,000 runs", () => {
    const { sick, well } = found({ machines: 10, total: 2000, sick: 1, shift: -1 }, 10);
    assert.ok(sick >= 9 && well === 0, `found in ${sick} of 10, others in ${well}`);
  });

  test("a sick machine is found beside another, which it would hide", () => {
    const { sick, well } = found({ machines: 6, total: 1500, sick: 2, shift: -2 }, 10);
    assert.ok(sick >= 8 && well <= 1, `both found in ${sick} of 10, others in ${well}`);
  });

  test("a sick machine is told with how much it differs, and in which direction", () => {
    const runs = search("size", { machines: 5, total: 2000, sick: 1, shift: 1.5 });
    const differs = differing(runs).get("lab-0" as WorkerId);
    assert.ok(differs && differs.shift > 0.7 && differs.shift < 2.5, String(differs?.shift));
    assert.ok(differs.chance < 1e-4 && differs.runs > 50 && differs.only === null);
  });

  test("a sick machine of two cannot be told from the other, and both are named", () => {
    const differs = differing(search("two", { machines: 2, total: 800, sick: 1, shift: -2, early: 1 }));
    const [a, b] = [differs.get("lab-0" as WorkerId), differs.get("lab-1" as WorkerId)];
    assert.ok(a && b && a.shift < 0 && b.shift > 0);
    assert.deepEqual([a.only, b.only], ["lab-1", "lab-0"]);
  });
});

test("no machine is said to differ where nothing can be compared", () => {
  const run = (worker: string, set: number, hpmax: number): EndedRun => ({
    worker: worker as WorkerId,
    job: "job1" as JobName,
    set,
    hpmax,
    pace: 1,
  });
  const apart = Array.from({ length: 200 }, (_, i) => run(`lab-${i % 2}`, i, i % 2));
  assert.equal(differing(apart).size, 0, "each configuration once");
  const same = Array.from({ length: 200 }, (_, i) => run(`lab-${i % 2}`, i % 10, 1));
  assert.equal(differing(same).size, 0, "all results are the same");
  assert.equal(differing([]).size, 0);
});

test("the tails of the normal distribution are right to six digits", () => {
  for (const [z, p] of [
    [0, 1],
    [1, 0.3173105079],
    [1.959963985, 0.05],
    [3, 0.0026997961],
    [5, 5.7330314e-7],
    [8, 1.244192115e-15],
  ] as const)
    assert.ok(Math.abs(outside(z) / p - 1) < 1e-6, `${z}: ${outside(z)}`);
});
