import assert from "node:assert/strict";
import { test } from "node:test";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { leaderKey } from "../../../shared/wire/subjects.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { machine, sealedLeader } from "../../support/stories/sealed-leader.ts";

test("a leader keeps its lead while nothing passes on the connection of its questions", async () => {
  const server = await startNatsServer();
  const plain = await connectBus({ url: server.url, credentials: {}, name: "test" });
  atEnd(() => plain.close());
  await ensureStreams(plain, null, 1);
  const proxy = await TcpProxy.start(() => Number(new URL(server.url).port));
  atEnd(() => proxy.close());
  const leader = await sealedLeader(server.url, machine(), "a", `nats://127.0.0.1:${proxy.port}`);
  await leader.leading;
  proxy.cut();
  const revision = async (): Promise<number> => (await plain.entries.get(leaderKey))?.revision ?? 0;
  const began = await revision();
  await eventually("it has renewed its lead three times", async () => (await revision()) >= began + 3);
  assert.deepEqual(leader.warnings, []);
  proxy.mend();
});
