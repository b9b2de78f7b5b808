import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Deposed, type JournalPorts, JournalWriter, RecordTooLarge } from "../../../coordinator/leader/journal.ts";
import { serve } from "../../../coordinator/leader/service.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { systemChance } from "../../../shared/chance.ts";
import type { Led } from "../../../shared/domain/fold/events.ts";
import { BrokerError, JournalCorruptError } from "../../../shared/errors.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { decodeEvents } from "../../../shared/wire/messages.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { silentLog } from "../../support/stories/reign.ts";

const led = (term: number): Led => ({ type: "led", term, leader: `leader-${term}`, at: 0 });

describe("the journal's fence", () => {
  let server: Awaited<ReturnType<typeof startNatsServer>>;
  let bus: CoordinatorBus;
  let ports: JournalPorts;

  before(async () => {
    server = await startNatsServer();
    bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
    ports = { bus, clock: systemClock, chance: systemChance };
    await ensureStreams(bus, null, 1);
  });
  after(async () => {
    await bus.close();
    await server.stop();
  });

  /** A coordinator's service that leads until stopped; it checks the store every 0.2 s. */
  function leader(name: string, publishUsers = async (): Promise<void> => undefined) {
    const clock = { ...systemClock, every: (ms: number, act: () => void) => systemClock.every(Math.min(ms, 200), act) };
    const stop = new AbortController();
    let begun: () => void = () => undefined;
    const leading = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const over = serve(
      {
        ...ports,
        clock,
        log: silentLog,
        identity: { leader: name, host: "here", pid: 1, started: "now" },
        leaseMs: 1000,
        isKnownDead: () => false,
        drawSeed: () => 1,
        publishUsers,
        writeSnapshot: async () => undefined,
        onLeading: (leads) => {
          if (leads) begun();
        },
      },
      stop.signal,
    );
    return { leading: Promise.race([leading, over]), stop: () => stop.abort(), over };
  }

  /** Terms of all records after a sequence, in order, and the number of messages that hold them. */
  async function stored(after = 0): Promise<{ terms: number[]; messages: number }> {
    const terms: number[] = [];
    let messages = 0;
    const reading = await bus.read("JRN", after + 1, ({ data }) => {
      messages += 1;
      for (const event of decodeEvents(data)) terms.push((event as Led).term);
    });
    await reading.caughtUp;
    await reading.stop();
    return { terms, messages };
  }

  test("appends made without waiting are stored in the order of the calls, several in one message", async () => {
    const writer = new JournalWriter(ports, 1, await bus.lastSeq("JRN"), () => undefined);
    const seqs = await Promise.all(Array.from({ length: 200 }, (_, i) => writer.append(led(i + 1))));
    const { terms, messages } = await stored();
    assert.deepEqual(
      terms,
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
    assert.ok(messages < 20, `${messages} messages`);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    assert.equal(seqs.at(-1), messages);
  });

  test("a woken leader's waiting appends are all refused, even those whose sequence would fit", async () => {
    const last = await bus.lastSeq("JRN");
    let why = "";
    const zombie = new JournalWriter(ports, 2, last, (text) => {
      why = text;
    });
    const successor = new JournalWriter(ports, 3, last, () => undefined);
    await successor.append(led(1003));
    // The first of these expects `last`, which is wrong; the second expects last + 1, which the successor's record has.
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => zombie.append(led(1002))));
    assert.ok(attempts.every((each) => each.status === "rejected" && each.reason instanceof Deposed));
    assert.match(why, /written by another coordinator/);
    await assert.rejects(zombie.append(led(1002)), Deposed);
    assert.equal(await bus.lastSeq("JRN"), last + 1);
    await successor.append(led(1004));
  });

  test("a journal that lost its leader entry is led under a higher term than its own", async () => {
    const before = new JournalWriter(ports, 3000, await bus.lastSeq("JRN"), () => undefined);
    await before.append(led(3000));
    const { leading, stop, over } = leader("anew");
    await leading;
    stop();
    await over;
    assert.equal((await readJournal(bus)).term, 3001);
  });

  test("a leader that cannot write the list of workers leads, and tries again", async () => {
    let tries = 0;
    const { leading, stop, over } = leader("stubborn", async () => {
      tries += 1;
      if (tries === 1) throw new BrokerError("no space left on the device");
    });
    await leading;
    await eventually("the list was written", () => tries >= 2);
    stop();
    await over;
  });

  test("records too large for one message are stored in several, in the order of the calls", async () => {
    const first = (await bus.lastSeq("JRN")) + 1;
    const writer = new JournalWriter(ports, 5, first - 1, () => assert.fail("deposed"));
    const long = (i: number): Led => ({ ...led(4000 + i), leader: `${i}`.repeat(30_000).slice(0, 60_000) });
    const seqs = await Promise.all(Array.from({ length: 100 }, (_, i) => writer.append(long(i))));
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    assert.equal(writer.stored, await bus.lastSeq("JRN"));
    const { terms, messages } = await stored(first - 1);
    assert.deepEqual(
      terms,
      Array.from({ length: 100 }, (_, i) => 4000 + i),
    );
    assert.ok(messages < 30, `${messages} messages`);
  });

  test("a single record that is too large ends the reign, once, with an error that names its kind", async () => {
    const last = await bus.lastSeq("JRN");
    const said: string[] = [];
    const writer = new JournalWriter(ports, 6, last, (why) => said.push(why));
    await assert.rejects(writer.append({ ...led(6), leader: "x".repeat(2_000_000) }), RecordTooLarge);
    assert.match(said.join("|"), /^RecordTooLarge: a record "led" is too large for the journal: [^|]*$/);
    assert.equal(await bus.lastSeq("JRN"), last);
  });

  test("every append ends exactly once, in order, when the broker is killed under load", async () => {
    const first = (await bus.lastSeq("JRN")) + 1;
    const writer = new JournalWriter(ports, 4, first - 1, () => assert.fail("deposed"));
    const appends: Promise<number>[] = [];
    const feed = setInterval(() => appends.push(writer.append(led(2000 + appends.length))), 1);
    await eventually("some are stored", () => appends.length > 100);
    await server.kill();
    await server.restart();
    const before = appends.length;
    await eventually("more were appended", () => appends.length > before + 100);
    clearInterval(feed);
    const seqs = await Promise.all(appends);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    const { terms } = await stored(first - 1);
    assert.deepEqual(
      terms,
      Array.from({ length: appends.length }, (_, i) => 2000 + i),
    );
  });

  test("a store that went back under a running leader is reported, and nothing more is written", async () => {
    const emptyJournal = async (): Promise<void> => {
      await bus.request("$JS.API.STREAM.DELETE.JRN", new Uint8Array(0), patienceMs);
      await ensureStreams(bus, null, 1);
    };
    await emptyJournal(); // what the tests above have left there is no history
    const { leading, over } = leader("watchful");
    await leading;
    const last = await bus.lastSeq("JRN");
    assert.ok(last > 0);
    await emptyJournal();
    await assert.rejects(over, (error: Error) => {
      assert.ok(error instanceof JournalCorruptError);
      assert.match(error.message, /^records? 1.* of the journal (is|are) missing: the broker's store/);
      return true;
    });
    assert.equal(await bus.lastSeq("JRN"), 0);
  });
});
