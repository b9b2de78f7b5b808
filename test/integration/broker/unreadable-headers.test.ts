import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { RawClient } from "../../audit/raw-client.ts";
import { startNatsServer, type TestServer } from "../../support/broker/nats-server.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";

/** Headers that nats-server lets through and the client cannot read. A connection must keep reading after one. */
const unreadable = ["Nats-Msg-Id: a\n\nb", "K: a\rb", "K\x01: x", ": x", "\xff\xfe: x", "no colon"];

describe("headers that the client cannot read", () => {
  let server: TestServer;
  let bus: CoordinatorBus;
  let attacker: RawClient;

  before(async () => {
    server = await startNatsServer();
    bus = await connectBus({ url: server.url, credentials: {}, name: "reader" });
    atEnd(() => bus.close());
    await bus.makeStreams([{ name: "EV", subjects: ["ev.>"], maxBytes: -1 }], 1);
    attacker = await RawClient.connect(server.port);
    atEnd(() => attacker.end());
  });

  it("headers that the client cannot read leave a stream to be read on, and count for none", async () => {
    const heard: [string, string][] = [];
    const reading = await bus.read("EV", 1, ({ msgId, data }) => heard.push([msgId, Buffer.from(data).toString()]));
    for (const head of unreadable) attacker.publish("ev.x", "bad", { head });
    attacker.publish("ev.x", "good", { head: "Nats-Msg-Id: 1" });
    await attacker.sync();
    await eventually("the last message", () => heard.length === unreadable.length + 1);
    assert.deepEqual(heard.at(-1), ["1", "good"]);
    assert.equal(heard[0]?.[0], "");
    await reading.stop();
  });

  it("headers that the client cannot read leave questions to be answered, and answers to be heard", async () => {
    const asked: string[] = [];
    const end = bus.respond("ask.*", (_, data, reply) => {
      asked.push(Buffer.from(data).toString());
      reply(data);
    });
    await bus.flush();
    for (const head of unreadable) attacker.publish("ask.a", "bad", { head, reply: "r" });
    await attacker.sync();
    assert.equal(Buffer.from(await bus.request("ask.b", Buffer.from("good"), patienceMs)).toString(), "good");
    assert.deepEqual(asked, [...unreadable.map(() => "bad"), "good"]);
    end();

    attacker.subscribe("service");
    await attacker.sync();
    const answer = bus.request("service", Buffer.from("x"), patienceMs);
    await eventually("the question", () => attacker.messages.some(({ subject }) => subject === "service"));
    const { reply } = attacker.messages.find(({ subject }) => subject === "service") ?? { reply: "" };
    for (const head of unreadable) attacker.publish(reply.replace(/\.[^.]*$/, ".other"), "", { head });
    attacker.publish(reply, "answer", { head: unreadable[0] ?? "" });
    assert.equal(Buffer.from(await answer).toString(), "answer");
  });
});
