import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { JobStory } from "../../../../support/stories/job-story.ts";
import { ToldWhys } from "../../../../support/stories/told-whys.ts";

/** A job with room, and node-1, which holds no run. */
function idle(settings: Partial<JobSettings> = {}, said: Parameters<ToldWhys["joins"]>[1] = {}) {
  const told = new ToldWhys();
  const story = new JobStory({ number: 1, settings });
  told.hear(story);
  told.joins("node-1", said);
  return { told, story };
}

describe("why a worker is busy", () => {
  test("nexus why names a busy worker's runs, and why its other slots are free", () => {
    const { told, story } = idle({ totalRuns: 2 });
    story.started("run1.1", []);
    told.hear(story);
    assert.match(
      told.worker("node-1"),
      /^busy \| run1\.1 of job1, 1 of 2 slots; 1 slot is free: job1 has runs for it \| /,
    );
    story.started("run1.2", []);
    told.hear(story);
    assert.equal(told.worker("node-1"), "busy | run1.1, run1.2 of job1, 2 of 2 slots | nothing: it runs");
  });

  test("nexus why says which of a busy worker's runs an operator has paused", () => {
    const { told, story } = idle({ totalRuns: 1 });
    const n = story.started("run1.1", []);
    told.hear(story);
    told.pauses(story.job, n);
    assert.match(told.worker("node-1"), /^busy \| run1\.1 of job1, paused by an operator, 1 of 2 slots/);
  });
});

test("nexus why names a worker that holds many runs, none of which gets anywhere, and has ended none", () => {
  const { told, story } = idle({ totalRuns: 20 }, { slots: 4096 });
  const ns = Array.from({ length: 9 }, (_, i) => story.started(`run1.${i + 1}`, []));
  told.hear(story);
  const leases = (iters: number) => ns.map((n) => ({ job: story.job, n, attempt: 1, leftMs: 9000, iters }));
  told.leases = leases(0);
  assert.doesNotMatch(told.worker("node-1"), /has never ended a run/);
  told.seconds = 3600;
  assert.match(
    told.worker("node-1"),
    /it has never ended a run, none of its 9 has got anywhere, and it holds 9 of them for more than 30m.* \| nothing, if its runs report only at their end; otherwise: nexus bench node-1$/,
  );
  assert.deepEqual(
    told.whys.standing().flatMap(({ name, weight }) => (name === "node-1" ? [weight] : [])),
    ["sick"],
  );
  // One that works, or has ended a run, is not named; nor is one of which no leader says anything.
  told.leases = [...leases(0).slice(1), ...leases(7).slice(0, 1)];
  assert.match(told.worker("node-1"), / \| nothing: it runs$/);
  told.leases = [];
  assert.match(told.worker("node-1"), / \| nothing: it runs$/);
  told.leases = leases(0);
  story.completed(1, "run1.1", 1);
  told.hear(story);
  assert.match(told.worker("node-1"), / \| nothing: it runs$/);
});

test("nexus why says of workers and jobs with runs, and no others, that reports wait for room", () => {
  const { told, story } = idle({ totalRuns: 2 });
  told.joins("node-2");
  const held = /; reports and checkpoints wait until the store has room \(nexus delete JOB, nexus purge worker NAME\)/;
  told.onlyResults = true;
  assert.doesNotMatch(told.job(), held);
  story.started("run1.1", []);
  told.hear(story);
  assert.match(told.worker("node-1"), held);
  assert.doesNotMatch(told.worker("node-2"), held);
  assert.match(told.job(), held);
  for (const none of [false, undefined]) {
    told.onlyResults = none;
    assert.doesNotMatch(told.worker("node-1") + told.job(), held);
  }
});

describe("why a worker is idle", () => {
  test("nexus why says that a worker is idle because no job is open", () => {
    const told = new ToldWhys();
    told.joins("node-1");
    assert.equal(told.worker("node-1"), "idle | no job is open | to start one: nexus run spec.yaml");
  });

  for (const [what, settings, said, expected] of [
    [
      "it serves other pools",
      { computeTarget: "gpu" },
      { targets: ["cpu"] },
      'job1 is for the target "gpu", and node-1 serves cpu | start node-1 with --target cpu,gpu',
    ],
    [
      "it is opportunistic",
      { lowPriority: false },
      { opportunistic: true },
      "job1 has low_priority: false, and node-1 is opportunistic | start node-1 without --opportunistic",
    ],
    [
      "the job's own search is thinking",
      { hpTuning: "own" },
      { refusal: "job1 waits for its own search, which has been choosing for 4 s" },
      "job1 waits for its own search, which has been choosing for 4 s | ",
    ],
    [
      "the leader does not answer its claims",
      {},
      { refusal: "node-1 has started 5 times within a short while; it may start 6 times a minute" },
      "node-1 has started 5 times within a short while; it may start 6 times a minute | ",
    ],
  ] as const) {
    test(`nexus why says that a worker is idle because ${what}`, () => {
      assert.equal(idle(settings, said).told.worker("node-1"), `idle | ${expected}`);
    });
  }

  test("nexus why says that an idle worker takes no programs (--no-code), and the job brings one", () => {
    const { told } = idle({}, { noCode: true });
    const table = told.table();
    table.submitted = { ...table.submitted, code: { sha256: "", files: 1, zipped: new Uint8Array(0) } };
    assert.equal(
      told.worker("node-1"),
      "idle | job1 brings code of its own, and node-1 takes none (--no-code) | start node-1 without --no-code",
    );
  });

  test("nexus why says that a worker is idle because the job is paused, or has started all its runs", () => {
    const { told, story } = idle({ totalRuns: 1, computeNodes: 1 });
    told.joins("node-2");
    story.started("run1.1", []);
    told.hear(story);
    assert.equal(
      told.worker("node-2"),
      "idle | job1 runs on its 1 node already (compute_nodes) | to change it: nexus edit job1 --compute-nodes 2",
    );
    const free = idle({ totalRuns: 1 });
    free.told.joins("node-2");
    free.story.started("run1.1", []);
    free.told.hear(free.story);
    assert.equal(
      free.told.worker("node-2"),
      "idle | job1 has started all its 1 runs, 1 still open | it gets runs of the next job",
    );
    const stood = idle();
    stood.story.over("paused", "paused by ann");
    stood.told.hear(stood.story);
    assert.equal(stood.told.worker("node-1"), "idle | job1 is paused: paused by ann | to change it: nexus resume job1");
    const worded = { rule: "its search ended; it said: no", detail: "see its log" };
    const pause = { type: "job-state", state: "paused", reason: "its search ended", told: worded } as const;
    stood.told.tell({ ...pause, job: stood.story.job, by: "coordinator", op: "", at: stood.told.wall });
    assert.match(stood.told.worker("node-1"), /^idle \| job1 is paused: its search ended; it said: no \| /);
  });

  test("nexus why says that a worker's free slots are too few for a run (cores_per_run)", () => {
    const { told, story } = idle({ coresPerRun: 2 }, { slots: 3 });
    story.started("run1.1", []);
    told.hear(story);
    assert.match(
      told.worker("node-1"),
      /^busy \| run1\.1 of job1, 2 of 3 slots; 1 slot is free: node-1 has 3 slots, of which 2 are taken, and a run of job1 takes 2 \(cores_per_run\) \| /,
    );
  });

  test("nexus why says that a worker is idle because nobody leads", () => {
    const { told } = idle();
    told.hasLeader = false;
    assert.equal(told.worker("node-1"), "idle | no coordinator gives out runs | to change it: nexus-coord");
  });
});

describe("why a worker does not work", () => {
  test("nexus why says that a worker's owner is there: what is frozen, and until when", () => {
    const lending = {
      lending: "frozen",
      lendingWhy: "somebody types at pts/3",
      lendingUntil: "after 5 min without a sign of use",
      lendingMs: 4000,
    } as const;
    const { told, story } = idle({}, lending);
    assert.equal(
      told.worker("node-1"),
      "owner active | somebody types at pts/3 | lends again after 5 min without a sign of use",
    );
    story.started("run1.1", []);
    told.hear(story);
    assert.equal(
      told.worker("node-1"),
      "owner active | somebody types at pts/3; run1.1 is frozen until then | lends again after 5 min without a sign of use",
    );
    told.joins("node-1", { lending: "closed", lendingWhy: "outside of 19:00-07:00", lendingUntil: "", lendingMs: 0 });
    assert.match(
      told.worker("node-1"),
      /^not lending \| outside of 19:00-07:00; it holds run1\.1 \| lends again when its owner lets it$/,
    );
  });

  test("nexus why says who ordered a worker not to work, why, and how it is undone", () => {
    for (const state of ["paused", "draining", "stopped"] as const) {
      const { told } = idle();
      told.orders("node-1", state, `${state} by ann`);
      assert.equal(told.worker("node-1"), `${state} | ${state} by ann | to change it: nexus resume node-1`);
      assert.equal(told.whys.worker(told.joins("node-1")).since, told.wall - 10_000);
    }
    const { told } = idle();
    told.orders("node-1", "benched", "its last 3 runs failed while others succeed", "coordinator");
    assert.equal(
      told.worker("node-1"),
      "benched | its last 3 runs failed while others succeed (by the coordinator) | to change it: nexus admit node-1",
    );
    told.orders("node-1", "benched", "it sent 5000 messages", "coordinator", true);
    assert.match(told.worker("node-1"), /; the broker refuses its key \| to change it: nexus admit node-1$/);
    told.orders("node-1", "benched", "cannot be trusted");
    assert.match(told.worker("node-1"), /^benched \| cannot be trusted \(by ann\) \| /);
    told.orders("node-1", "revoked", "not ours");
    assert.equal(
      told.worker("node-1"),
      "revoked | not ours (by ann); its key opens nothing any more | its machine may join again under this name once it is forgotten: nexus workers forget node-1",
    );
  });

  test("nexus why says that a worker is lost with runs, or away", () => {
    const { told, story } = idle({}, { silentMs: 45_000 });
    assert.match(
      told.worker("node-1"),
      /^away \| not connected \| it resumes as soon as it reconnects; .*start it on node-1-host: nexus-worker$/,
    );
    story.started("run1.1", []);
    told.hear(story);
    assert.match(
      told.worker("node-1"),
      /^lost \| silent, though it holds runs; it holds run1\.1 \| its runs go to others when/,
    );
    told.seconds = 20;
    story.lost(1, "run1.1", "no sign of life from node-1 for 30 s");
    told.hear(story);
    assert.match(told.worker("node-1"), /^lost \| no sign of life from node-1 for 30 s \| /);
  });

  test("nexus why names a worker's other version and wrong clock, whatever it does", () => {
    const { told } = idle({}, { version: "0.9", skewMs: 600_000 });
    assert.match(told.worker("node-1"), /^idle \| .*; its version is 0\.9, here is 1; its clock is 10m00s ahead \| /);
  });
});
