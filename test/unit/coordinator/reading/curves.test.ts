import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EvidenceCollector, namesInConsole, readEvidence } from "../../../../coordinator/reading/evidence-reader.ts";
import { oneRun } from "../../../../coordinator/runs/one-run.ts";
import { CurveBuilder, type CurvePoint } from "../../../../shared/domain/curve.ts";
import { type RunName, workerIdFrom } from "../../../../shared/domain/names.ts";
import type { Bus, StoredMessage } from "../../../../shared/ports.ts";
import { encodeEvidence, type ReportRow } from "../../../../shared/wire/messages.ts";
import { type EvidenceKind, evidence } from "../../../../shared/wire/subjects.ts";
import { metricOf } from "../../../support/metric-of.ts";
import { JobStory, stateOf, workerOf } from "../../../support/stories/job-story.ts";

const run = "run1.1" as RunName;
const point = (stage: number, iters: number, ...values: number[]): CurvePoint => [
  stage,
  iters,
  iters / 1000,
  values,
  values.map(() => 2),
];

describe("a curve", () => {
  test("a curve has its stages and reports in order, whatever arrived first", () => {
    const builder = new CurveBuilder(run);
    for (const each of [point(2, 10, 5), point(1, 20, 2, 7), point(1, 10, 1, 6)]) assert.ok(builder.add(each));
    const curve = builder.curve(["s1-hrs", "s1-rew", "s1-win", "s2-hrs", "s2-loss"]);
    assert.deepEqual(curve, {
      run,
      stages: [
        {
          stage: 1,
          iters: [10, 20],
          hours: [0.01, 0.02],
          metrics: [
            { name: "s1-rew", values: [1, 2], counts: [2, 2] },
            { name: "s1-win", values: [6, 7], counts: [2, 2] },
          ],
        },
        { stage: 2, iters: [10], hours: [0.01], metrics: [{ name: "s2-loss", values: [5], counts: [2] }] },
      ],
    });
    assert.deepEqual(metricOf(curve, "s1-win")?.metric.values, [6, 7]);
    assert.equal(metricOf(curve, "s1-los"), undefined);
  });

  test("metrics of a curve whose names are not known yet are numbered", () => {
    const builder = new CurveBuilder(run);
    builder.add(point(1, 10, 1, 2));
    const names = builder.curve(["s1-hrs", "s1-rew"]).stages[0]?.metrics.map(({ name }) => name);
    assert.deepEqual(names, ["s1-m1", "s1-m2"]);
  });

  const valuesOf = (builder: CurveBuilder): unknown =>
    builder.curve([]).stages.map(({ stage, iters, metrics }) => [stage, [...iters], [...(metrics[0]?.values ?? [])]]);
  const told = (...attempts: readonly (readonly [attempt: number, from: number, to: number])[]): CurveBuilder => {
    const builder = new CurveBuilder(run);
    for (const [attempt, from, to] of attempts)
      for (let at = from; at <= to; at += 1) builder.add(point(1, at, 100 * attempt + at), attempt);
    return builder;
  };
  const one = (...parts: readonly (readonly [attempt: number, from: number, to: number])[]): unknown => {
    const iters = parts.flatMap(([attempt, from, to]) =>
      Array.from({ length: to - from + 1 }, (_, i) => [from + i, 100 * attempt + from + i] as const),
    );
    return [[1, iters.map(([at]) => at), iters.map(([, value]) => value)]];
  };

  test("a curve is of one training, whichever attempts it took", () => {
    assert.deepEqual(valuesOf(told([1, 1, 15], [2, 11, 20])), one([1, 1, 10], [2, 11, 20]), "from a checkpoint");
    assert.deepEqual(valuesOf(told([2, 1, 4], [1, 1, 15])), one([2, 1, 4]), "afresh, and not as far yet");
    assert.deepEqual(
      valuesOf(told([1, 1, 5], [2, 6, 7], [3, 8, 9])),
      one([1, 1, 5], [2, 6, 7], [3, 8, 9]),
      "granted again",
    );
    const zombie = told([1, 1, 20], [2, 11, 13], [3, 18, 22]);
    assert.deepEqual(valuesOf(zombie), one([1, 1, 17], [3, 18, 22]), "from the checkpoint of an earlier holder");
    const finished = told([1, 1, 20], [2, 1, 5]);
    finished.endedBy(1);
    assert.deepEqual(valuesOf(finished), one([1, 1, 20]), "the result is the earlier holder's");
    const stages = told([1, 1, 20]);
    stages.add(point(2, 1, 7), 1);
    stages.add(point(1, 19, 8), 2);
    const early = Array.from({ length: 18 }, (_, i) => i + 1);
    const values = [...early.map((at) => 100 + at), 8];
    assert.deepEqual(valuesOf(stages), [[1, [...early, 19], values]], "in an earlier stage");
  });

  test("a curve keeps the first of several reports of the same iterations by one attempt", () => {
    const reports = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 }), fc.double()));
    fc.assert(
      fc.property(reports, (all) => {
        const builder = new CurveBuilder(run);
        const first = new Map<string, number>();
        for (const [stage, iters, value] of all) {
          const key = `${stage}/${iters}`;
          assert.equal(builder.add(point(stage, iters, value)), !first.has(key));
          if (!first.has(key)) first.set(key, value);
        }
        const { stages } = builder.curve([]);
        let points = 0;
        for (const { stage, iters, metrics } of stages) {
          assert.deepEqual(
            iters,
            [...new Set(iters)].sort((a, b) => a - b),
          );
          iters.forEach((at, i) => {
            points += 1;
            assert.ok(Object.is(metrics[0]?.values[i], first.get(`${stage}/${at}`)));
          });
        }
        assert.equal(points, first.size);
      }),
    );
  });
});

describe("evidence about a run", () => {
  const story = new JobStory({ number: 1 });
  const n = story.started("run1.1", []);
  story.lost(n, "run1.1", "no sign of life");
  story.startedAgain(n, 2, "run1.1", []);
  const table = stateOf(story).jobs.get(story.job);
  const trial = table?.trial(n);
  assert.ok(table && trial);

  let seq = 0;
  const message = (
    kind: EvidenceKind,
    body: Parameters<typeof encodeEvidence>[0],
    worker = workerOf("run1.1"),
  ): StoredMessage => {
    seq += 1;
    return { seq, subject: evidence(worker, story.job, n, kind), data: encodeEvidence(body), msgId: String(seq) };
  };
  const row = (iters: number, value: number): ReportRow => [1, iters, 0, [value], [1]];

  test("evidence of both attempts becomes one curve, with the result's names and console", () => {
    const collector = new EvidenceCollector(table, trial);
    assert.ok(collector.add(message("report", { attempt: 1, reports: [row(10, 1), row(20, 2)] })));
    assert.ok(!collector.add(message("report", { attempt: 1, reports: [row(10, 99)] })), "told twice");
    assert.ok(collector.add(message("report", { attempt: 2, reports: [row(20, 98)] })), "it went on from a checkpoint");
    assert.equal(collector.evidence().console, null);
    const metrics = { "s1-hrs": 1, "s1-rew": 3 };
    const result = { attempt: 2, reports: [row(30, 3)], hpmax: 3, iters: 30, metrics, console: "done\n" };
    assert.ok(collector.add(message("result", result)));
    const { curve, console } = collector.evidence();
    assert.equal(console, "done\n");
    assert.deepEqual(metricOf(curve, "s1-rew")?.metric.values, [1, 98, 3]);
  });

  test("metric names of a curve come from the console before there is a result", () => {
    const collector = new EvidenceCollector(table, trial);
    const lines = `Processing stage 1 of 2
RL_Proc:  Started
  0.002 hrs         1,000 iters      0.00200 rew      NaN win
  0.004 hrs         2,000 iters      0.00200 rew      0.11111 win SAVED
Processing stage 2 of 2
RL_Proc:  Started
  0.006 hrs            10 iters      -1.5 loss
`;
    const reports: ReportRow[] = [
      [1, 1000, 0.002, [0.002, Number.NaN], [1000, 0]],
      [2, 10, 0.006, [-1.5], [1]],
    ];
    collector.add(message("report", { attempt: 1, reports, lines }));
    const { curve, console } = collector.evidence();
    assert.deepEqual(
      curve.stages.map(({ metrics }) => metrics.map(({ name }) => name)),
      [["s1-rew", "s1-win"], ["s2-loss"]],
    );
    assert.equal(console, lines);
    assert.deepEqual(namesInConsole("no report here"), []);
  });

  test("evidence that came with checkpoints counts, and the console tells attempts apart", () => {
    const collector = new EvidenceCollector(table, trial);
    const state = {
      stage: 1,
      iters: 10,
      blob: "c1",
      key: new Uint8Array(32),
      size: 1,
      sha256: "0".repeat(64),
      chunks: 1,
    };
    collector.add(message("checkpoint", { attempt: 1, reports: [row(10, 1)], lines: "one\n", state }));
    collector.add(message("report", { attempt: 2, reports: [row(20, 2)], lines: "two\n" }));
    const { curve, console } = collector.evidence();
    assert.deepEqual(curve.stages[0]?.iters, [10, 20]);
    assert.equal(console, "--- attempt 1, node-1 ---\none\n--- attempt 2, node-1 ---\ntwo\n");
  });

  test("evidence that cannot be read, or of a worker that never held the attempt, is left out", () => {
    const collector = new EvidenceCollector(table, trial);
    assert.ok(!collector.add(message("report", { attempt: 1, reports: [row(10, 1)] }, workerIdFrom("stranger"))));
    assert.ok(!collector.add(message("report", { attempt: 3, reports: [row(10, 1)] })));
    assert.ok(!collector.add({ ...message("report", { attempt: 1, reports: [] }), data: new Uint8Array([1, 2, 3]) }));
    assert.equal(collector.refused, 3);
    assert.deepEqual(collector.evidence().curve.stages, []);
  });

  test("the console that comes with a last attempt's end follows those of earlier attempts", () => {
    const collector = new EvidenceCollector(table, trial);
    collector.add(message("report", { attempt: 1, reports: [row(10, 1)], lines: "one\n" }));
    const metrics = {};
    collector.add(message("result", { attempt: 2, reports: [], hpmax: 1, iters: 20, metrics, console: "two\n" }));
    assert.deepEqual(collector.said(), [
      { attempt: 1, text: "one\n" },
      { attempt: 2, text: "two\n" },
    ]);
    assert.equal(collector.console(), "--- attempt 1, node-1 ---\none\n--- attempt 2, node-1 ---\ntwo\n");
  });

  test("a result's console replaces that of an earlier failure", () => {
    const collector = new EvidenceCollector(table, trial);
    const failure = { attempt: 1, reports: [], outcome: "failed", reason: "it broke", console: "broke\n" } as const;
    collector.add(message("failed", failure));
    assert.equal(collector.evidence().console, "broke\n");
    collector.add(message("result", { attempt: 2, reports: [], hpmax: 1, iters: 1, metrics: {}, console: "fine\n" }));
    collector.add(message("failed", { ...failure, attempt: 2 }));
    assert.equal(collector.evidence().console, "fine\n");
  });

  test("a result without a number says nothing of a run that completed, or that has another holder", () => {
    const metrics = { "s1-hrs": 1, "s1-rew": 3 };
    const result = { reports: [], hpmax: 3, iters: 30, metrics, console: "done\n" };
    const diverged = message("result", { ...result, attempt: 1, hpmax: Number.NaN, metrics: {}, console: "NaN\n" });
    const curveOf = (of: typeof trial): unknown => {
      const collector = new EvidenceCollector(table, of);
      collector.add(message("report", { attempt: 1, reports: [row(10, 1), row(20, 2)] }));
      collector.add(diverged);
      collector.add(message("result", { ...result, attempt: 2, reports: [row(10, 5)] }));
      const { curve, console, files } = collector.evidence();
      return [metricOf(curve, "s1-rew")?.metric.values, console, files];
    };
    const elsewhere = trial.attempts.map((part, i) => ({ ...part, bootId: `boot${i}` }));
    assert.deepEqual(curveOf({ ...trial, attempts: elsewhere }), [[5], "done\n", null]);
    assert.deepEqual(curveOf({ ...trial, status: "completed", hpmax: 3 }), [[5], "done\n", null]);
  });

  test("a result without a number is the end of a run that failed by it", () => {
    const collector = new EvidenceCollector(table, trial);
    const metrics = { "s1-hrs": 1, "s1-rew": Number.NaN };
    const failed = { attempt: 2, reports: [row(10, 5)], hpmax: Number.NaN, iters: 10, metrics, console: "NaN\n" };
    collector.add(message("result", failed));
    const { curve, console } = collector.evidence();
    assert.deepEqual([metricOf(curve, "s1-rew")?.metric.values, console], [[5], "NaN\n"]);
  });

  test("how a run ended is not believed of a worker that was sent away from it; what it reported before is", () => {
    const forged = {
      attempt: 1,
      hpmax: 9,
      iters: 30,
      metrics: { "s1-hrs": 1, "s1-bad": 9 },
      console: "no\n",
      gpus: "x",
    };
    const [first, second] = trial.attempts;
    assert.ok(first && second);
    const of = { ...trial, attempts: [{ ...first, distrust: "sent away" } as const, second] };
    const collector = new EvidenceCollector(table, of);
    collector.add(message("report", { attempt: 1, reports: [row(10, 1), row(20, 2)] }));
    collector.add(message("result", { ...forged, reports: [row(30, 9)] }));
    const failure = { attempt: 1, reports: [], outcome: "failed", reason: "no", console: "no\n" } as const;
    collector.add(message("failed", failure));
    assert.equal(collector.evidence().console, null);
    assert.deepEqual(metricOf(collector.evidence().curve, "s1-m1")?.metric.values, [1, 2]);
    const metrics = { "s1-hrs": 1, "s1-rew": 3 };
    const own = { attempt: 2, reports: [row(20, 3)], hpmax: 3, iters: 30, metrics, console: "done\n" };
    collector.add(message("result", own));
    const { curve, console, gpus } = collector.evidence();
    assert.deepEqual([metricOf(curve, "s1-rew")?.metric.values, console, gpus], [[1, 3], "done\n", ""]);
  });

  test("a result that counted is the run's own, although its worker was sent away", () => {
    const [first, second] = trial.attempts;
    assert.ok(first && second);
    const attempts = [{ ...first, distrust: "sent away" } as const, second];
    const collector = new EvidenceCollector(table, { ...trial, attempts, status: "completed", hpmax: 3 });
    const result = { attempt: 1, reports: [row(10, 3)], iters: 10, metrics: { "s1-hrs": 1, "s1-rew": 3 } };
    assert.ok(
      !collector.add(message("result", { ...result, hpmax: 9, console: "no\n" })),
      "another of the same worker",
    );
    assert.ok(collector.add(message("result", { ...result, hpmax: 3, console: "done\n" })));
    const { curve, console } = collector.evidence();
    assert.deepEqual([metricOf(curve, "s1-rew")?.metric.values, console], [[3], "done\n"]);
  });

  test("console and GPUs of a failed run are of the failure that counts, whichever came first", () => {
    const end = { reports: [], outcome: "failed", reason: "it broke" } as const;
    const counted = message("failed", { ...end, attempt: 2, console: "bob\n", gpus: "b" });
    const passedOver = [
      message("failed", { ...end, attempt: 1, console: "alice\n", gpus: "a" }),
      message("result", { ...{ attempt: 1, reports: [], metrics: {}, iters: 1 }, hpmax: Number.NaN, console: "NaN\n" }),
    ];
    const attempts = trial.attempts.map((part, i) => ({ ...part, bootId: `boot${i}` }));
    for (const messages of [
      [counted, ...passedOver],
      [...passedOver, counted],
    ]) {
      const collector = new EvidenceCollector(table, { ...trial, attempts, status: "failed" });
      for (const each of messages) collector.add(each);
      const { console, gpus } = collector.evidence();
      assert.deepEqual([console, gpus], ["bob\n", "b"]);
    }
  });

  const elsewhere = trial.attempts.map((part, i) => ({ ...part, bootId: `boot${i}` }));

  test("a late result of an earlier holder shows nothing of a run that has ended", () => {
    const late = {
      attempt: 1,
      reports: [],
      hpmax: 9,
      iters: 30,
      metrics: { "s1-bad": 9 },
      console: "late\n",
      gpus: "x",
    };
    for (const status of ["pruned", "failed", "timed out"] as const) {
      const collector = new EvidenceCollector(table, { ...trial, attempts: elsewhere, status });
      collector.add(message("report", { attempt: 2, reports: [row(10, 1)] }));
      collector.add(message("result", late));
      const { curve, console, gpus } = collector.evidence();
      assert.deepEqual([curve.stages[0]?.metrics[0]?.values, console, gpus], [[1], null, ""], status);
    }
    const collector = new EvidenceCollector(table, { ...trial, attempts: elsewhere, status: "completed", hpmax: 3 });
    collector.add(message("result", late));
    const own = { attempt: 2, reports: [], hpmax: 3, iters: 30, metrics: { "s1-rew": 3 }, console: "done\n" };
    collector.add(message("result", own));
    assert.equal(collector.evidence().console, "done\n");
  });

  test("the first result of any holder is shown while the run is open, and that which counted afterwards", () => {
    const result = { attempt: 1, reports: [], hpmax: 9, iters: 30, metrics: {}, console: "done\n" };
    const counted = { status: "completed", hpmax: 9, resultBy: workerOf("run1.1") } as const;
    for (const fate of [{}, counted]) {
      const collector = new EvidenceCollector(table, { ...trial, attempts: elsewhere, ...fate });
      collector.add(message("result", result));
      assert.equal(collector.evidence().console, "done\n");
    }
  });

  test("a hand-back's console is shown unless the run's failure is known, or its worker was sent away", () => {
    const [first, second] = elsewhere;
    assert.ok(first && second);
    const handback = (attempt: number) =>
      message("released", { attempt, fault: "owner", reason: "told to", console: `back ${attempt}\n` });
    const failure = { attempt: 2, reports: [], outcome: "failed", reason: "it broke", console: "broke\n" } as const;
    const shown = (attempts: typeof trial.attempts, ...told: StoredMessage[]): unknown => {
      const collector = new EvidenceCollector(table, { ...trial, attempts });
      for (const each of told) collector.add(each);
      return [collector.evidence().console, collector.refused];
    };
    assert.deepEqual(shown(elsewhere, message("failed", failure), handback(1)), ["broke\n", 0]);
    const sentAway = [{ ...first, distrust: "sent away" } as const, second];
    assert.deepEqual(shown(sentAway, handback(1)), [null, 1]);
    assert.deepEqual(shown(elsewhere, handback(1)), ["back 1\n", 0]);
    assert.deepEqual(shown(elsewhere, handback(1), handback(2)), ["back 2\n", 0]);
    const third = { ...second, attempt: 3, bootId: "boot3" };
    assert.deepEqual(shown([first, second, third], handback(1), handback(2)), ["back 2\n", 0], "a third has the run");
  });

  test("evidence is found for a run that a word names after it has completed", async () => {
    const ended = new JobStory({ number: 2 });
    const place = ended.started("run2.1", []);
    ended.completed(place, "run2.1", 3);
    const result = { attempt: 1, reports: [row(10, 3)], hpmax: 3, iters: 10, metrics: { "s1-rew": 3 }, console: "" };
    const subject = evidence(workerOf("run2.1"), ended.job, place, "result");
    const stored: StoredMessage = { seq: 1, subject, data: encodeEvidence(result), msgId: "1" };
    const bus = {
      read: (_stream: string, _from: number, handler: (message: StoredMessage) => void) => {
        handler(stored);
        return Promise.resolve({ caughtUp: Promise.resolve(), stop: () => Promise.resolve() });
      },
    };
    const named = oneRun("run2.1", stateOf(ended), "ws1");
    const [found] = await readEvidence(bus as unknown as Bus, [named]); // it only reads
    assert.deepEqual(found?.curve.stages[0]?.iters, [10]);
  });
});
