import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobName, jobName, type WorkerId } from "../../../../../shared/domain/names.ts";
import { readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import type { Bus } from "../../../../../shared/ports.ts";
import { Ending } from "../../../../../shared/time/ending.ts";
import { decodeAsk, encodeAnswer } from "../../../../../shared/wire/messages.ts";
import { CoordinatorLink } from "../../../../../worker/node/coordinator-link.ts";
import { KnownJobs } from "../../../../../worker/node/job/known-job.ts";
import { WhatRuns } from "../../../../../worker/node/told/what-runs.ts";
import { SimProcess } from "../../../../simulate/sim-process.ts";
import { silentLog } from "../../../../simulate/simulation.ts";
import { Timeline } from "../../../../simulate/timeline.ts";
import { specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

/** Jobs as a worker learns of them, and the names that it has asked for. */
function learned() {
  const asked: JobName[] = [];
  const bus: Partial<Bus> = {
    request: async (_subject, data) => {
      const ask = decodeAsk(data);
      assert.ok(ask.kind === "job");
      asked.push(ask.job);
      const carried = { file: `${ask.job}.yaml`, text: specText([]), sources: {}, commandLine: {} };
      return encodeAnswer({ kind: "job", term: 1, job: ask.job, ...carried, code: null, over: false });
    },
  };
  const { clock, chance } = new SimProcess(new Timeline(), "worker", "seed");
  const ports = { bus: bus as Bus, clock, chance, log: silentLog };
  const link = new CoordinatorLink(ports, "w1" as WorkerId, () => undefined);
  const read = () => readSpec({ file: "a.yaml", text: specText([]), defaults: testDefaults() });
  return { asked, jobs: new KnownJobs({ readSpec: read }, link, new Ending()) };
}

test("a worker's jobs are asked for once, and forgotten when 64 others came later", async () => {
  const { asked, jobs } = learned();
  for (let i = 1; i <= 64; i += 1) {
    await jobs.get(jobName(i));
    await jobs.get(jobName(1));
  }
  assert.equal(asked.length, 64);
  await jobs.get(jobName(65));
  await jobs.get(jobName(1));
  assert.equal(asked.length, 65);
  await jobs.get(jobName(2));
  assert.deepEqual(asked.slice(64), [jobName(65), jobName(2)]);
});

test("a worker's jobs whose runs have all ended are not kept for what its owner is told", async () => {
  const { jobs } = learned();
  const [one, two] = [await jobs.get(jobName(1)), await jobs.get(jobName(2))];
  assert.ok(one && two);
  const [what, job] = [new WhatRuns(), jobName(9)];
  what.started(job, one, { settings: [] });
  assert.deepEqual([what.inHand([job, job])[0]?.what, what.inHand([job])[0]?.what], ["job1.yaml", "job1.yaml"]);
  assert.deepEqual(what.inHand([]), []);
  what.started(job, two, { settings: [] });
  assert.equal(what.inHand([job])[0]?.what, "job2.yaml");
});
