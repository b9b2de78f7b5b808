import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jobName, workerIdFrom } from "../../../../shared/domain/names.ts";
import { BusError, type EndSignal } from "../../../../shared/ports.ts";
import { decodeEvidence, type ReportRow } from "../../../../shared/wire/messages.ts";
import { parseEvidence } from "../../../../shared/wire/subjects.ts";
import { HeldAttempt } from "../../../../worker/node/held-attempt.ts";
import { ReportSender } from "../../../../worker/node/report-sender.ts";
import type { Letter } from "../../../../worker/node/spool.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { Timeline } from "../../../simulate/timeline.ts";

const never: EndSignal = new AbortController().signal;
const state = {
  stage: 1,
  iters: 1,
  blob: "state-1",
  key: new Uint8Array(32),
  size: 1,
  sha256: "0".repeat(64),
  chunks: 1,
};
const nothing = { reports: [], lines: "" };
const rows = (from: number, to: number): ReportRow[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [1, from + i, 0, [0], [1]]);

/** A sender of the reports of a run; `store` decides the fate of each message, in the order in which they are sent. */
function start(store: (letter: Letter) => Promise<void> = async () => undefined) {
  const timeline = new Timeline();
  const { clock } = new SimProcess(timeline, "worker", "seed");
  const sent: { kind: string; msgId: string; claim: string; iters: number[]; lines: string }[] = [];
  const send = async (letter: Letter, _keep: boolean, signal?: EndSignal): Promise<number> => {
    if (signal?.aborted) throw new BusError("closed", "not delivered");
    await store(letter);
    const { kind } = parseEvidence(letter.subject) ?? assert.fail();
    const told = decodeEvidence({ kind }, letter.data);
    const { reports = [], lines = "" } = "reports" in told ? told : {};
    sent.push({ kind, msgId: letter.msgId, claim: told.claim ?? "", iters: reports.map(([, at]) => at), lines });
    return sent.length;
  };
  const address = { worker: workerIdFrom("pc"), job: jobName(3), n: 4, attempt: 2, nonce: "nonce" };
  const attempt = new HeldAttempt(address, "claim-a");
  const sender = new ReportSender({ clock }, { send }, attempt);
  const pass = async (ms: number): Promise<void> => {
    const end = timeline.now + ms;
    timeline.plan(null, end, () => undefined);
    await timeline.run(() => timeline.now >= end);
  };
  return { sender, sent, attempt, pass };
}

describe("reports on their way to the broker", () => {
  test("reports of many metrics travel in several messages, each of which a coordinator reads", async () => {
    const { sender, sent, pass } = start();
    const wide = (from: number, to: number): ReportRow[] =>
      rows(from, to).map(([stage, iters, hours]) => [stage, iters, hours, Array(500).fill(0.5), Array(500).fill(1)]);
    sender.hear([], "");
    await pass(1000);
    sender.hear(wide(1, 400), "");
    await pass(10);
    await sender.settle();
    assert.deepEqual(
      sent.flatMap(({ iters }) => iters),
      rows(1, 400).map(([, iters]) => iters),
    );
    assert.equal(sent.length, 7);
    const { reports } = sender.rest({ reports: wide(401, 500), lines: "" });
    await sender.sendAhead(2, never);
    assert.equal(sent.length, 8);
    assert.equal(reports.length, 41);
  });

  test("reports travel together, one message a second, and the rest with the end of the run", async () => {
    const { sender, sent, pass } = start();
    sender.hear(rows(1, 2), "a\n");
    await pass(500);
    sender.hear(rows(3, 3), "b\n");
    await pass(510);
    sender.hear(rows(4, 4), "c\n");
    await pass(10);
    await sender.settle();
    await pass(5000);
    assert.deepEqual(
      sent.map(({ iters, lines }) => [iters, lines]),
      [[[1, 2, 3], "a\nb\n"]],
    );
    assert.deepEqual(sender.rest({ reports: rows(5, 5), lines: "d\n" }), {
      reports: rows(4, 5),
      lines: "c\nd\n",
    });
    assert.equal(sender.iters, 4);
    assert.equal(sender.said, "a\nb\nc\n");
  });

  test("the last report before a long silence is sent a second after the message before it, once", async () => {
    const { sender, sent, pass } = start();
    await pass(1000);
    sender.hear(rows(1, 1), "");
    await pass(10);
    sender.hear(rows(2, 2), "");
    sender.hear(rows(3, 3), "");
    await pass(980);
    assert.deepEqual(
      sent.map(({ iters }) => iters),
      [[1]],
    );
    await pass(600_000);
    assert.deepEqual(
      sent.map(({ iters }) => iters),
      [[1], [2, 3]],
    );
  });

  test("reports are kept in order if a message cannot be delivered", async () => {
    const { sender, sent, pass } = start(async () => {
      throw new BusError("closed", "told to");
    });
    await pass(1000);
    sender.hear(rows(1, 2), "a\n");
    sender.hear(rows(3, 3), "b\n");
    await sender.settle();
    assert.deepEqual(sent, []);
    assert.deepEqual(sender.rest(nothing), { reports: rows(1, 3), lines: "a\nb\n" });
  });

  test("reports wait for the end of a run that is ending", async () => {
    const { sender, sent, pass } = start();
    sender.holdBack();
    await pass(5000);
    sender.hear(rows(1, 1), "");
    await sender.settle();
    assert.deepEqual(sent, []);
    assert.deepEqual(sender.rest(nothing), { reports: rows(1, 1) });
  });

  test("reports too many for one message are sent ahead of the end and of a checkpoint", async () => {
    const { sender, sent } = start();
    sender.hear(rows(1, 4100), "");
    await sender.announce(2, state, never);
    assert.deepEqual(
      sent.map(({ kind, iters }) => [kind, iters.length]),
      [
        ["report", 2000],
        ["report", 2000],
        ["checkpoint", 100],
      ],
    );
    sender.hear(rows(4101, 6200), "");
    assert.deepEqual(sender.rest(nothing), { reports: rows(6101, 6200) });
    await sender.sendAhead(2, never);
    assert.deepEqual(
      sent.flatMap(({ iters }) => iters),
      rows(1, 6100).map(([, at]) => at),
    );
  });

  test("reports too many for the message that ends a run do not keep it waiting, and are told first", async () => {
    const told: string[] = [];
    const { sender, sent } = start(async () => {
      told.push("sent");
      throw new BusError("closed", "told to");
    });
    sender.hear(rows(1, 4100), "");
    assert.equal(sender.rest(nothing).reports.length, 100);
    assert.equal(told.length, 0);
    await sender.sendAhead(2, never, () => told.push("kept"));
    assert.deepEqual(told, ["kept", "sent", "sent"], "each is tried, and so spooled, though none is taken");
    assert.deepEqual(sent, []);
    await sender.sendAhead(2, never, () => assert.fail("there is nothing more"));
  });

  test("reports ahead of a result carry its attempt, though the trial was granted again since", async () => {
    const { sender, sent, attempt } = start();
    sender.hear(rows(1, 2100), "");
    sender.rest(nothing);
    attempt.regrant(3, "claim-b");
    await sender.sendAhead(2, never);
    assert.deepEqual(
      sent.map(({ msgId, claim }) => [msgId, claim]),
      [["job3.4.2.1.nonce", "claim-a"]],
    );
  });

  test("reports that arrive while others are sent ahead of a checkpoint are not lost", async () => {
    const { sender, sent } = start(async () => {
      if (sender.iters === 2100) sender.hear(rows(2101, 2101), "");
    });
    sender.hear(rows(1, 2100), "");
    await sender.announce(2, state, never);
    const { reports } = sender.rest(nothing);
    const told = [...sent.flatMap(({ iters }) => iters), ...reports.map(([, at]) => at)];
    assert.deepEqual(
      told,
      rows(1, 2101).map(([, at]) => at),
    );
  });

  test("reports are signed with the attempt and its claim", async () => {
    const { sender, sent, attempt, pass } = start();
    for (const [number, claim] of [
      [2, undefined],
      [3, "claim-b"],
      [4, undefined],
    ] as const) {
      attempt.regrant(number, claim);
      await pass(1000);
      sender.hear(rows(number, number), "");
      await pass(10);
    }
    assert.deepEqual(
      sent.map(({ msgId, claim }) => [msgId, claim]),
      [
        ["job3.4.2.1.nonce", "claim-a"],
        ["job3.4.3.2.nonce", "claim-b"],
        ["job3.4.4.3.nonce", "claim-b"],
      ],
    );
  });
});
