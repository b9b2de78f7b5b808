import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { connect, type NatsConnection, nkeyAuthenticator } from "nats";
import { workersConfiguration } from "../../../shared/broker/access/accounts.ts";
import { newUserPair } from "../../../shared/broker/nkey.ts";
import { type HeldBroker, holdBroker } from "../../../shared/broker/server/server.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { nexus } from "../../support/processes/nexus-command.ts";

/** An entry that an earlier version let in, or that a later server refuses, must keep nobody else out. */
describe("a list of users that nats-server refuses", () => {
  const folder = temporaryFolder();
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: `${folder}/data` });
  const good = { id: "good" as WorkerId, ...newUserPair() };
  const other = { id: "other" as WorkerId, ...newUserPair() };
  let broker: HeldBroker | undefined;
  after(() => broker?.release());

  const hold = async (): Promise<HeldBroker> => {
    broker = await holdBroker(paths, { kind: "coordinator", log: () => undefined });
    return broker;
  };
  const letGo = async (): Promise<void> => {
    await broker?.release();
    broker = undefined;
  };
  async function letsIn({ seed }: { readonly seed: string }): Promise<boolean> {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
    let connection: NatsConnection;
    try {
      connection = await connect({ servers: broker?.url ?? "", authenticator, reconnect: false });
    } catch {
      return false;
    }
    await connection.close();
    return true;
  }
  const brokerLog = (): string => readFileSync(paths.brokerLog, "utf8");
  const text = (): string => workersConfiguration({ workers: [good, other], invites: [] }, () => undefined);

  test("an entry that nats-server refuses is left out and named at its start; the others are let in", async () => {
    await (await hold()).reloadUsers([good, other]);
    await letGo();
    const { publicKey } = other;
    const broken = publicKey.slice(0, -1) + (publicKey.endsWith("A") ? "B" : "A");
    writeFileSync(paths.workersConfiguration, text().replace(publicKey, broken));
    await hold();
    assert.match(
      brokerLog(),
      /nats-server refuses the entry of worker other \(.*Not a valid public nkey for a user\); it is left out/,
    );
    assert.deepEqual([await letsIn(good), await letsIn(other)], [true, false]);
    await letGo();
  });

  test("an entry with another's key or a wrong subject keeps nobody else out when nats-server starts", async () => {
    writeFileSync(paths.workersConfiguration, text().replace(other.publicKey, good.publicKey));
    await hold();
    assert.equal(await letsIn(good), true);
    await letGo();
    writeFileSync(paths.workersConfiguration, text().replace('"ev.other.>"', '"ev..other"'));
    await hold();
    assert.deepEqual([await letsIn(good), await letsIn(other)], [true, false]);
    await letGo();
  });

  test("nats-server does not read the same list of users twice, unless another was written since", async () => {
    const held = await hold();
    const reloads = (): number =>
      readFileSync(paths.serverLog, "utf8").split("Reloaded server configuration").length - 1;
    await held.reloadUsers([good]);
    const before = reloads();
    for (let i = 0; i < 3; i += 1) await held.reloadUsers([good]);
    assert.equal(reloads(), before);
    writeFileSync(paths.workersConfiguration, text());
    await held.reloadUsers([good]);
    assert.equal(reloads(), before + 1);
    await held.reloadUsers([good, other]);
    assert.deepEqual([reloads(), await letsIn(other)], [before + 2, true]);
    await letGo();
  });

  test("the last list of users that nats-server took is used if it refuses a whole one, also in repair", async () => {
    await (await hold()).reloadUsers([good]);
    await letGo();
    const [head = ""] = text().split("\n");
    writeFileSync(paths.workersConfiguration, `${text()}\nnonsense {`);
    const { code, stderr, stdout } = await nexus(["repair"], folder);
    assert.notEqual(code, exitCode.unreachable, stdout + stderr);
    assert.match(brokerLog(), /nats-server does not start \(.*\); the last list that it took is used/);
    writeFileSync(paths.workersConfiguration, `${head}\nnonsense {`);
    await hold();
    assert.deepEqual([await letsIn(good), await letsIn(other)], [true, false]);
    await letGo();
  });

  test("nobody is let in if the last list of users is bad too, until there is another", async () => {
    const [head = ""] = text().split("\n");
    for (const file of [paths.workersConfiguration, `${paths.workersConfiguration}.accepted`])
      writeFileSync(file, `${head}\nnonsense {`);
    const held = await hold();
    assert.match(brokerLog(), /no worker is let in until a coordinator has written another/);
    assert.equal(await letsIn(good), false);
    await held.reloadUsers([good]);
    assert.equal(await letsIn(good), true);
    await letGo();
  });
});
