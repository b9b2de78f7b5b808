import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Bus, BusError } from "../../shared/ports.ts";
import { eventually } from "../support/patience.ts";
import type { BusImplementation } from "./bus-rig.ts";
import { bytes, fails, testsOn, text } from "./conform.ts";

/** For what must not happen: what was on its way has arrived by then. */
const settleMs = 150;
/** For what is to be answered. */
const longMs = 60_000;

/** What everybody relies on who asks, answers, tells and listens. */
export function messagesSuite(implementation: BusImplementation): void {
  const { name, promises } = implementation;
  const test = testsOn(implementation);

  describe(`questions on ${name}`, { concurrency: 4 }, () => {
    test("a question that nobody listens to fails soon, long before its limit", async (_, bus) => {
      await fails(bus.request("ask.w1", bytes("?"), longMs), "nobody answered");
    });

    test("an answer comes back as it was given, an empty one too", async (rig, bus) => {
      const other = await rig.connect();
      other.respond("ask.*", (subject, data, reply, status) => {
        assert.deepEqual(status, { code: 0, text: "" });
        reply(data.length === 0 ? data : bytes(`${subject} ${text(data)}`));
      });
      await other.flush();
      assert.equal(text(await bus.request("ask.w1", bytes("who?"), longMs)), "ask.w1 who?");
      assert.equal((await bus.request("ask.w2", new Uint8Array(0), longMs)).length, 0);
    });

    test("an answer may come later, from an event that has nothing to do with the question", async (rig, bus) => {
      const other = await rig.connect();
      let answer: (data: Uint8Array) => void = () => assert.fail("nobody asked");
      other.respond("op.me", (_, __, reply) => {
        answer = reply;
      });
      other.subscribe("ctl.all", () => answer(bytes("now")));
      await other.flush();
      const asked = bus.request("op.me", bytes("?"), longMs);
      await bus.flush();
      bus.publish("ctl.all", bytes("go"));
      assert.equal(text(await asked), "now");
    });

    test("a question that is heard and not answered ends at its limit", async (rig, bus) => {
      const other = await rig.connect();
      other.respond("ask.w1", () => undefined);
      await other.flush();
      await fails(bus.request("ask.w1", bytes("?"), 50), "no answer in time");
    });

    test("of two who answer both hear, and the first answer counts", async (rig, bus) => {
      let heard = 0;
      for (const who of ["a", "b"]) {
        const other = await rig.connect();
        other.respond("ask.w1", (_, __, reply) => {
          heard += 1;
          reply(bytes(who));
        });
        await other.flush();
      }
      assert.match(text(await bus.request("ask.w1", bytes("?"), longMs)) ?? "", /^[ab]$/);
      await eventually("both have heard", () => heard === 2);
    });

    test("who answers also hears what wants no answer, and its reply does nothing then", async (rig, bus) => {
      const heard: string[] = [];
      bus.respond("enrol", (_, data, reply) => {
        heard.push(text(data) ?? "");
        reply(bytes("yes"));
      });
      await bus.flush();
      (await rig.connect()).publish("enrol", bytes("told"));
      await eventually("it is heard", () => heard.length === 1);
      assert.deepEqual(heard, ["told"]);
    });

    test("who has stopped answering hears nothing more, not even what was on its way", async (rig, bus) => {
      let heard = 0;
      const stop = bus.respond("ask.w1", () => {
        heard += 1;
      });
      await bus.flush();
      const other = await rig.connect();
      for (let i = 0; i < 20; i += 1) other.publish("ask.w1", bytes("?"));
      await eventually("the first is heard", () => heard > 0);
      stop();
      const then = heard;
      await rig.pause(settleMs);
      assert.equal(heard, then);
      await bus.flush();
      await fails(other.request("ask.w1", bytes("?"), longMs), "nobody answered");
    });
  });

  describe(`messages on ${name}`, { concurrency: 4 }, () => {
    test("all who listen hear, the one who tells too, in the order of the calls", async (rig, bus) => {
      const other = await rig.connect();
      const heard: Record<string, string[]> = { bus: [], other: [] };
      bus.subscribe("status", (_, data) => heard["bus"]?.push(text(data) ?? ""));
      other.subscribe("status", (_, data) => heard["other"]?.push(text(data) ?? ""));
      await Promise.all([bus.flush(), other.flush()]);
      const told = Array.from({ length: 50 }, (_, i) => `${i}`);
      for (const each of told) bus.publish("status", bytes(each));
      await eventually("all have heard all", () => Object.values(heard).every(({ length }) => length === 50));
      assert.deepEqual(heard, { bus: told, other: told });
    });

    test("in a pattern * stands for one word, and a last > for one or more", async (rig, bus) => {
      const heard: string[] = [];
      const patterns = ["ev.*.job1.*.result", "ctl.>", "ask.*", "plain"];
      for (const pattern of patterns) bus.subscribe(pattern, (subject) => heard.push(`${pattern}: ${subject}`));
      await bus.flush();
      const other = await rig.connect();
      const subjects = ["ev.w1.job1.7.result", "ev.w1.job2.7.result", "ctl.all", "ctl.w.1", "ctl", "ask.a", "ask.a.b"];
      for (const subject of [...subjects, "plain", "plain.not"]) other.publish(subject, bytes("x"));
      const expected = [
        "ask.*: ask.a",
        "ctl.>: ctl.all",
        "ctl.>: ctl.w.1",
        "ev.*.job1.*.result: ev.w1.job1.7.result",
        "plain: plain",
      ];
      await eventually("the last is heard", () => heard.includes("plain: plain"));
      await rig.pause(settleMs);
      assert.deepEqual(heard.sort(), expected);
    });

    test("two who listen under patterns that overlap each hear the message once", async (_, bus) => {
      const heard: string[] = [];
      for (const pattern of ["ctl.*", "ctl.all", "ctl.>"]) bus.subscribe(pattern, () => heard.push(pattern));
      await bus.flush();
      bus.publish("ctl.all", bytes("x"));
      await eventually("all three hear", () => heard.length === 3);
      assert.deepEqual(heard.sort(), ["ctl.*", "ctl.>", "ctl.all"]);
    });

    test("after flush the broker knows of every subscription made before", async (rig, bus) => {
      for (let i = 0; i < 5; i += 1) {
        const other = await rig.connect();
        other.respond(`ask.w${i}`, (_, __, reply) => reply(bytes("yes")));
        await other.flush();
        assert.equal(text(await bus.request(`ask.w${i}`, bytes("?"), longMs)), "yes");
      }
    });

    test("what is larger than the broker takes is refused by the call itself, and nothing is sent", async (_, bus) => {
      const large = new Uint8Array(2 ** 20);
      const heard: number[] = [];
      bus.subscribe("status", (_subject, data) => heard.push(data.length));
      await bus.flush();
      const tooLarge = ({ reason }: BusError): boolean => reason === "too large";
      assert.throws(() => bus.publish("status", large), tooLarge);
      await fails(bus.request("status", large, longMs), "too large");
      await fails(bus.store("jrn.ws.op", large, { msgId: "a" }), "too large");
      bus.publish("status", new Uint8Array(2 ** 20 - 2048));
      await eventually("the one that fits is heard", () => heard.length > 0);
      assert.deepEqual(heard, [2 ** 20 - 2048]);
      assert.equal(await bus.lastSeq("JRN"), 0);
    });

    test("no handler is called before the call that gave it has returned", async (_, bus) => {
      let hasReturned = false;
      bus.subscribe("status", () => assert.ok(hasReturned));
      bus.publish("status", bytes("x"));
      hasReturned = true;
      await bus.flush();
      let isSent = false;
      bus.subscribe("ctl.all", () => assert.ok(isSent, "it was heard within publish"));
      await bus.flush();
      bus.publish("ctl.all", bytes("x"));
      isSent = true;
      await bus.flush();
    });
  });

  describe(`a connection with ${name}`, { concurrency: 4 }, () => {
    test("after close everything rejects with closed, but publish, which does nothing", async (_, bus) => {
      await bus.close();
      await bus.close();
      assert.equal(bus.isConnected(), false);
      bus.publish("status", bytes("x"));
      for (const ask of [
        () => bus.request("ask.w1", bytes("?"), 1000),
        () => bus.store("jrn.ws.op", bytes("x"), { msgId: "a" }),
        () => bus.read("JRN", 1, () => undefined),
        () => bus.lastSeq("JRN"),
        () => bus.newest("JRN", "jrn.ws.op"),
        () => bus.subjects("JRN", ">"),
        () => bus.purge("BLOB", "blob.>"),
        () => bus.flush(),
        () => bus.entries.get("leader"),
        () => bus.entries.create("leader", bytes("x")),
        () => bus.entries.update("leader", bytes("x"), 1),
      ])
        await fails(ask(), "closed");
    });

    test("what waits when it is closed rejects with closed, and nobody hears anything more", async (rig, bus) => {
      const other = await rig.connect();
      other.respond("ask.w1", () => undefined);
      await other.flush();
      let heard = 0;
      bus.subscribe("ctl.all", () => {
        heard += 1;
      });
      await bus.flush();
      const waiting = fails(bus.request("ask.w1", bytes("?"), longMs), "closed");
      other.publish("ctl.all", bytes("x"));
      await bus.close();
      await waiting;
      const then = heard;
      other.publish("ctl.all", bytes("x"));
      await other.flush();
      await rig.pause(settleMs);
      assert.equal(heard, then);
    });

    test("a broker that dies and comes back: who listened hears again, and is told once of each return", async (rig, bus) => {
      const returns: string[] = [];
      bus.onReconnect(() => returns.push("told"));
      bus.onReconnect(() => returns.push("not told"))();
      bus.respond("ask.w1", (_, __, reply) => reply(bytes("yes")));
      await bus.flush();
      const other = await rig.connect();
      await rig.kill();
      await eventually("both have noticed", () => !bus.isConnected() && !other.isConnected());
      await fails(other.request("ask.w1", bytes("?"), 200), "not connected", "no answer in time", "nobody answered");
      other.publish("status", bytes("lost, or sent later"));
      await rig.restart();
      await eventually("both are back", () => bus.isConnected() && other.isConnected());
      await bus.flush();
      assert.equal(text(await patiently(other, "ask.w1")), "yes");
      assert.deepEqual(returns, ["told"]);
    });

    test("what a broker that stands still was asked it does when it goes on, though nobody waits any more", async (rig, bus) => {
      await bus.store("jrn.ws.op", bytes("first"), { msgId: "1" });
      await rig.freeze();
      await fails(bus.store("jrn.ws.op", bytes("second"), { msgId: "2", timeoutMs: 200 }), "no answer in time");
      await fails(bus.request("ask.w1", bytes("?"), 200), "no answer in time");
      rig.thaw();
      await eventually("it is stored", async () => (await bus.lastSeq("JRN")) === 2);
      assert.equal(text(await bus.newest("JRN", "jrn.ws.op")), "second");
    });

    test(
      promises.knowsUsers
        ? "what a user has no right to is refused, and not stored"
        : "it knows no users: everybody may store everything (only a real broker refuses)",
      async (rig, bus) => {
        const other = await rig.connectGuest();
        await other.store("ev.w1.job1.1.result", bytes("x"), { msgId: "1" });
        const stored = other.store("jrn.ws.op", bytes("x"), { msgId: "2" });
        if (promises.knowsUsers) await fails(stored, "refused");
        else assert.deepEqual(await stored, { seq: 1, duplicate: false });
        assert.equal(await bus.lastSeq("JRN"), promises.knowsUsers ? 0 : 1);
      },
    );
  });
}

/** Asked until the one who answers is back too. */
function patiently(bus: Bus, subject: string): Promise<Uint8Array> {
  return eventually("it is answered", () => bus.request(subject, bytes("?"), 500).catch(() => undefined));
}
