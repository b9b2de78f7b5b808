import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOf } from "../../../../../coordinator/leader/status.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { inUse, obstacle, openJobs } from "../../../../../shared/domain/fitting.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { type Claim, decodeAsk, decodeStatus, encodeAsk, encodeStatus } from "../../../../../shared/wire/messages.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";

const lab = "lab-1" as WorkerId;
let claims = 0;
/** What the leader answers to a claim, as it travels: "job1/2", or why there is nothing. */
async function ask(swarm: TestReign, more: Partial<Claim>, worker = lab): Promise<string> {
  claims += 1;
  const sent = decodeAsk(encodeAsk(claim(`claim-${claims}`, `boot-${worker}`, { slots: 8, ...more })));
  assert.ok(sent.kind === "claim");
  const answer = await answerClaim(swarm.reign, worker, sent);
  if (answer?.kind === "assigned") return `${answer.job}/${answer.n}`;
  return answer && "reason" in answer ? answer.reason : "";
}

test("a GPU job goes only to workers with free GPUs, one run a GPU, whatever claims are on their way", async () => {
  const swarm = new TestReign();
  swarm.submit({ totalRuns: 10, gpusPerRun: 1 });
  const plain = "plain" as WorkerId;
  assert.equal(await ask(swarm, {}, plain), "a run of job1 takes 1 GPU (gpus_per_run), and plain lends none");
  // Four slots ask at once: each claim says that all GPUs are free.
  const free = { gpus: 2, gpusFree: [1, 1] };
  assert.equal(await ask(swarm, free), "job1/1");
  assert.equal(await ask(swarm, free), "job1/2");
  assert.equal(await ask(swarm, free), "a run of job1 takes 1 GPU (gpus_per_run), and lab-1 has none free: it lends 2");
  // A worker whose GPUs are used by something that the journal does not know.
  assert.match(await ask(swarm, { gpus: 2, gpusFree: [0, 0] }, "lab-2" as WorkerId), /has none free/);
});

test("runs that share a GPU fill it, and a job without GPUs takes only slots", async () => {
  const swarm = new TestReign();
  swarm.submit({ totalRuns: 10, gpusPerRun: 1, runsPerGpu: 2 });
  const one = { gpus: 1, gpusFree: [1] };
  assert.equal(await ask(swarm, one), "job1/1");
  assert.equal(await ask(swarm, { gpus: 1, gpusFree: [0.5] }), "job1/2");
  assert.equal(
    await ask(swarm, { gpus: 1, gpusFree: [0.5] }),
    "a run of job1 takes 1/2 of a GPU (gpus_per_run), and lab-1 has none free: it lends 1",
  );
  const cpu = swarm.submit({ totalRuns: 10 });
  assert.equal(await ask(swarm, { gpus: 1, gpusFree: [0] }), `${cpu}/1`);
});

test("two halves of different GPUs are no whole one, which only the worker knows", async () => {
  const swarm = new TestReign();
  const job = swarm.submit({ totalRuns: 10, gpusPerRun: 1 });
  assert.match(await ask(swarm, { gpus: 2, gpusFree: [0.5, 0.5] }), /none free/);
  const table = swarm.reign.state.jobs.get(job as JobName);
  assert.ok(table);
  const presence = { targets: [], opportunistic: false, slots: 4, noCode: false, gpus: 2 };
  assert.equal(
    obstacle(table, lab, presence, inUse(openJobs(swarm.reign.state), lab)),
    null,
    "as far as the journal knows",
  );
});

test("the status says how many GPUs a worker lends; a claim of an earlier version says none", async () => {
  const swarm = new TestReign();
  swarm.submit({ totalRuns: 10 });
  await ask(swarm, { gpus: 2, gpusFree: [1, 1] });
  await ask(swarm, {}, "old" as WorkerId);
  const { workers } = decodeStatus(encodeStatus(statusOf(swarm.reign)));
  assert.deepEqual(
    workers.map(({ worker, gpus }) => [worker, gpus]),
    [
      ["lab-1", 2],
      ["old", null],
    ],
  );
});
