import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Delivered, type Delivery, readStream } from "../../../../../shared/broker/client/stream-reading.ts";
import { eventually } from "../../../../support/patience.ts";

interface Message {
  readonly seq: number;
}

/** A stream whose deliveries begin when the test lets them, and hand over only what the test gives them. */
class Stream {
  silentMs = 20;
  /** So many deliveries may be replaced for their silence. */
  mostReplaced = Number.POSITIVE_INFINITY;
  readonly begun: { from: number; hear: (delivered: Delivered<Message>) => void; isClosed: boolean }[] = [];
  asked = 0;
  last = 0;
  /** What the stream's leader holds and is read; undefined: everything up to the last. */
  read: readonly number[] | undefined;
  isCluster = false;
  pending = 1;
  stopped = 0;
  gate: Promise<void> = Promise.resolve();

  async deliver(from: number, hear: (delivered: Delivered<Message>) => void): Promise<Delivery> {
    this.asked += 1;
    await this.gate;
    const delivery = { from, hear, isClosed: false };
    this.begun.push(delivery);
    if (this.begun.length > this.mostReplaced) this.silentMs = Number.POSITIVE_INFINITY;
    return {
      pending: this.pending,
      close: async () => {
        delivery.isClosed = true;
      },
    };
  }

  async lastSeq(): Promise<number> {
    return this.last;
  }

  answer: Promise<void> = Promise.resolve();

  async holds(from: number, before: number): Promise<boolean> {
    await this.answer;
    if (this.read) return this.read.some((each) => each >= from && each < before);
    return from <= this.last && from < before;
  }

  hasCopies(): boolean {
    return this.isCluster;
  }

  isConnected(): boolean {
    return true;
  }

  onStopped(): void {
    this.stopped += 1;
  }
}

test("a stream's silent delivery is replaced where it left off, and late messages of the old one come once", async () => {
  const stream = new Stream();
  stream.mostReplaced = 1;
  const seen: number[] = [];
  stream.last = 3;
  const reading = await readStream<Message>(stream, 1, ({ seq }) => seen.push(seq));
  stream.begun[0]?.hear({ message: { seq: 1 }, pending: 2 });
  await eventually("the delivery is replaced", () => stream.begun.length >= 2);
  assert.equal(stream.begun[1]?.from, 2);
  stream.begun[1]?.hear({ message: { seq: 2 }, pending: 1 });
  stream.begun[0]?.hear({ message: { seq: 2 }, pending: 1 });
  stream.begun[1]?.hear({ message: { seq: 3 }, pending: 0 });
  await reading.caughtUp;
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(
    stream.begun.map(({ isClosed }) => isClosed),
    [true, false],
  );
  await reading.stop();
  assert.equal(stream.begun[1]?.isClosed, true);
});

test("a reading stopped while its delivery is replaced leaves no delivery behind and hears no more", async () => {
  const stream = new Stream();
  const seen: number[] = [];
  stream.last = 3;
  const reading = await readStream<Message>(stream, 1, ({ seq }) => seen.push(seq));
  let open = (): void => undefined;
  stream.gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  await delay(3 * stream.silentMs); // by now others have been asked for
  const stopping = reading.stop();
  open();
  await stopping;
  assert.ok(stream.begun.length >= 2, "nothing was being replaced");
  assert.deepEqual(
    stream.begun.filter(({ isClosed }) => !isClosed),
    [],
  );
  for (const { hear } of stream.begun) hear({ message: { seq: 1 }, pending: 0 });
  assert.deepEqual(seen, []);
  const begun = stream.begun.length;
  await delay(3 * stream.silentMs);
  assert.equal(stream.begun.length, begun);
  await reading.stop();
  assert.equal(stream.stopped, 1);
});

test("a reading can be stopped while the delivery that replaces another fails", async () => {
  const stream = new Stream();
  stream.last = 3;
  const reading = await readStream<Message>(stream, 1, () => undefined);
  let fail = (_error: Error): void => undefined;
  stream.gate = new Promise<void>((_resolve, reject) => {
    fail = reject;
  });
  await eventually("a delivery is asked for", () => stream.asked >= 2);
  const stopping = reading.stop();
  fail(new Error("no answer in time"));
  await stopping;
  assert.equal(stream.begun[0]?.isClosed, true);
});

test("a delivery with nothing pending catches up at once, and is kept while nothing more is to be read", async () => {
  const stream = new Stream();
  stream.pending = 0;
  stream.last = 7;
  stream.read = [3];
  const reading = await readStream<Message>(stream, 5, () => undefined);
  await reading.caughtUp;
  await delay(4 * stream.silentMs);
  assert.equal(stream.begun.length, 1);
  stream.read = [3, 7];
  await eventually("the delivery is replaced", () => stream.begun.length >= 2);
  assert.equal(stream.begun[1]?.from, 5);
  await reading.stop();
});

test("messages that a copy of the stream gets later are handed over, although it said that it had no more", async () => {
  for (const read of [undefined, [1, 9, 10]]) {
    const stream = new Stream();
    const seen: number[] = [];
    stream.isCluster = true;
    stream.last = 10;
    stream.read = read;
    const reading = await readStream<Message>(stream, 9, ({ seq }) => seen.push(seq));
    let isCaughtUp = false;
    void reading.caughtUp.then(() => {
      isCaughtUp = true;
    });
    stream.pending = 0;
    await eventually("the delivery is replaced", () => stream.begun.length >= 2);
    await eventually("the old delivery is closed", () => stream.begun[0]?.isClosed);
    assert.equal(isCaughtUp, false, "the copy is behind");
    for (const seq of [9, 10]) stream.begun.at(-1)?.hear({ message: { seq }, pending: 10 - seq, isFirst: seq === 9 });
    await reading.caughtUp;
    assert.deepEqual(seen, [9, 10]);
    await reading.stop();
  }
});

test("a copy of the stream that begins in the middle is not read: another hands over what it lacks", async () => {
  const stream = new Stream();
  const seen: number[] = [];
  stream.isCluster = true;
  stream.last = 12;
  const reading = await readStream<Message>(stream, 9, ({ seq }) => seen.push(seq));
  for (const seq of [11, 12]) stream.begun[0]?.hear({ message: { seq }, pending: 12 - seq, isFirst: seq === 11 });
  await eventually("the delivery is replaced", () => stream.begun.length >= 2);
  assert.equal(stream.begun[1]?.from, 9);
  for (const seq of [9, 10, 11, 12]) stream.begun[1]?.hear({ message: { seq }, pending: 12 - seq, isFirst: seq === 9 });
  await reading.caughtUp;
  assert.deepEqual(seen, [9, 10, 11, 12]);
  await reading.stop();
});

test("messages after some that are not read, or are gone, are handed over in order", async () => {
  const stream = new Stream();
  const seen: number[] = [];
  stream.isCluster = true;
  stream.last = 12;
  stream.read = [3, 11, 12];
  const reading = await readStream<Message>(stream, 9, ({ seq }) => seen.push(seq));
  for (const seq of [11, 12]) stream.begun[0]?.hear({ message: { seq }, pending: 12 - seq, isFirst: seq === 11 });
  await reading.caughtUp;
  assert.deepEqual(seen, [11, 12]);
  assert.equal(stream.begun.length, 1);
  await reading.stop();
});

test("a delivery goes on although the check of its beginning is answered late", async (t) => {
  const stream = new Stream();
  const seen: number[] = [];
  stream.isCluster = true;
  stream.last = 12;
  stream.read = [11, 12];
  let answer = (): void => undefined;
  stream.answer = new Promise((resolve) => {
    answer = resolve;
  });
  let now = 0;
  const clock = t.mock.method(performance, "now", () => now);
  const reading = await readStream<Message>(stream, 9, ({ seq }) => seen.push(seq));
  stream.begun[0]?.hear({ message: { seq: 11 }, pending: 1, isFirst: true });
  now = 1000;
  stream.begun[0]?.hear({ message: { seq: 12 }, pending: 0 });
  const lastSeq = t.mock.method(stream, "lastSeq");
  const looked = clock.mock.callCount() + 5;
  for (let i = 0; clock.mock.callCount() < looked && i < 1000; i += 1) await delay(stream.silentMs);
  assert.equal(lastSeq.mock.callCount(), 0, "it counts as silent");
  answer();
  await reading.caughtUp;
  assert.deepEqual(seen, [11, 12]);
  await reading.stop();
});

test("a handler that throws after the check of a delivery's beginning ends only that delivery", async () => {
  const stream = new Stream();
  const seen: number[] = [];
  stream.isCluster = true;
  stream.last = 13;
  stream.read = [11, 12, 13];
  const reading = await readStream<Message>(stream, 9, ({ seq }) => {
    if (seq === 11) throw new Error("cannot be read");
    seen.push(seq);
  });
  for (const seq of [11, 12]) stream.begun[0]?.hear({ message: { seq }, pending: 13 - seq, isFirst: seq === 11 });
  await eventually("the delivery is replaced", () => stream.begun.length >= 2);
  assert.equal(stream.begun[1]?.from, 12);
  for (const seq of [12, 13]) stream.begun[1]?.hear({ message: { seq }, pending: 13 - seq, isFirst: seq === 12 });
  await reading.caughtUp;
  assert.deepEqual(seen, [12, 13]);
  await reading.stop();
});

test("a reading of a stream whose first delivery fails rejects the call", async () => {
  const stream = new Stream();
  stream.gate = Promise.reject(new Error("no such stream"));
  await assert.rejects(
    readStream<Message>(stream, 1, () => undefined),
    /no such stream/,
  );
  stream.gate = Promise.resolve();
  await delay(3 * stream.silentMs);
  assert.equal(stream.begun.length, 0);
});
