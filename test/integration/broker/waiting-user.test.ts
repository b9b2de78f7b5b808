import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";

/** A worker's key may be revoked between its first look at the broker and the connection that it keeps. */
test("whoever waits for a broker hears that it refuses him, also before it ever let him in", async () => {
  const folder = temporaryFolder();
  const users = (password: string): void =>
    writeFileSync(join(folder, "users.conf"), `users: [{ user: ann, password: ${password} }]\n`);
  users("other");
  const config = "authorization { include users.conf }";
  const server = await startNatsServer({ folder, config, hasJetStream: false });
  let refusals = 0;
  const connecting = connectBus({
    url: server.url,
    credentials: { user: "ann", password: "secret" },
    name: "ann",
    waitForBroker: true,
    onRefused: () => {
      refusals += 1;
    },
  });
  await eventually("it hears of it again and again", () => refusals > 5);
  users("secret");
  server.reload();
  const bus = await connecting;
  await bus.flush();
  const before = refusals;
  users("other");
  server.reload();
  await eventually("and of refusals later", () => refusals > before);
  await bus.close();
});

test("whoever waits for a broker is let in once it is there", async () => {
  const server = await startNatsServer({ hasJetStream: false });
  await server.stop();
  const connecting = connectBus({ url: server.url, credentials: {}, name: "ann", waitForBroker: true });
  await server.restart();
  const bus = await connecting;
  await bus.flush();
  await bus.close();
});
