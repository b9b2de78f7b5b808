import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Bus, BusError } from "../../shared/ports.ts";
import type { BusImplementation, BusRig } from "./bus-rig.ts";
import { bytes, entry, fails, testsOn, text } from "./conform.ts";

/** Time after which everything in flight has arrived, for asserting that something does not happen. */
const settleMs = 150;
/** Timeout of requests that are expected to be answered. */
const longMs = 60_000;

/** Requests, messages and connections. */
export function messagesSuite(implementation: BusImplementation): void {
  const { name, promises } = implementation;
  const test = testsOn(implementation);

  describe(`requests on ${name}`, { concurrency: 4 }, () => {
    test("a request that nobody listens to fails long before its timeout", async (_, bus) => {
      await fails(bus.request("ask.w1", bytes("?"), longMs), "nobody answered");
    });

    test("a reply comes back as it was given, an empty one too", async (rig, bus) => {
      const other = await rig.connect();
      other.respond("ask.*", (subject, data, reply, status) => {
        assert.deepEqual(status(), { code: 0, text: "" });
        reply(data.length === 0 ? data : bytes(`${subject} ${text(data)}`));
      });
      await other.flush();
      assert.equal(text(await bus.request("ask.w1", bytes("who?"), longMs)), "ask.w1 who?");
      assert.equal((await bus.request("ask.w2", new Uint8Array(0), longMs)).length, 0);
    });

    test("a reply may be sent later, from an unrelated event", async (rig, bus) => {
      const other = await rig.connect();
      let answer: (data: Uint8Array) => void = () => assert.fail("nobody asked");
      other.respond("op.me", (_, __, reply) => {
        answer = reply;
      });
      other.subscribe("ctl.all", () => answer(bytes("now")));
      await other.flush();
      const asked = bus.request("op.me", entry("?"), longMs);
      await bus.flush();
      bus.publish("ctl.all", bytes("go"));
      assert.equal(text(await asked), "now");
    });

    test("a request that is heard but not answered ends at its timeout", async (rig, bus) => {
      const other = await rig.connect();
      other.respond("ask.w1", () => undefined);
      await other.flush();
      await fails(bus.request("ask.w1", bytes("?"), 50), "no answer in time");
    });

    test("two responders both hear a request, and the first reply counts", async (rig, bus) => {
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
      await rig.until("both have heard", () => heard === 2);
    });

    test("a responder also hears plain messages, and its reply to them does nothing", async (rig, bus) => {
      const heard: string[] = [];
      bus.respond("enrol", (_, data, reply) => {
        heard.push(text(data) ?? "");
        reply(bytes("yes"));
      });
      await bus.flush();
      (await rig.connect()).publish("enrol", bytes("told"));
      await rig.until("it is heard", () => heard.length === 1);
      assert.deepEqual(heard, ["told"]);
    });

    test("a responder that was ended hears nothing more, not even what was in flight", async (rig, bus) => {
      let heard = 0;
      const stop = bus.respond("ask.w1", () => {
        heard += 1;
      });
      await bus.flush();
      const other = await rig.connect();
      for (let i = 0; i < 20; i += 1) other.publish("ask.w1", bytes("?"));
      await rig.until("the first is heard", () => heard > 0);
      stop();
      const then = heard;
      await rig.pause(settleMs);
      assert.equal(heard, then);
      await bus.flush();
      await fails(other.request("ask.w1", bytes("?"), longMs), "nobody answered");
    });
  });

  describe(`messages on ${name}`, { concurrency: 4 }, () => {
    test("every subscriber hears a message, the publisher too, in the order of the calls", async (rig, bus) => {
      const other = await rig.connect();
      const heard: Record<string, string[]> = { bus: [], other: [] };
      bus.subscribe("status", (_, data) => heard["bus"]?.push(text(data) ?? ""));
      other.subscribe("status", (_, data) => heard["other"]?.push(text(data) ?? ""));
      await Promise.all([bus.flush(), other.flush()]);
      const told = Array.from({ length: 50 }, (_, i) => `${i}`);
      for (const each of told) bus.publish("status", bytes(each));
      await rig.until("all have heard all", () => Object.values(heard).every(({ length }) => length === 50));
      assert.deepEqual(heard, { bus: told, other: told });
    });

    test("a subject's pattern matches one word by *, and one or more by a final >", async (rig, bus) => {
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
      await rig.until("the last is heard", () => heard.includes("plain: plain"));
      await rig.pause(settleMs);
      assert.deepEqual(heard.sort(), expected);
    });

    test("overlapping subscriptions each hear a message once", async (rig, bus) => {
      const heard: string[] = [];
      for (const pattern of ["ctl.*", "ctl.all", "ctl.>"]) bus.subscribe(pattern, () => heard.push(pattern));
      await bus.flush();
      bus.publish("ctl.all", bytes("x"));
      await rig.until("all three hear", () => heard.length === 3);
      assert.deepEqual(heard.sort(), ["ctl.*", "ctl.>", "ctl.all"]);
    });

    test("after flush the broker knows every earlier subscription", async (rig, bus) => {
      for (let i = 0; i < 5; i += 1) {
        const other = await rig.connect();
        other.respond(`ask.w${i}`, (_, __, reply) => reply(bytes("yes")));
        await other.flush();
        assert.equal(text(await bus.request(`ask.w${i}`, bytes("?"), longMs)), "yes");
      }
    });

    test("a message larger than the broker takes is refused before anything is sent", async (rig, bus) => {
      const large = new Uint8Array(2 ** 20);
      const heard: number[] = [];
      bus.subscribe("status", (_subject, data) => heard.push(data.length));
      await bus.flush();
      const tooLarge = ({ reason }: BusError): boolean => reason === "too large";
      assert.throws(() => bus.publish("status", large), tooLarge);
      await fails(bus.request("status", large, longMs), "too large");
      await fails(bus.store("jrn.ws.op", large, { msgId: "a" }), "too large");
      bus.publish("status", new Uint8Array(2 ** 20 - 2048));
      await rig.until("the one that fits is heard", () => heard.length > 0);
      assert.deepEqual(heard, [2 ** 20 - 2048]);
      assert.equal(await bus.lastSeq("JRN"), 0);
    });

    test("no handler runs before the call that registered it has returned", async (_, bus) => {
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
    test("after close every call of a bus rejects with closed, except publish, which does nothing", async (_, bus) => {
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
        () => bus.entries.create("leader", entry("x")),
        () => bus.entries.update("leader", entry("x"), 1),
      ])
        await fails(ask(), "closed");
    });

    test("closing a bus rejects what waits with closed and ends every subscription", async (rig, bus) => {
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

    test("when the broker dies and returns, subscriptions resume and each reconnection is told once", async (rig, bus) => {
      const returns: string[] = [];
      bus.onReconnect(() => returns.push("told"));
      bus.onReconnect(() => returns.push("not told"))();
      bus.respond("ask.w1", (_, __, reply) => reply(bytes("yes")));
      await bus.flush();
      const other = await rig.connect();
      await rig.kill();
      await rig.until("both have noticed", () => !bus.isConnected() && !other.isConnected());
      await fails(other.request("ask.w1", bytes("?"), 200), "not connected", "no answer in time", "nobody answered");
      other.publish("status", bytes("lost, or sent later"));
      await rig.restart();
      await rig.until("both are back", () => bus.isConnected() && other.isConnected());
      await bus.flush();
      assert.equal(text(await patiently(rig, other, "ask.w1")), "yes");
      assert.deepEqual(returns, ["told"]);
    });

    test("a connection that is given up is made anew: what waits is told so, and subscriptions go on", async (rig, bus) => {
      const other = await rig.connect();
      // Heard, and never answered.
      other.respond("ask.w1", () => undefined);
      bus.respond("ask.w2", (_, __, reply) => reply(bytes("yes")));
      await other.flush();
      await bus.flush();
      const waiting = fails(bus.request("ask.w1", bytes("?"), longMs), "not connected");
      bus.reconnect();
      await waiting;
      await rig.until("it is back", () => bus.isConnected());
      assert.equal(text(await patiently(rig, other, "ask.w2")), "yes");
    });

    test("a frozen broker does what it was asked when it thaws, although nobody waits any more", async (rig, bus) => {
      await bus.store("jrn.ws.op", bytes("first"), { msgId: "1" });
      await rig.freeze();
      await fails(bus.store("jrn.ws.op", bytes("second"), { msgId: "2", timeoutMs: 200 }), "no answer in time");
      await fails(bus.request("ask.w1", bytes("?"), 200), "no answer in time");
      rig.thaw();
      await rig.until("it is stored", async () => (await bus.lastSeq("JRN")) === 2);
      assert.equal(text(await bus.newest("JRN", "jrn.ws.op")), "second");
    });

    test(
      promises.knowsUsers
        ? "a store without the right to it is refused"
        : "the simulator knows no users: everybody may store everything (difference from nats-server)",
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

/** Repeats the request until its responder has reconnected too. */
function patiently(rig: BusRig, bus: Bus, subject: string): Promise<Uint8Array> {
  return rig.until("it is answered", () => bus.request(subject, bytes("?"), 500).catch(() => undefined));
}
