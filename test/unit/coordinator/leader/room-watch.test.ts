import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Fullness, RoomWatch, type StoredSizes } from "../../../../coordinator/leader/room-watch.ts";
import { countEvidence } from "../../../../coordinator/leader/rules/quotas.ts";
import { statusOf } from "../../../../coordinator/leader/status.ts";
import { answerAsk } from "../../../../coordinator/leader/workers/asks.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { quotasWith } from "../../../../shared/domain/quotas.ts";
import { decodeStatus, encodeStatus } from "../../../../shared/wire/messages.ts";
import { TestReign } from "../../../support/stories/reign.ts";

type Stored = readonly (readonly [subject: string, bytes: number])[];

/** A store whose streams hold these messages. */
class Store implements StoredSizes {
  most = 1000;
  readonly held: { evidence: Stored; blob: Stored } = { evidence: [], blob: [] };
  /** Bytes that others hold. */
  others = 0;
  read = 0;

  async fullness(of: "evidence" | "blob"): Promise<Fullness> {
    const held = this.held[of];
    const bytes = this.others + held.reduce((sum, [, size]) => sum + size, 0);
    return { bytes, messages: held.length, lastSeq: held.length, most: this.most };
  }

  async sizes(
    of: "evidence" | "blob",
    first: number,
    last: number,
    hear: (s: string, b: number) => void,
  ): Promise<void> {
    for (const [subject, size] of this.held[of].slice(first - 1, last)) {
      this.read += 1;
      hear(subject, size);
    }
  }

  async pieces(): Promise<string[]> {
    return this.held.blob.map(([subject]) => subject);
  }
}

function rig(quotas: Record<string, string> = {}): { test: TestReign; store: Store; watch: RoomWatch } {
  const test = new TestReign(undefined, undefined, quotasWith(quotas));
  for (const worker of ["mal", "bob"] as WorkerId[])
    void test.reign.record({ type: "worker-enrolled", worker, publicKey: `U${worker}`, host: "", op: "" });
  const store = new Store();
  return { test, store, watch: new RoomWatch(test.reign, store) };
}

const benched = ({ reign }: TestReign): string[] =>
  [...reign.state.workers.values()].filter(({ isCutOff }) => isCutOff).map(({ id, reason }) => `${id}: ${reason}`);

describe("the last part of EV", () => {
  test("the last part of EV is kept for results: workers are told, and told again when there is room", async () => {
    const { test: it, store, watch } = rig();
    const isHeld = async (): Promise<boolean | undefined> => {
      const answer = await answerAsk(it.reign, "bob" as WorkerId, {
        kind: "renew",
        bootId: "b",
        sentAt: null,
        held: [],
      });
      return answer?.kind === "renewed" ? answer.holdReports : undefined;
    };
    for (const [others, expected] of [
      [899, undefined],
      [901, true],
      [880, true],
      [870, undefined],
    ] as const) {
      store.others = others;
      const told = it.told.length;
      const before = it.reign.onlyResults;
      await watch.lookAtResults();
      assert.equal(await isHeld(), expected, String(others));
      assert.equal(decodeStatus(encodeStatus(statusOf(it.reign))).onlyResults, expected ?? null);
      const hints = it.told.slice(told).map(({ worker, kind }) => `${worker} ${kind}`);
      assert.deepEqual(hints, before === it.reign.onlyResults ? [] : ["null renew"]);
    }
  });

  test("EV keeps no room for results where its size has no limit", async () => {
    const { test: it, store, watch } = rig();
    store.most = -1;
    store.others = 1e15;
    await watch.lookAtResults();
    assert.equal(it.reign.onlyResults, false);
  });

  test("in EV's room for results, a worker that goes on storing reports is cut off, results are not", async () => {
    const { test: it, store, watch } = rig({ results: "10000B" });
    store.most = 100_000;
    store.others = 95_000;
    await watch.lookAtResults();
    const say = (worker: string, kind: string, seq: number): void =>
      countEvidence(it.reign, {
        seq,
        subject: `ev.${worker}.job1.1.${kind}`,
        data: new Uint8Array(500),
        msgId: "",
        storedAt: seq,
      });
    for (let seq = 1; seq <= 5; seq += 1) {
      for (const kind of ["result", "failed", "released"]) say("bob", kind, seq);
      if (seq < 5) say("mal", "report", seq);
    }
    assert.deepEqual(benched(it), []);
    say("mal", "checkpoint", 9);
    assert.deepEqual(benched(it), ["mal: it goes on storing other messages in the room that is kept for results"]);
  });
});

describe("what a worker has stored in all", () => {
  test("what each worker has stored is not counted while all together have less than one may", async () => {
    const { test: it, store, watch } = rig({ evidence: "600B", states: "600B" });
    store.held.evidence = [["ev.mal.job1.1.report", 600]];
    store.held.blob = [["ck.mal.job1.1.1.files.0", 600]];
    await watch.lookAtTotals();
    assert.equal(store.read, 0);
    assert.deepEqual(benched(it), []);
  });

  test("a worker that has stored too much is cut off, and each message is counted once", async () => {
    const { test: it, store, watch } = rig({ evidence: "500B" });
    store.held.evidence = [
      ["ev.mal.job1.1.report", 300],
      ["ev.bob.job1.2.report", 400],
      ["ev.lost", 300],
    ];
    await watch.lookAtTotals();
    assert.deepEqual(benched(it), []);
    store.held.evidence = [...store.held.evidence, ["ev.mal.junk", 300]];
    await watch.lookAtTotals();
    assert.equal(store.read, 4);
    assert.deepEqual(benched(it), [
      "mal: it has stored 1 kB of messages, where 1 kB are allowed; to make room: nexus purge worker mal",
    ]);
  });

  test("what a worker has stored is counted anew after a purge, so that it may be admitted again", async () => {
    const { test: it, store, watch } = rig({ evidence: "500B" });
    const mal = "mal" as WorkerId;
    store.held.evidence = [
      ["ev.mal.job1.1.report", 600],
      ["ev.bob.job1.1.report", 400],
    ];
    await watch.lookAtTotals();
    assert.equal(benched(it).length, 1);
    const by = { by: "ann", op: "" };
    void it.reign.record({ type: "worker-purged", worker: mal, before: 3, all: true, messages: null, ...by });
    void it.reign.record({ type: "worker-purged", worker: mal, before: 3, all: true, messages: 1, ...by });
    store.held.evidence = [
      ["ev.mal.job1.1.report", 200],
      ["ev.bob.job1.1.report", 400],
    ];
    void it.reign.record({ type: "worker-state", worker: mal, state: "admitted", reason: "", ...by });
    await watch.lookAtTotals();
    assert.deepEqual(benched(it), []);
  });

  test("in BLOB, what a worker has stored is what lies there, and not what was deleted", async () => {
    const { test: it, store, watch } = rig({ states: "500B" });
    store.held.blob = [
      ["ck.mal.job1.1.1.state-1.0", 400],
      ["ck.bob.job1.2.1.state-1.0", 300],
    ];
    await watch.lookAtTotals();
    store.held.blob = [...store.held.blob, ["ck.mal.job1.1.1.state-2.0", 400]];
    await watch.lookAtTotals();
    assert.deepEqual(benched(it), [], "it is not looked at again within a minute");
    it.now += 61_000;
    const pieces = store.held.blob.slice(1).map(([subject]) => subject);
    store.pieces = async () => pieces;
    await watch.lookAtTotals();
    assert.deepEqual(benched(it), []);
    it.now += 61_000;
    store.pieces = async () => store.held.blob.map(([subject]) => subject);
    store.held.blob = [...store.held.blob, ["ck.mal.job1.1.1.state-3.0", 400]];
    await watch.lookAtTotals();
    assert.match(benched(it).join(), /^mal: it has stored 1 kB of states and files, where/);
  });

  test("a worker's share of the stream is a limit only where there are other workers", async () => {
    const { test: it, store, watch } = rig();
    void it.reign.record({
      type: "worker-state",
      worker: "bob" as WorkerId,
      state: "benched",
      reason: "",
      by: "",
      op: "",
    });
    store.held.evidence = [["ev.mal.job1.1.report", 700]];
    await watch.lookAtTotals();
    assert.deepEqual(benched(it), []);
    void it.reign.record({
      type: "worker-state",
      worker: "bob" as WorkerId,
      state: "admitted",
      reason: "",
      by: "",
      op: "",
    });
    await watch.lookAtTotals();
    assert.equal(benched(it).length, 1);
  });
});
