import assert from "node:assert/strict";
import { test } from "node:test";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { leaderKey } from "../../../shared/wire/subjects.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { mayAnswerLater } from "../../support/processes/patient-link.ts";
import { machine, sealedLeader } from "../../support/stories/sealed-leader.ts";

/** A server, and a proxy in front of it that can be cut. */
async function way() {
  const server = await startNatsServer();
  const plain = await connectBus({ url: server.url, credentials: {}, name: "test" });
  atEnd(() => plain.close());
  await ensureStreams(plain, null, 1);
  const proxy = await TcpProxy.start(() => Number(new URL(server.url).port));
  atEnd(() => proxy.close());
  return { server, plain, proxy, heldUrl: `nats://127.0.0.1:${proxy.port}` };
}

test("a leader keeps its lead while nothing passes on the connection of its questions", async () => {
  const { server, plain, proxy, heldUrl } = await way();
  const leader = await sealedLeader(server.url, machine(), "a", heldUrl);
  await leader.leading;
  proxy.cut();
  const revision = async (): Promise<number> => {
    try {
      return (await plain.entries.get(leaderKey))?.revision ?? 0;
    } catch (error) {
      if (!mayAnswerLater(error)) throw error;
      return 0;
    }
  };
  const began = await eventually("its entry is there", async () => (await revision()) || undefined);
  await eventually("it has renewed its lead three times", async () => (await revision()) >= began + 3);
  assert.deepEqual(leader.warnings, []);
  proxy.mend();
});

test("a leader that hears no question for three leases steps down, and stands by until it hears again", async () => {
  const { server, proxy, heldUrl } = await way();
  const paths = machine();
  const first = await sealedLeader(server.url, paths, "a", heldUrl, 1500);
  await first.leading;
  const second = await sealedLeader(server.url, paths, "b", server.url, 1500);
  proxy.cut();
  await second.leading;
  assert.match(first.warnings.join("\n"), /no longer leading: for three leases no question could reach it/);
  await second.stop();
  proxy.mend();
  await eventually("it leads again", () => first.times() === 2);
});
