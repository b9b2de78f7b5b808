import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyLines } from "../../../../../coordinator/words/why/why.ts";
import type { JobName } from "../../../../../shared/domain/names.ts";
import { JobStory } from "../../../../support/stories/job-story.ts";
import { ToldWhys } from "../../../../support/stories/told-whys.ts";

function submitted(...workers: readonly (readonly [string, Parameters<ToldWhys["joins"]>[1]?])[]) {
  const told = new ToldWhys();
  const story = new JobStory({ number: 1, settings: { totalRuns: 60 } });
  told.hear(story);
  for (const [name, said] of workers) told.joins(name, said);
  return { told, story };
}

const frozen = { lending: "frozen", lendingWhy: "somebody types", lendingUntil: "after 5 min", lendingMs: 1 } as const;

describe("why a job is as it is", () => {
  test("nexus why says that a job runs, or that all that it runs stands still", () => {
    const { told, story } = submitted(["node-1"], ["node-2"]);
    story.started("run1.1", []);
    const n = story.started("run2.1", []);
    told.hear(story);
    assert.equal(told.job(), "running | 2 runs on 2 workers, 0 of 60 ended | nothing: it runs");
    told.joins("node-1", frozen);
    assert.equal(
      told.job(),
      "running | 2 runs on 2 workers, 0 of 60 ended; frozen while the owners use them: node-1 | nothing: it runs",
    );
    told.pauses(story.job, n);
    assert.equal(
      told.job(),
      "running | all its runs in hand stand still: 2 runs on 2 workers, 0 of 60 ended; 1 paused by an operator; frozen while the owners use them: node-1 | they go on when the owners have gone: nexus resume run2.1",
    );
  });

  test("nexus why says that a job waits for workers: there are none, or none that may or can work", () => {
    const { told } = submitted();
    assert.equal(told.job(), "waiting | waiting for a worker: no worker has joined yet | to change it: nexus-worker -");
    const benched = submitted(["node-1"], ["node-2"]).told;
    for (const name of ["node-1", "node-2"]) benched.orders(name, "benched", "benched by ann");
    assert.equal(
      benched.job(),
      "waiting | waiting for a worker: node-1, node-2 are benched | to change it: nexus admit node-1 node-2 or nexus-worker -",
    );
    benched.hasLeader = false;
    assert.equal(benched.job(), "waiting | waiting for a coordinator that leads | to change it: nexus-coord");
    const owners = submitted(["node-1", frozen]).told;
    assert.equal(
      owners.job(),
      "waiting | waiting for a worker: node-1 does not lend now (somebody types), and lends again after 5 min | to change it: nexus-worker -",
    );
    const failed = submitted(["node-1", { unfit: [{ job: "job1" as JobName, why: "its setup failed: make" }] }]).told;
    assert.equal(
      failed.job(),
      "waiting | waiting for a worker that can run it; node-1: its setup failed: make | fix it on that machine (it retries within 10 minutes) or in the spec, or add another machine: nexus-worker -",
    );
    owners.joins("node-2", { ...frozen, lending: "closed" });
    assert.match(owners.job(), /: the owners of node-1, node-2 do not lend now \|/);
  });

  test("nexus why says that a person or a rule has paused a job, and how to search on", () => {
    const { told, story } = submitted(["node-1"]);
    story.started("run1.1", []);
    told.hear(story);
    const paused = { type: "job-state", job: story.job, state: "paused", at: told.wall - 8000 } as const;
    told.tell({ ...paused, reason: "paused by ann", by: "ann", op: "p" });
    assert.equal(told.job(), "paused | paused by ann; 1 run is in hand | to change it: nexus resume job1");
    assert.equal(told.whys.job(told.table()).since, told.wall - 8000);
    assert.equal(told.whys.job(told.table()).weight, "waits");
    const words = {
      rule: "5 runs in a row have failed (max_failures_in_a_row)",
      detail: "run1.5 was the last: it broke; to see why: nexus view console run1.5",
    };
    const reason = `${words.rule}; ${words.detail}; when fixed; type: nexus resume job1`;
    told.tell({ ...paused, reason, told: words, by: "coordinator", op: "" });
    assert.equal(
      told.job(),
      "paused | 5 runs in a row have failed (max_failures_in_a_row); run1.5 was the last: it broke; to see why: nexus view console run1.5; 1 run is in hand | to change it: nexus resume job1",
    );
    assert.equal(told.whys.job(told.table()).weight, "stuck");
  });

  test("nexus why says that a job is ending, or over and by which rule", () => {
    const { told, story } = submitted(["node-1"]);
    const says = (
      state: "draining" | "stopping" | "cancelling" | "held" | "completed" | "cancelled",
      reason: string,
    ): string => {
      told.tell({ type: "job-state", job: story.job, state, reason, by: "ann", op: state, at: told.wall });
      return told.job();
    };
    story.started("run1.1", []);
    told.hear(story);
    assert.equal(
      says("draining", "drained by ann"),
      "draining | drained by ann; 1 run is in hand | it pauses when they have ended; to search on: nexus resume job1",
    );
    assert.match(
      says("stopping", "stop_when is reached: hpmax >= 0.05"),
      /^stopping \| stop_when is reached: hpmax >= 0\.05 \(by ann\); 1 run is in hand \| it ends when they have ended/,
    );
    assert.match(says("stopping", "cannot be right"), /^stopping \| cannot be right \(by ann\); /);
    assert.match(says("cancelling", "cancelled by ann"), /\| it ends within seconds$/);
    assert.equal(
      says("held", "all 60 runs have ended"),
      "held | all 60 runs have ended; it holds its nodes (hold) | to change it: nexus release job1",
    );
    assert.equal(
      says("completed", "stop_when is reached: hpmax >= 0.05"),
      "completed | stop_when is reached: hpmax >= 0.05 | nothing: it is over; nexus import takes its results into another search; " +
        "to search on: nexus edit job1 --total-runs 10",
    );
    assert.equal(says("cancelled", "cancelled by ann"), "cancelled | cancelled by ann | nothing: it is over");
  });

  test("nexus why says that a job is over, and how many of its runs have failed", () => {
    const { told, story } = submitted(["node-1"]);
    story.completed(story.started("run1.1", []), "run1.1", 0.5);
    story.endedWithout(story.started("run1.2", []), "run1.2", "failed", "it broke");
    story.over("completed", "all 2 runs have ended");
    told.hear(story);
    assert.match(
      told.job(),
      /^completed \| all 2 runs have ended; 1 of 2 failed \(nexus list runs job1 --status error --columns run,reason\) \|/,
    );
  });
});

test("nexus why lists what stands still as it needs a person, without what runs or is over", () => {
  const { told, story } = submitted(["node-1"], ["node-2"], ["node-3", frozen], ["node-4"], ["node-5"]);
  story.started("run1.1", []);
  const second = story.started("run3.1", []);
  told.hear(story);
  const stuck = new JobStory({ number: 2, settings: { computeTarget: "gpu" }, firstParent: 9 });
  told.hear(stuck);
  for (const name of ["node-1", "node-2", "node-3", "node-4", "node-5"])
    told.joins(name, { targets: ["cpu"], ...(name === "node-3" ? frozen : {}) });
  told.orders("node-4", "revoked", "revoked by ann");
  told.orders("node-5", "benched", "benched by ann");
  assert.deepEqual(
    told.whys.standing().map(({ kind, name, weight }) => [weight, kind, name]),
    [
      ["stuck", "job", "job2"],
      ["sick", "worker", "node-5"],
      ["waits", "worker", "node-3"],
      ["waits", "run", told.table().trial(second)?.run],
      ["idle", "worker", "node-2"],
    ],
  );
  const [first, , third] = whyLines(told.whys.standing(), { wall: told.wall, flags: " --workspace lab" });
  assert.equal(
    first,
    "job2    waiting for a worker that serves gpu: node-1, node-2, node-3 and 2 more do not; to change it: nexus-worker --target gpu -",
  );
  assert.equal(
    third,
    "node-3  owner active for 0s: somebody types; run3.1 is frozen until then; lends again after 5 min",
  );
});
