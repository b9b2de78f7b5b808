import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jobName, workerIdFrom } from "../../../../shared/domain/names.ts";
import { type Bus, BusError } from "../../../../shared/ports.ts";
import { decodeEvidence } from "../../../../shared/wire/messages.ts";
import { HeldAttempt } from "../../../../worker/node/held-attempt.ts";
import { Outbox } from "../../../../worker/node/outbox.ts";
import type { Letter } from "../../../../worker/node/spool.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { SimSpool } from "../../../simulate/sim-spool.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";

const never = new AbortController().signal;
const letter = (msgId: string, text = msgId, worker = "pc"): Letter => ({
  subject: `ev.${worker}.job1.1.result`,
  msgId,
  data: new TextEncoder().encode(text),
});

/** An outbox of that worker before a broker that takes letters of up to so many bytes, and others' names from nobody. */
function start({ mostBytes = 100, name = "pc", spool = new SimSpool() } = {}) {
  const timeline = new Timeline();
  const { clock, chance } = new SimProcess(timeline, "worker", "seed");
  const broker = { isReadingUsers: false };
  const stored: string[] = [];
  const told: string[] = [];
  const bus = {
    store: async (subject: string, data: Uint8Array) => {
      if (broker.isReadingUsers || !subject.startsWith(`ev.${name}.`))
        throw new BusError("refused", `${subject}: this user may not publish there`);
      if (data.length > mostBytes) throw new BusError("too large", `${subject}: told to`);
      stored.push(new TextDecoder().decode(data));
      return { seq: stored.length, duplicate: false };
    },
  } as unknown as Bus; // an outbox uses nothing else of it
  const outbox = new Outbox({ bus, clock, chance, log: silentLog, spool }, workerIdFrom(name), (text) =>
    told.push(text),
  );
  return { outbox, spool, stored, told, broker, timeline };
}

describe("letters on their way to the broker", () => {
  test("a letter whose time was over before its first try is spooled, and delivered from there", async () => {
    const { outbox, spool, stored } = start();
    await assert.rejects(outbox.send(letter("a"), true, AbortSignal.abort()), /not delivered before/);
    assert.equal(spool.names().length, 1);
    await outbox.deliverSpooled(never);
    assert.deepEqual(stored, ["a"]);
    assert.deepEqual(spool.names(), []);
  });

  test("a letter that is not to be kept is not spooled, whenever its time is over", async () => {
    const { outbox, spool } = start();
    await assert.rejects(outbox.send(letter("a"), false, AbortSignal.abort()));
    assert.deepEqual(spool.names(), []);
  });

  test("a letter whose time is over where the disk takes none is said to be lost", async () => {
    const { outbox, spool, told } = start();
    spool.isFull = true;
    await assert.rejects(outbox.send(letter("a"), true, AbortSignal.abort()));
    assert.match(told.at(-1) ?? "", /is lost/);
  });

  test("a spooled letter that no broker takes is put aside, and those behind it are delivered", async () => {
    const { outbox, spool, stored } = start();
    spool.keep(letter("large", "x".repeat(101)));
    spool.keep(letter("small"));
    await outbox.deliverSpooled(never);
    assert.deepEqual(stored, ["small"]);
    assert.deepEqual(spool.names(), []);
  });

  test("letters under a former name wait until the worker has it again, and hold up none behind them", async () => {
    const { outbox, spool, stored, timeline } = start({ name: "pc-2" });
    const kept = spool.keep(letter("a", "a", "pc"));
    spool.keep(letter("b", "b", "pc-2"));
    const ending = new AbortController();
    const delivered = outbox.deliverSpooled(ending.signal).catch(() => "given up");
    await timeline.run(() => timeline.count > 20);
    ending.abort();
    assert.deepEqual([await delivered, stored, spool.names()], [1, ["b"], [kept]]);
    const again = start({ name: "pc", spool });
    assert.equal(await again.outbox.deliverSpooled(never), 1);
    assert.deepEqual([again.stored, spool.names()], [["a"], []]);
  });

  test("a letter that is refused while the broker reads its users again is tried again", async () => {
    const { outbox, spool, stored, timeline, broker } = start();
    spool.keep(letter("a"));
    broker.isReadingUsers = true;
    const delivered = outbox.deliverSpooled(never);
    await timeline.run(() => timeline.count > 3);
    assert.deepEqual(stored, []);
    broker.isReadingUsers = false;
    await timeline.run(() => stored.length > 0);
    assert.deepEqual([await delivered, stored, spool.names()], [1, ["a"], []]);
  });
});

describe("letters spooled before something slow", () => {
  test("a letter spooled ahead waits for its longer form, and is dropped with that", async () => {
    const { outbox, spool, stored } = start();
    outbox.keepAhead(letter("a", "short"));
    assert.equal(spool.names().length, 1);
    await outbox.deliverSpooled(never);
    assert.deepEqual(stored, []);
    await outbox.send(letter("a", "longer"), true);
    assert.deepEqual(stored, ["longer"]);
    assert.deepEqual(spool.names(), []);
  });

  test("a letter spooled ahead is delivered once its longer form is given up", async () => {
    const { outbox, spool, stored, told } = start();
    outbox.keepAhead(letter("a", "short"));
    spool.isFull = true;
    await assert.rejects(outbox.send(letter("a", "longer"), true, AbortSignal.abort()));
    assert.deepEqual(told, [], "it is not lost");
    await outbox.deliverSpooled(never);
    assert.deepEqual(stored, ["short"]);
  });

  test("a letter whose longer form is too large is dropped with the shorter one", async () => {
    const { outbox, spool, stored } = start();
    outbox.keepAhead(letter("a", "short"));
    await assert.rejects(outbox.send(letter("a", "x".repeat(101)), true), /told to/);
    await outbox.send(letter("a", "short"), true);
    assert.deepEqual(stored, ["short"]);
    assert.deepEqual(spool.names(), []);
  });
});

test("a result that a list of files would make too large for the broker goes without that list", () => {
  const address = { worker: workerIdFrom("pc"), job: jobName(3), n: 4, attempt: 2, nonce: "nonce" };
  const attempt = new HeldAttempt(address, "claim");
  const file = { size: 1, sha256: "0".repeat(64), chunks: 1 };
  const list = (count: number) => ({
    blob: "files",
    key: new Uint8Array(32),
    files: Array.from({ length: count }, (_, i) => ({ ...file, path: `${i}`.padEnd(200, "界") })),
    leftOut: "",
  });
  const result = (count: number) => {
    const body = { attempt: 2, reports: [], lines: "", hpmax: 1, iters: 1, metrics: {}, titles: {} };
    const { data } = attempt.letter("result", "result", {
      ...body,
      console: "界".repeat(64 * 1024),
      lines: "界".repeat(64 * 1024),
      files: list(count),
    });
    assert.ok(data.length < 1024 ** 2);
    return decodeEvidence({ kind: "result" }, data);
  };
  assert.equal(result(100).files?.files.length, 100);
  assert.equal(result(1000).files, null);
  assert.equal(result(1000).lines?.length, 64 * 1024);
});
