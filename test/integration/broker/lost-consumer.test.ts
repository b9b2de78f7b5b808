import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";

test("a reader that lost its consumer for good ends when its connection is closed", async () => {
  const server = await startNatsServer();
  const bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
  const ask = async (api: string, question: object = {}): Promise<{ readonly consumers?: readonly string[] }> => {
    const answer = await bus.request(`$JS.API.${api}`, Buffer.from(JSON.stringify(question)), patienceMs);
    const found = JSON.parse(Buffer.from(answer).toString()) as { error?: unknown; consumers?: string[] };
    assert.equal(found.error, undefined, `${api}: ${JSON.stringify(found.error)}`);
    return found;
  };
  try {
    await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], max_consumers: 1 });
    let asked = 0;
    bus.subscribe("$JS.API.CONSUMER.CREATE.S.>", () => {
      asked += 1;
    });
    await bus.flush();
    const program = fileURLToPath(new URL("../../support/broker/reader.js", import.meta.url));
    const reader = spawn(process.execPath, [program, server.url, "S"], { stdio: ["pipe", "pipe", "inherit"] });
    mustEnd(reader.pid);
    let said = "";
    reader.stdout.on("data", (data) => {
      said += data;
    });
    await eventually("it reads", () => said.includes("caught up"));
    const [name] = (await ask("CONSUMER.NAMES.S")).consumers ?? [];
    // A consumer that nobody ends must go after half a minute: it counts towards the stream's limit of consumers.
    const { config } = (await ask(`CONSUMER.INFO.S.${name}`)) as { config?: { inactive_threshold: number } };
    assert.equal(config?.inactive_threshold, 30e9);
    await ask(`CONSUMER.DELETE.S.${name}`);
    await ask("CONSUMER.DURABLE.CREATE.S.other", { stream_name: "S", config: { durable_name: "other" } });
    const before = asked;
    await eventually("it asks for another consumer", () => asked > before);
    const ended = once(reader, "exit");
    reader.stdin.end();
    const [code] = await ended;
    assert.equal(code, 0);
    assert.match(said, /closed/);
  } finally {
    await bus.close();
    await server.stop();
  }
});
