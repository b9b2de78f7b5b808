import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect, nkeyAuthenticator } from "nats";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { openInvites } from "../../../shared/domain/fold/invites.ts";
import { fieldsOf } from "../../../shared/machine/secret-file.ts";
import { workerStateDir } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import {
  endAll,
  joinLineOf,
  onceAnswered,
  type PeerMachine,
  someoneLeads,
  startPeers,
} from "../../support/processes/peer-machines.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const shownBy = ({ swarm }: PeerMachine): string =>
  inviteKey(parseJoinLine(livingEndpoint(swarm.paths)?.joinLine ?? "").code).id;

test("each peer's line opens all peers; a revoked worker is cut off from all; a peer that is down invites", async () => {
  const machines = await startPeers();
  const leader = await someoneLeads(machines);
  const standby = machines.find((each) => each !== leader);
  assert.ok(standby);
  const everyLineOpens = (not = ""): Promise<boolean> =>
    onceAnswered(leader, "every peer shows a line that opens", async () => {
      const open = openInvites(await leader.swarm.state()).map(({ id }) => id);
      return machines.every((each) => open.includes(shownBy(each)) && shownBy(each) !== not);
    });
  await everyLineOpens();

  const old = shownBy(standby);
  const withdrawn = await nexus(["invite", "--withdraw", old], standby.swarm.folder);
  assert.equal(withdrawn.code, 0, withdrawn.stderr);
  assert.match(withdrawn.stdout, /; the coordinator on .* shows a new line from now on\n$/);
  await everyLineOpens(old);

  const workers = new Swarm();
  const mal = workers.run("worker/main.js", [await joinLineOf(standby), "--name", "mal"]);
  await eventually("it has joined", () => /lends \d+ slots? to/.test(mal.output()), { seen: mal.output });
  const { nkeySeed } = fieldsOf(readFileSync(join(workerStateDir("ws1", "mal", workers.env), "identity.json"), "utf8"));
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(String(nkeySeed)));
  const like = (address: string) => connect({ servers: `nats://${address}`, authenticator, reconnect: false });
  const spies = await Promise.all(
    machines.map(({ address }) => eventually("it is let in", () => like(address).catch(() => undefined))),
  );
  const cutAt = Promise.all(spies.map((spy) => spy.closed().then(() => performance.now())));
  const { code, stderr } = await nexus(["workers", "revoke", "mal", "--yes"], standby.swarm.folder);
  const answeredAt = performance.now();
  assert.equal(code, 0, stderr);
  const took = Math.max(...(await cutAt)) - answeredAt;
  process.stdout.write(`# cut off from the last of three peers ${Math.round(took)} ms after the answer\n`);
  for (const { address } of machines) await assert.rejects(like(address));
  await workers.end();

  const third = machines.find((each) => each !== leader && each !== standby);
  assert.ok(third);
  await third.swarm.end();
  assert.equal(runningBroker(third.swarm.paths), undefined);
  const invited = await nexus(["invite", "--json"], third.swarm.folder);
  assert.equal(invited.code, 0, invited.stderr);
  const { commands } = JSON.parse(invited.stdout) as { commands: readonly string[] };
  assert.equal(commands.length, 1, invited.stdout);
  for (const { address } of machines) assert.ok(commands[0]?.includes(address), `${address} in: ${commands[0]}`);
  await endAll(machines);
});
