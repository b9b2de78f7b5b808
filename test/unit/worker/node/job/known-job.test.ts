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

/** Jobs as a worker learns of them, the names that it has asked for, and the reign that answers. */
function learned() {
  const asked: JobName[] = [];
  const reign = { term: 1, file: "" };
  const bus: Partial<Bus> = {
    request: async (_subject, data) => {
      const ask = decodeAsk(data);
      assert.ok(ask.kind === "job");
      asked.push(ask.job);
      const { term } = reign;
      const file = reign.file || (term === 1 ? `${ask.job}.yaml` : `${ask.job} of reign ${term}.yaml`);
      const carried = { file, text: specText([]), sources: {}, commandLine: {} };
      return encodeAnswer({ kind: "job", term, job: ask.job, ...carried, code: null, over: false });
    },
  };
  const { clock, chance } = new SimProcess(new Timeline(), "worker", "seed");
  const ports = { bus: bus as Bus, clock, chance, log: silentLog };
  const link = new CoordinatorLink(ports, "w1" as WorkerId, () => undefined);
  const read = () => readSpec({ file: "a.yaml", text: specText([]), defaults: testDefaults() });
  return { asked, reign, jobs: new KnownJobs({ readSpec: read }, link, new Ending()) };
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

test("a worker's jobs are asked for again in a later reign: after a restore a name may be another's", async () => {
  const { asked, jobs, reign } = learned();
  const [one, two, three] = [jobName(1), jobName(2), jobName(3)];
  await Promise.all([jobs.get(one), jobs.get(two)]);
  assert.equal((await jobs.get(one))?.text.file, "job1.yaml");
  reign.term = 1001;
  await jobs.get(three);
  for (let i = 0; i < 2; i += 1) assert.equal((await jobs.get(one))?.text.file, "job1 of reign 1001.yaml");
  assert.deepEqual(asked, [one, two, three, one]);
});

test("a worker's job that a later reign describes in the same words is the same", async () => {
  const { asked, jobs, reign } = learned();
  reign.term = 2;
  const before = await jobs.get(jobName(1));
  reign.term = 3;
  reign.file = "job1 of reign 2.yaml";
  await jobs.get(jobName(2));
  assert.equal(await jobs.get(jobName(1)), before);
  assert.equal(asked.length, 3);
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
