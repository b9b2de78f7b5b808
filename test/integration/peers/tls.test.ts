import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { eventually } from "../../support/patience.ts";
import {
  endAll,
  holdPeerAddress,
  invitationFrom,
  joinLineOf,
  PeerMachine,
  someoneLeads,
  tableOf,
} from "../../support/processes/peer-machines.ts";

test("peers on several machines speak TLS with each other and with workers, all under one fingerprint", async () => {
  const far = new CutOffHost();
  const addresses = await Promise.all([1, 2, 3].map(() => holdPeerAddress(far.address)));
  const machines = addresses.map((address) => new PeerMachine(address));
  const [first, ...others] = machines;
  assert.ok(first);
  first.start(["--peers", addresses.join(","), "--listen", first.address]);
  const invitation = await invitationFrom(first);
  for (const each of others) each.start(["--peers-join", invitation, "--listen", each.address]);
  await someoneLeads(machines);

  for (const { swarm } of machines) {
    assert.match(runningBroker(swarm.paths)?.url ?? "", /^tls:/);
    const configuration = readFileSync(swarm.paths.serverConfiguration, "utf8");
    assert.match(configuration, /cluster \{[^}]*tls \{ cert_file: [^}]*ca_file: [^}]*verify: true/);
  }
  const lines = await Promise.all(machines.map(joinLineOf));
  const fingerprints = new Set(lines.map((line) => line.slice(line.indexOf("#"))));
  assert.equal(fingerprints.size, 1);
  assert.match(lines[0] ?? "", /^tls:\/\/[^@]+@[^,]+,[^,]+,[^,]+\/ws1#sha256=[\w-]{43}$/);

  const worker = first.swarm.run("worker/main.js", [lines[0] ?? "", "--name", "far", "--slots", "1"], {}, far.prefix);
  const job = await first.swarm.submit(
    first.swarm.probeSpec("tls", { total_runs: 4000 }, { seconds: 0.3, reports: 2 }),
  );
  await tableOf(first, job, ({ ended }) => ended > 0);
  // The worker survives the loss of any peer, here the leader.
  const leader = await someoneLeads(machines);
  await leader.losePower();
  const rest = machines.filter((each) => each !== leader);
  await someoneLeads(rest);
  const [second] = rest;
  assert.ok(second);
  const before = (await tableOf(second, job, () => true)).ended;
  await tableOf(second, job, ({ ended }) => ended > before + 1);
  worker.child.kill("SIGTERM");
  await eventually("the worker has ended", () => worker.child.exitCode !== null, { seen: worker.output });
  for (const { swarm } of machines) {
    const log = readFileSync(swarm.paths.serverLog, "utf8");
    assert.doesNotMatch(log, /TLS (route )?handshake error.*(certificate|unknown authority)/);
    assert.ok(readFileSync(join(swarm.paths.secrets, "ca.key.pem"), "utf8").includes("PRIVATE KEY"));
  }
  await endAll(machines);
  far.end();
});
