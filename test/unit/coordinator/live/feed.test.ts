import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Feed } from "../../../../coordinator/live/feed.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import type { Bus, StoredMessage } from "../../../../shared/ports.ts";
import { encodeEvents, encodeEvidence, type ReportRow } from "../../../../shared/wire/messages.ts";
import { type EvidenceKind, evidence, streams } from "../../../../shared/wire/subjects.ts";
import { JobStory, workerOf } from "../../../support/stories/job-story.ts";
import { searchOf } from "../../../support/stories/shown-story.ts";

const story = new JobStory({ number: 1 });
const n = story.started("run1.1", []);
const holder = workerOf("run1.1");
const state = {
  stage: 1,
  iters: 20,
  blob: "state-1",
  key: new Uint8Array(32),
  size: 1,
  sha256: "0".repeat(64),
  chunks: 1,
};
const row = (iters: number, value: number): ReportRow => [1, iters, iters / 3600, [value], [1]];

type Told = readonly [kind: EvidenceKind, body: Parameters<typeof encodeEvidence>[0], worker?: WorkerId, n?: number];

/** A broker that holds a story's journal and these messages of the evidence; the last records come after them. */
function busWith(told: readonly Told[], of = story, late = 0): Bus {
  const stored: Readonly<Record<string, readonly StoredMessage[]>> = {
    [streams.journal]: of.events.map((event, i) => ({
      seq: i + 1,
      subject: "jrn",
      data: encodeEvents([event]),
      msgId: `1.x.${i}`,
    })),
    [streams.evidence]: told.map(([kind, body, worker = holder, trial = n], i) => ({
      seq: i + 1,
      subject: evidence(worker, story.job, trial, kind),
      data: encodeEvidence(body),
      msgId: `${i}`,
    })),
  };
  const known = of.events.length - late;
  let hear: (message: StoredMessage) => void = () => undefined;
  const bus: Partial<Bus> = {
    lastSeq: async (stream) => (stream === streams.journal ? known : (stored[stream]?.length ?? 0)),
    read: async (stream, from, handler) => {
      const all = stored[stream] ?? [];
      const isJournal = stream === streams.journal;
      if (isJournal) hear = handler;
      for (const message of isJournal ? all.slice(0, known) : all) if (message.seq >= from) handler(message);
      if (!isJournal) for (const message of stored[streams.journal]?.slice(known) ?? []) hear(message);
      return { caughtUp: Promise.resolve(), stop: async () => undefined };
    },
    subscribe: () => () => undefined,
    isConnected: () => true,
  };
  return bus as Bus; // all of it that a feed asks for before its first look
}

/** What a screen has drawn of the run once it has caught up. */
async function drawn(told: readonly Told[], of = story, late = 0): Promise<[x: number, y: number][]> {
  const search = searchOf(of);
  const wanted = () => ({ trials: [], hasConsole: false });
  const feed = new Feed(search, { bus: busWith(told, of, late), now: () => 0, changed: () => undefined, wanted });
  await feed.start((error) => assert.fail(error));
  await feed.stop();
  return (search.curves.of(n)?.points("iters") ?? []).map(({ x, y }) => [x, y]);
}

/** The run is lost, and another worker has it. */
function passedOn(worker: WorkerId): JobStory {
  const other = new JobStory({ number: 1 });
  other.started("run1.1", []);
  other.lost(n, "run1.1", "no sign of life");
  other.startedAgain(n, 2, "run1.1", []);
  const last = other.events.pop();
  assert.ok(last?.type === "assigned");
  other.events.push({ ...last, worker, bootId: "other" });
  return other;
}

describe("a live curve", () => {
  test("a live curve has the reports that travel with checkpoints, with results and with failures", async () => {
    const ways: readonly Told[] = [
      ["checkpoint", { attempt: 1, reports: [row(20, 2), row(30, 3)], state }],
      ["result", { attempt: 1, reports: [row(20, 2), row(30, 3)], hpmax: 3, iters: 30, metrics: {}, console: "" }],
      ["failed", { attempt: 1, reports: [row(20, 2), row(30, 3)], outcome: "failed", reason: "told to", console: "" }],
    ];
    for (const way of ways) {
      const found = await drawn([["report", { attempt: 1, reports: [row(10, 1)] }], way]);
      assert.deepEqual(
        found,
        [
          [10, 1],
          [20, 2],
          [30, 3],
        ],
        way[0],
      );
    }
  });

  test("a live curve takes nothing from a hand-back, and nothing that another worker says", async () => {
    const found = await drawn([
      ["report", { attempt: 1, reports: [row(10, 9)] }, "stranger" as WorkerId],
      ["report", { attempt: 1, reports: [row(10, 1)] }],
      ["released", { attempt: 1, fault: "owner", reason: "told to" }],
    ]);
    assert.deepEqual(found, [[10, 1]]);
  });

  test("a live curve takes nothing that a former holder of the run still sends", async () => {
    const other = "other" as WorkerId;
    const told: readonly Told[] = [
      ["report", { attempt: 2, reports: [row(10, 1)] }, other],
      ["report", { attempt: 1, reports: [[9, 10, 1, [9], [1]]] }],
      ["report", { attempt: 2, reports: [row(20, 2)] }, other],
    ];
    assert.deepEqual(await drawn(told, passedOn(other)), [
      [10, 1],
      [20, 2],
    ]);
  });

  test("a live curve takes nothing of a worker that was sent away, while nobody else has the run", async () => {
    const search = searchOf(story);
    const told: readonly Told[] = [["report", { attempt: 1, reports: [row(10, 9)] }]];
    const { read, ...rest } = busWith(told);
    const bus: Bus = {
      ...rest,
      read: (stream, ...asked) => {
        const [part] = search.table?.trial(n)?.attempts ?? [];
        if (part && stream === streams.evidence) part.distrust = "sent away";
        return read(stream, ...asked);
      },
    };
    const wanted = () => ({ trials: [], hasConsole: false });
    const feed = new Feed(search, { bus, now: () => 0, changed: () => undefined, wanted });
    await feed.start((error) => assert.fail(error));
    await feed.stop();
    assert.equal(search.curves.of(n), undefined);
  });

  test("reports of runs that do not exist drop no live curve", async () => {
    const invented = Array.from({ length: 450 }, (_, i): Told => {
      return ["report", { attempt: 1, reports: [row(10, 9)] }, holder, i + 100];
    });
    assert.deepEqual(await drawn([["report", { attempt: 1, reports: [row(10, 1)] }], ...invented]), [[10, 1]]);
  });

  test("a live curve is of the training that began afresh, from its first report on", async () => {
    const other = "other" as WorkerId;
    const told: readonly Told[] = [
      ["report", { attempt: 1, reports: [row(10, 9), row(20, 9)] }],
      ["report", { attempt: 2, reports: [row(10, 1)] }, other],
      ["report", { attempt: 2, reports: [row(20, 2), row(30, 3)] }, other],
    ];
    const whole = [
      [10, 1],
      [20, 2],
      [30, 3],
    ];
    assert.deepEqual(await drawn(told, passedOn(other), 2), whole);
    const staged: Told = ["report", { attempt: 1, reports: [[2, 5, 1, [9], [1]]] }];
    assert.deepEqual(await drawn([staged, ...told.slice(1)], passedOn(other), 2), whole, "of an earlier stage too");
    const resumed: Told = ["report", { attempt: 2, reports: [row(20, 2), row(30, 3)] }, other];
    const goneOn = [
      [10, 9],
      [20, 9],
      [30, 3],
    ];
    assert.deepEqual(await drawn([...told.slice(0, 1), resumed], passedOn(other), 2), goneOn, "not if it goes on");
  });

  test("a live curve has reports that came before the record of their assignment", async () => {
    const other = "other" as WorkerId;
    const first: Told = ["report", { attempt: 1, reports: [row(10, 1)] }];
    const second: Told = ["report", { attempt: 2, reports: [row(20, 2)] }, other];
    const both = [
      [10, 1],
      [20, 2],
    ];
    assert.deepEqual(await drawn([first, second], passedOn(other), 2), both, "of another worker");
    assert.deepEqual(await drawn([first], story, 1), [[10, 1]], "of a new run");
  });
});
