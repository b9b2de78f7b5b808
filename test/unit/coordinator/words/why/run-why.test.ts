import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { JobStory } from "../../../../support/stories/job-story.ts";
import { ToldWhys } from "../../../../support/stories/told-whys.ts";

/** run1.1 of job1, which node-1 has just started. */
function started(settings: Partial<JobSettings> = {}, said: Parameters<ToldWhys["joins"]>[1] = {}) {
  const told = new ToldWhys();
  const story = new JobStory({ number: 1, settings });
  told.hear(story);
  told.joins("node-1", said);
  const n = story.started("run1.1", []);
  told.hear(story);
  return { told, story, n, says: () => told.run("run1.1") };
}

describe("why a run is where it is", () => {
  test("nexus why says of a run that runs where it is, how far, and when it last reported", () => {
    const { told, story, n, says } = started();
    assert.equal(says(), "running | on node-1 | nothing: it runs");
    told.leases = [{ job: story.job, n, attempt: 1, leftMs: 20_000, iters: 1200 }];
    told.reportedAt.set(told.trial("run1.1"), told.wall - 3000);
    assert.equal(says(), "running | on node-1, 1200 iterations, last report 3s ago | nothing: it runs");
  });

  test("nexus why says that a run is frozen while its worker's owner is there, and still counts as running", () => {
    const { says } = started(
      {},
      { lending: "frozen", lendingWhy: "somebody types", lendingUntil: "after 5 min", lendingMs: 1 },
    );
    assert.equal(
      says(),
      "running | frozen: the owner of node-1 uses it (somebody types); on node-1 | lends again after 5 min",
    );
  });

  test("nexus why says that a run's worker is silent, and when its lease ends", () => {
    const { told, story, n, says } = started({}, { silentMs: 31_000 });
    told.leases = [{ job: story.job, n, attempt: 1, leftMs: 4000, iters: 0 }];
    assert.equal(says(), "running | on node-1, which is silent | it goes to another worker when its lease ends in 4s");
  });

  test("nexus why says that a run's worker has missed two renewals, before it counts as lost", () => {
    const { told, says } = started({}, { silentMs: 22_000 });
    assert.equal(
      says(),
      "running | on node-1; node-1 was not heard from for 22s | it goes to another worker after 30s of silence",
    );
    assert.deepEqual(
      told.whys.standing().map(({ name, weight }) => [name, weight]),
      [
        ["node-1", "waits"],
        ["run1.1", "waits"],
      ],
    );
    assert.match(
      told.worker("node-1"),
      /^busy \| not heard from for 22s; run1\.1 of job1, .* \| its runs go to others after 30s of silence; it resumes as soon/,
    );
    assert.equal(started({}, { silentMs: 19_000 }).says(), "running | on node-1 | nothing: it runs");
  });

  test("nexus why says that an operator paused or stopped a run", () => {
    const { told, story, n, says } = started();
    told.pauses(story.job, n, told.wall - 5000);
    assert.equal(says(), "paused | paused by ann; frozen on node-1, in its slot | to change it: nexus resume run1.1");
    assert.equal(told.whys.run(told.table(), told.trial("run1.1")).since, told.wall - 5000);
    told.tell({
      type: "runs-ordered",
      job: story.job,
      trials: [n],
      order: "pruned",
      by: "ann",
      op: "q",
      at: told.wall,
    });
    assert.equal(says(), "running | stopped by ann | it ends within seconds");
  });

  test("nexus why says what a lost run waits for: a slot, a worker, or its job", () => {
    const { told, story, says } = started({ retries: 3 });
    story.started("run1.2", []);
    story.lost(1, "run1.1", "no sign of life from node-1 for 30 s");
    told.hear(story);
    const lost = "lost by node-1: no sign of life from node-1 for 30 s; attempt 2 comes next, 1 of 3 retries used";
    assert.equal(says(), `queued | ${lost} | it goes to the next free slot that fits`);
    story.completed(2, "run1.2", 1);
    told.hear(story);
    told.orders("node-1", "benched", "benched by ann");
    assert.equal(
      says(),
      `queued | ${lost}; waiting for a worker: node-1 is benched | to change it: nexus admit node-1 or nexus-worker -`,
    );
    story.over("paused", "paused by ann");
    told.hear(story);
    assert.equal(says(), `queued | ${lost}; job1 is paused | to change it: nexus resume job1`);
  });

  test("nexus why says that a run was handed back, and goes on from its checkpoint", () => {
    const { told, story, n, says } = started();
    const place = {
      worker: told.joins("node-1"),
      attempt: 1,
      stage: 1,
      iters: 500,
      blob: "b",
      key: new Uint8Array(32),
      size: 1,
      sha256: "",
      chunks: 1,
    };
    told.tell({ type: "checkpoint", job: story.job, n, ev: 1, at: told.wall, ...place });
    const reason = "its owner stopped the worker";
    told.tell({
      type: "lost",
      job: story.job,
      n,
      attempt: 1,
      worker: place.worker,
      outcome: "reclaimed",
      cause: "owner",
      charged: false,
      reason,
      ev: 2,
      at: told.wall,
    });
    assert.match(
      says(),
      /^queued \| handed back by node-1: its owner stopped the worker; attempt 2 comes next from iteration 500; waiting for/,
    );
  });

  test("nexus why says how a run has ended: by itself, by a rule or by somebody", () => {
    const ended = (settings: Partial<JobSettings>, tell: (story: JobStory, n: number) => void): string => {
      const { told, story, n, says } = started(settings);
      tell(story, n);
      told.hear(story);
      return says();
    };
    const over = "nothing: it has ended";
    assert.equal(
      ended({}, (story, n) => story.completed(n, "run1.1", 0.5)),
      `completed | hpmax 0.50000 after 100 iterations, on node-1 | ${over}`,
    );
    assert.equal(
      ended({}, (story, n) => story.completed(n, "run1.1", 0.5, 1)),
      `completed | hpmax 0.50000 after 1 iteration, on node-1 | ${over}`,
    );
    assert.equal(
      ended({}, (story, n) => story.endedWithout(n, "run1.1", "failed", "it broke")),
      `error | it broke (on node-1) | ${over}; what it printed: nexus view console run1.1`,
    );
    assert.match(
      ended({}, (story, n) => story.endedWithout(n, "run1.1", "timed out", "longer than 60 s")),
      /^timed out \| longer than 60 s/,
    );
    assert.equal(
      ended({ pruning: "median" }, (story, n) =>
        story.endedWithout(n, "run1.1", "pruned", "0.1 by then, the median is 0.3", "rule"),
      ),
      `pruned | by the rule pruning: median: 0.1 by then, the median is 0.3 | ${over}`,
    );
    assert.equal(
      ended({ pruning: "median" }, (story, n) =>
        story.endedWithout(n, "run1.1", "pruned", "halted by ann", "operator"),
      ),
      `pruned | halted by ann | ${over}`,
    );
    assert.equal(
      ended({ pruning: "median" }, (story, n) =>
        story.endedWithout(n, "run1.1", "pruned", "stopped by the median", "rule"),
      ),
      `pruned | by the rule pruning: median: stopped by the median | ${over}`,
    );
    assert.equal(
      ended({}, (story, n) => story.endedWithout(n, "run1.1", "cancelled", "cancelled by ann")),
      `cancelled | cancelled by ann | ${over}`,
    );
    assert.match(
      ended({ require: ["s1-loss <= 0.2"] }, (story, n) => story.completed(n, "run1.1", 0.5, 100, { "s1-loss": 0.5 })),
      /^infeasible \| .*s1-loss.*; hpmax 0\.50000/,
    );
    assert.equal(
      ended({}, (story, n) => {
        story.completed(n, "run1.1", 0.5);
        story.judged("rejected", [n]);
      }),
      "rejected | rejected by ann: forged | to change it: nexus accept run1.1",
    );
  });

  test("nexus why says what a parent run without runs waits for", () => {
    const told = new ToldWhys();
    told.hear(new JobStory({ number: 1, parents: 1, settings: { computeNodes: 1 } }));
    const table = told.table();
    const [parent] = table.parents;
    assert.ok(parent);
    const { state, why, change } = told.whys.parent(table, parent);
    assert.deepEqual(
      [state, why, change],
      ["allocating", "no worker has taken this part of job1 yet", "the next worker that joins takes it"],
    );
  });
});
