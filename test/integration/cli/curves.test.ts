import assert from "node:assert/strict";
import { test } from "node:test";
import { readCurves, readEvidence } from "../../../coordinator/reading/evidence-reader.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { encodeEvidence, type ReportRow } from "../../../shared/wire/messages.ts";
import { evidence, evidenceOfTrial, streams } from "../../../shared/wire/subjects.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { atEnd } from "../../support/cleanup.ts";
import { metricOf } from "../../support/metric-of.ts";
import { eventually } from "../../support/patience.ts";
import { JobStory, stateOf, workerOf } from "../../support/stories/job-story.ts";

/** Two jobs; run i of each has reported i at 10 iterations and 2 i at 20. */
test("the curves of some runs, of many runs and of two jobs are read from the evidence", async () => {
  const server = await startNatsServer();
  const bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
  atEnd(() => bus.close());
  await ensureStreams(bus, null, 1);
  const stories = [1, 2].map((number) => new JobStory({ number, firstParent: number, parents: 1 }));
  const runsEach = 60;
  for (const [j, story] of stories.entries()) {
    for (let i = 1; i <= runsEach; i += 1) {
      const run = `run${j + 1}.${i}`;
      const n = story.started(run, []);
      const rows: ReportRow[] = [
        [1, 10, 0.1, [i], [1]],
        [1, 20, 0.2, [2 * i], [1]],
      ];
      const metrics = { "s1-hrs": 0.2, "s1-rew": 2 * i };
      const body = { attempt: 1, reports: rows, hpmax: i, iters: 20, metrics, console: `this was ${run}\n` };
      const subject = evidence(workerOf(run), story.job, n, "result");
      await bus.store(subject, encodeEvidence(body), { msgId: `${story.job}.${n}` });
    }
  }
  const state = stateOf(...stories);
  const chosen = (job: number, n: number) => {
    const table = state.jobs.get(stories[job - 1]?.job ?? ("" as never));
    const trial = table?.trial(n);
    if (!table || !trial) throw new Error(`the story has no trial ${n}`);
    return { table, trial };
  };
  // Curves come in the order asked for, from two jobs.
  const some = await readCurves(bus, [chosen(2, 7), chosen(1, 3)]);
  assert.deepEqual(
    some.map((curve) => [curve.run, metricOf(curve, "s1-rew")?.metric.values]),
    [
      ["run2.7", [7, 14]],
      ["run1.3", [3, 6]],
    ],
  );
  const all = await readEvidence(
    bus,
    Array.from({ length: runsEach }, (_, i) => chosen(1, i + 1)),
  );
  assert.equal(all.length, runsEach);
  all.forEach(({ curve, console }, i) => {
    assert.deepEqual(metricOf(curve, "s1-rew")?.metric.values, [i + 1, 2 * (i + 1)]);
    assert.equal(console, `this was run1.${i + 1}\n`);
  });
  assert.deepEqual(await readCurves(bus, []), []);

  // The broker filters: only one trial's messages arrive, later ones included.
  const heard: string[] = [];
  const subjects = [evidenceOfTrial(stories[0]?.job ?? ("" as never), 5)];
  const reading = await bus.read(streams.evidence, 1, ({ subject }) => heard.push(subject), subjects);
  await reading.caughtUp;
  assert.deepEqual(heard, ["ev.node-1.job1.5.result"]);
  const report = encodeEvidence({ attempt: 1, reports: [] });
  await bus.store("ev.node-1.job1.6.report", report, { msgId: "more-1" });
  await bus.store("ev.node-1.job1.5.report", report, { msgId: "more-2" });
  await eventually("the later message is heard", () => heard.length === 2);
  assert.equal(heard[1], "ev.node-1.job1.5.report");
  await reading.stop();
});
