import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Bus, BusError, Reading, StoredMessage } from "../../shared/ports.ts";
import { within } from "../../shared/time/deadline.ts";
import { patienceMs } from "../support/patience.ts";
import type { BusImplementation } from "./bus-rig.ts";
import { bytes, fails, testsOn, text } from "./conform.ts";

const settleMs = 150;
const operator = "jrn.ws.op";

/** Stores texts in the journal, one acknowledged after the other. Each text is its own msgId. */
async function tell(bus: Bus, ...texts: readonly string[]): Promise<void> {
  for (const each of texts) await bus.store(operator, bytes(each), { msgId: each });
}

/** A reading and what it delivered, each as `sequence subject text msgId`. */
async function listen(
  bus: Bus,
  stream: string,
  fromSeq: number,
  subjects?: readonly string[],
): Promise<{ readonly reading: Reading; readonly heard: string[] }> {
  const heard: string[] = [];
  const hear = ({ seq, subject, data, msgId }: StoredMessage): void =>
    void heard.push(`${seq} ${subject} ${text(data)} ${msgId}`.trim());
  return { reading: await bus.read(stream, fromSeq, hear, subjects), heard };
}

/** Everything that a stream holds. */
async function contentOf(bus: Bus, stream = "JRN"): Promise<string[]> {
  const { reading, heard } = await listen(bus, stream, 1);
  await within(reading.caughtUp, patienceMs, "reading");
  await reading.stop();
  return heard;
}

/** Storing with msgIds and expectations, on which the journal's fence rests. */
export function storingSuite(implementation: BusImplementation): void {
  const test = testsOn(implementation);

  describe(`storing on ${implementation.name}`, { concurrency: 4 }, () => {
    test("each stream numbers its own messages from 1", async (_, bus) => {
      assert.equal(await bus.lastSeq("JRN"), 0);
      assert.deepEqual(await bus.store(operator, bytes("a"), { msgId: "a" }), { seq: 1, duplicate: false });
      assert.deepEqual(await bus.store(operator, bytes("b"), { msgId: "b" }), { seq: 2, duplicate: false });
      const result = "ev.w1.job1.1.result";
      assert.deepEqual(await bus.store(result, bytes("c"), { msgId: "a" }), { seq: 1, duplicate: false });
      assert.deepEqual([await bus.lastSeq("JRN"), await bus.lastSeq("EV"), await bus.lastSeq("BLOB")], [2, 1, 0]);
    });

    test("stores in flight together are stored in the order of the calls", async (_, bus) => {
      const told = Array.from({ length: 100 }, (_each, i) => `m${i}`);
      const stored = await Promise.all(told.map((each) => bus.store(operator, bytes(each), { msgId: each })));
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        told.map((_each, i) => i + 1),
      );
    });

    test("a msgId that the stream has seen stores nothing again, whatever the message and its subject", async (_, bus) => {
      await tell(bus, "a", "b");
      assert.deepEqual(await bus.store(operator, bytes("a"), { msgId: "a" }), { seq: 1, duplicate: true });
      assert.deepEqual(await bus.store("jrn.job1.job", bytes("another"), { msgId: "a" }), { seq: 1, duplicate: true });
      assert.deepEqual(await contentOf(bus), [`1 ${operator} a a`, `2 ${operator} b b`]);
    });

    test("a seal lies with its message in the journal", async (_, bus) => {
      const seen: string[] = [];
      await bus.store(operator, bytes("a"), { msgId: "a", seal: "mark" });
      await tell(bus, "b");
      const reading = await bus.read("JRN", 1, ({ seal = "", isForeign = false }) => seen.push(`${seal}${isForeign}`));
      await within(reading.caughtUp, patienceMs, "reading");
      await reading.stop();
      assert.deepEqual(seen, ["markfalse", "false"]);
    });

    test("a msgId is forgotten after the duplicate window", async (rig, bus) => {
      await rig.remember("JRN", 500);
      await tell(bus, "a");
      const again = await rig.until("it is stored again", async () => {
        await rig.pause(200);
        const stored = await bus.store(operator, bytes("a"), { msgId: "a" });
        return stored.duplicate ? undefined : stored;
      });
      assert.deepEqual(again, { seq: 2, duplicate: false });
    });

    test("the broker's death makes it forget no msgId, and nothing that it has acknowledged", async (rig, bus) => {
      await tell(bus, "a", "b");
      await rig.kill();
      await rig.restart();
      await rig.until("it is back", () => bus.isConnected());
      assert.deepEqual(await bus.store(operator, bytes("a"), { msgId: "a" }), { seq: 1, duplicate: true });
      const next = { msgId: "c", expectLastSeq: 2, expectLastMsgId: "b" };
      assert.deepEqual(await bus.store(operator, bytes("c"), next), { seq: 3, duplicate: false });
      assert.equal((await contentOf(bus)).length, 3);
    });

    test("a store that expects a last sequence becomes the very next message, or is not stored", async (_, bus) => {
      assert.equal((await bus.store(operator, bytes("a"), { msgId: "a", expectLastSeq: 0 })).seq, 1);
      await fails(bus.store(operator, bytes("b"), { msgId: "b", expectLastSeq: 0 }), "not the next");
      await fails(bus.store(operator, bytes("b"), { msgId: "b", expectLastSeq: 2 }), "not the next");
      assert.equal(await bus.lastSeq("JRN"), 1);
      // The refusal has not used up the msgId.
      assert.deepEqual(await bus.store(operator, bytes("b"), { msgId: "b", expectLastSeq: 1 }), {
        seq: 2,
        duplicate: false,
      });
    });

    test("a store that expects a last msgId comes right behind that message, or is not stored", async (_, bus) => {
      await fails(bus.store(operator, bytes("x"), { msgId: "x", expectLastMsgId: "a" }), "not the next");
      await tell(bus, "a");
      assert.equal((await bus.store(operator, bytes("b"), { msgId: "b", expectLastMsgId: "a" })).seq, 2);
      await fails(bus.store(operator, bytes("c"), { msgId: "c", expectLastMsgId: "a" }), "not the next");
      assert.equal(await bus.lastSeq("JRN"), 2);
    });

    test("a duplicate whose expectations do not hold is not stored again, in the words of either broker", async (_, bus) => {
      await tell(bus, "a", "b");
      const wrong = { msgId: "a", expectLastSeq: 7, expectLastMsgId: "nobody's" };
      const told = await bus.store(operator, bytes("another decision"), wrong).catch((error: BusError) => error.reason);
      if (told !== "not the next") assert.deepEqual(told, { seq: 1, duplicate: true });
      assert.deepEqual(await contentOf(bus), [`1 ${operator} a a`, `2 ${operator} b b`]);
    });

    test("stores that each name their predecessor are all refused once the first is", async (_, bus) => {
      await tell(bus, "theirs");
      const line = [0, 1, 2, 3].map((i) =>
        bus.store(operator, bytes(`mine ${i}`), {
          msgId: `m${i}`,
          expectLastSeq: i,
          ...(i === 0 ? {} : { expectLastMsgId: `m${i - 1}` }),
        }),
      );
      // The second store's expected sequence holds, because the other's message has it; its expected msgId does not.
      for (const each of line) await fails(each, "not the next");
      assert.deepEqual(await contentOf(bus), [`1 ${operator} theirs theirs`]);
    });

    test("of two connections that store the next message exactly one succeeds", async (rig, bus) => {
      const other = await rig.connect();
      for (let seq = 0; seq < 10; seq += 1) {
        const results = await Promise.allSettled(
          [bus, other].map((each, i) =>
            each.store(operator, bytes(`${i}`), { msgId: `${seq} ${i}`, expectLastSeq: seq }),
          ),
        );
        assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      }
      assert.equal(await bus.lastSeq("JRN"), 10);
    });

    test("a full stream takes nothing more and keeps what it has, and what is deleted makes room", async (rig, bus) => {
      await rig.limit("BLOB", 64 * 1024);
      const piece = new Uint8Array(20 * 1024).fill(1);
      for (const i of [0, 1, 2]) await bus.store(`blob.a.${i}`, piece, { msgId: `a${i}` });
      await fails(bus.store("blob.b.0", piece, { msgId: "b0" }), "full");
      assert.deepEqual((await bus.subjects("BLOB", ">")).sort(), ["blob.a.0", "blob.a.1", "blob.a.2"]);
      assert.deepEqual(await bus.store("blob.a.2", piece, { msgId: "a2" }), { seq: 3, duplicate: true });
      await fails(bus.store("blob.b.0", piece, { msgId: "b0", expectLastSeq: 1 }), "not the next");
      await bus.purge("BLOB", "blob.a.1");
      assert.equal((await bus.store("blob.b.0", piece, { msgId: "b0" })).duplicate, false);
    });

    test("a store under a subject that no stream takes fails, since nobody answers", async (_, bus) => {
      await fails(bus.store("nowhere.at.all", bytes("x"), { msgId: "x" }), "nobody answered");
    });

    test("a store whose answer was lost is stored once when it is repeated under its msgId", async (rig, bus) => {
      await rig.freeze();
      await fails(bus.store(operator, bytes("a"), { msgId: "a", timeoutMs: 200 }), "no answer in time");
      rig.thaw();
      const again = await rig.until("it is stored", () =>
        bus.store(operator, bytes("a"), { msgId: "a" }).catch(() => undefined),
      );
      assert.equal(again.seq, 1);
      assert.equal(await bus.lastSeq("JRN"), 1);
    });
  });
}

/** Reading streams, on which the fold, the views and the snapshots rest. */
export function readingSuite(implementation: BusImplementation): void {
  const { promises } = implementation;
  const test = testsOn(implementation);

  describe(`reading on ${implementation.name}`, { concurrency: 4 }, () => {
    test("a reading delivers each message once and in order, including those still to come", async (rig, bus) => {
      await tell(bus, "a", "b");
      const { reading, heard } = await listen(await rig.connect(), "JRN", 1);
      await within(reading.caughtUp, patienceMs, "reading");
      assert.deepEqual(heard, [`1 ${operator} a a`, `2 ${operator} b b`]);
      await tell(bus, "c");
      await rig.until("the third comes", () => heard.length === 3);
      assert.equal(heard[2], `3 ${operator} c c`);
    });

    test("a reading of an empty stream has caught up at once and delivers what comes", async (rig, bus) => {
      const { reading, heard } = await listen(bus, "EV", 1);
      await within(reading.caughtUp, patienceMs, "reading");
      await bus.store("ev.w1.job1.1.result", bytes("x"), { msgId: "x" });
      await rig.until("it comes", () => heard.length === 1);
    });

    test("a reading starts at any sequence: 0 means the first, one above the last means new ones only", async (rig, bus) => {
      await tell(bus, "a", "b", "c");
      const all = await listen(bus, "JRN", 0);
      const last = await listen(bus, "JRN", 3);
      const later = await listen(bus, "JRN", 5);
      for (const { reading } of [all, last, later]) await within(reading.caughtUp, patienceMs, "reading");
      assert.deepEqual([all.heard.length, last.heard, later.heard], [3, [`3 ${operator} c c`], []]);
      await tell(bus, "d", "e");
      await rig.until("they come", () => all.heard.length === 5 && last.heard.length === 3);
      await rig.until("the fifth comes", () => later.heard.length > 0);
      assert.deepEqual(later.heard, [`5 ${operator} e e`]);
    });

    test("a filtered reading delivers matching subjects only, and catches up where none matches", async (_, bus) => {
      for (const [i, subject] of ["jrn.job1.job", operator, "jrn.job1.trial.1", "jrn.job2.trial.1", operator].entries())
        await bus.store(subject, bytes("x"), { msgId: `${i}` });
      const found = async (...patterns: string[]): Promise<string[]> => {
        const { reading, heard } = await listen(bus, "JRN", 1, patterns);
        await within(reading.caughtUp, patienceMs, "reading");
        return heard.map((each) => each.split(" ")[0] ?? "");
      };
      assert.deepEqual(await found("jrn.job1.job"), ["1"]);
      assert.deepEqual(await found("jrn.job1.>"), ["1", "3"]);
      assert.deepEqual(await found("jrn.*.trial.*"), ["3", "4"]);
      assert.deepEqual(await found("jrn.job1.job", "jrn.job2.>"), ["1", "4"]);
      assert.deepEqual(await found("jrn.job9.>"), []);
    });

    test("a reading of sizes leaves the data out and says how long it is, or hands it over", async (_, bus) => {
      const told = ["", "abc"];
      for (const each of told) await bus.store("ev.w1.job1.1.report", bytes(each), { msgId: `m${each}` });
      const found: (string | number | undefined)[][] = [];
      const hear = ({ data, size, msgId }: StoredMessage): void => void found.push([msgId, text(data), size]);
      const reading = await bus.read("EV", 1, hear, undefined, true);
      await within(reading.caughtUp, patienceMs, "reading");
      await reading.stop();
      const expected = promises.tellsSizes
        ? told.map((each) => [`m${each}`, "", each.length])
        : told.map((each) => [`m${each}`, each, undefined]);
      assert.deepEqual(found, expected);
    });

    test("messages say when they were stored, later ones no earlier, where the bus knows", async (_, bus) => {
      await tell(bus, "a", "b");
      const times: (number | undefined)[] = [];
      const reading = await bus.read("JRN", 1, ({ storedAt }) => times.push(storedAt));
      await within(reading.caughtUp, patienceMs, "reading");
      await reading.stop();
      const [first, second] = times;
      assert.equal(times.length, 2);
      if (!promises.tellsTimes) assert.deepEqual(times, [undefined, undefined]);
      else assert.ok(first !== undefined && second !== undefined && first <= second, times.join());
    });

    test("only a bus that judges seals tells a record without one, and takes its msgId away", async (_, bus) => {
      const ids = ["1.nonce.1", "intruder"];
      for (const [i, msgId] of ids.entries()) await bus.store(operator, bytes("x"), { msgId, expectLastSeq: i });
      const found: unknown[] = [];
      const reading = await bus.read("JRN", 1, ({ msgId, isForeign = false }) => found.push([msgId, isForeign]));
      await within(reading.caughtUp, patienceMs, "reading");
      await reading.stop();
      const last = promises.judgesSeals ? ["", true] : ["intruder", false];
      assert.deepEqual(found, [["1.nonce.1", false], last]);
    });

    test("several readers each get all of thousands of messages", async (rig, bus) => {
      const count = 3000;
      await Promise.all(
        Array.from({ length: count }, (_, i) => bus.store(operator, bytes("x"), { msgId: `${i}`, timeoutMs: 60_000 })),
      );
      for (const other of [bus, await rig.connect(), await rig.connect()]) {
        const seqs: number[] = [];
        const reading = await other.read("JRN", 1, ({ seq }) => seqs.push(seq));
        await within(reading.caughtUp, patienceMs, "reading");
        assert.equal(seqs.length, count);
        assert.ok(seqs.every((seq, i) => seq === i + 1));
      }
    });

    test("a reading survives the broker's death without a gap or a repetition", async (rig, bus) => {
      await tell(bus, "a", "b");
      const { reading, heard } = await listen(await rig.connect(), "JRN", 1);
      await within(reading.caughtUp, patienceMs, "reading");
      await rig.kill();
      await rig.restart();
      await rig.until("it is back", () => bus.isConnected());
      await tell(bus, "c", "d");
      await rig.until("the rest comes", () => heard.length >= 4);
      await rig.pause(settleMs);
      assert.deepEqual(
        heard,
        ["a", "b", "c", "d"].map((each, i) => `${i + 1} ${operator} ${each} ${each}`),
      );
    });

    test("a stopped reading delivers nothing more, not even what was in flight", async (rig, bus) => {
      await tell(bus, ...Array.from({ length: 50 }, (_, i) => `m${i}`));
      let count = 0;
      const reading: Reading = await bus.read("JRN", 26, () => {
        count += 1;
        if (count === 30) void reading.stop();
      });
      await tell(bus, ...Array.from({ length: 30 }, (_, i) => `n${i}`));
      await rig.until("it has stopped", () => count >= 30);
      await reading.stop();
      await tell(bus, "late");
      await rig.pause(settleMs);
      assert.equal(count, 30);
    });

    test("a reading skips deleted messages and goes on behind them", async (_, bus) => {
      for (const i of [1, 2, 3, 4, 5, 6]) await bus.store(`blob.${"ab"[i % 2]}.${i}`, bytes("x"), { msgId: `${i}` });
      await bus.purge("BLOB", "blob.a.*");
      assert.deepEqual(
        (await contentOf(bus, "BLOB")).map((each) => each.split(" ")[0]),
        ["1", "3", "5"],
      );
      await bus.purge("BLOB", "blob.>");
      assert.deepEqual(await contentOf(bus, "BLOB"), []);
      assert.equal(await bus.lastSeq("BLOB"), 6, "a sequence is never given twice");
      assert.equal((await bus.store("blob.c.0", bytes("y"), { msgId: "7" })).seq, 7);
      assert.deepEqual(await contentOf(bus, "BLOB"), ["7 blob.c.0 y 7"]);
    });

    test("newest gives a subject's newest message, or null", async (_, bus) => {
      assert.equal(await bus.newest("BLOB", "blob.a.0"), null);
      for (const i of [1, 2]) await bus.store("blob.a.0", bytes(`${i}`), { msgId: `a${i}` });
      await bus.store("blob.b.0", bytes("b"), { msgId: "b" });
      assert.equal(text(await bus.newest("BLOB", "blob.a.0")), "2");
      assert.equal(text(await bus.newest("BLOB", "blob.b.0")), "b");
      await bus.purge("BLOB", "blob.a.>");
      assert.equal(await bus.newest("BLOB", "blob.a.0"), null);
      assert.equal(text(await bus.newest("BLOB", "blob.b.0")), "b");
    });

    test("piece gives what is under a subject, or null, whatever lies before and behind it", async (_, bus) => {
      assert.equal(await bus.piece("BLOB", "blob.a.0"), null);
      for (const i of [2, 0, 1, 3]) await bus.store(`blob.a.${i}`, bytes(`${i}`), { msgId: `a${i}` });
      await bus.store("blob.a.1", bytes("1"), { msgId: "again" });
      const pieces = await Promise.all([0, 1, 2, 3, 4].map((i) => bus.piece("BLOB", `blob.a.${i}`)));
      assert.deepEqual(
        pieces.map((piece) => piece && text(piece)),
        ["0", "1", "2", "3", null],
      );
      await bus.purge("BLOB", "blob.a.0");
      assert.equal(await bus.piece("BLOB", "blob.a.0"), null);
      assert.equal(text(await bus.piece("BLOB", "blob.a.3")), "3");
    });

    test("subjects lists each matching subject once, without those of deleted messages", async (_, bus) => {
      for (const [i, subject] of ["ck.w1.a", "ck.w2.a", "ck.w1.a", "blob.x.0"].entries())
        await bus.store(subject, bytes("x"), { msgId: `${i}` });
      assert.deepEqual((await bus.subjects("BLOB", ">")).sort(), ["blob.x.0", "ck.w1.a", "ck.w2.a"]);
      assert.deepEqual((await bus.subjects("BLOB", "ck.*.a")).sort(), ["ck.w1.a", "ck.w2.a"]);
      assert.deepEqual(await bus.subjects("BLOB", "ck.w9.>"), []);
      await bus.purge("BLOB", "ck.w1.>");
      assert.deepEqual((await bus.subjects("BLOB", "ck.>")).sort(), ["ck.w2.a"]);
      await bus.purge("BLOB", "nothing.there");
    });

    test("a stream that does not exist is refused", async (_, bus) => {
      await fails(bus.lastSeq("NONE"), "refused");
      await fails(
        bus.read("NONE", 1, () => undefined),
        "refused",
      );
      await fails(bus.subjects("NONE", ">"), "refused");
      await fails(bus.purge("NONE", ">"), "refused");
    });
  });
}
