import assert from "node:assert/strict";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const warning = /^ *warning: not encrypted: everyone on the network's way can read and change/m;

async function stop(program: Program): Promise<void> {
  program.child.kill("SIGTERM");
  assert.equal((await program.exited()).code, 0, program.output());
}

/** Waits, since what a coordinator prints may be read after its endpoint. */
const warns = (program: Program): Promise<true> =>
  eventually("it warns", () => warning.test(program.output()), { seen: program.output });

test("plain text on a network is spoken only if it was asked for, and every view says so until it ends", async () => {
  const swarm = new Swarm();
  const listen = ["--listen", `0.0.0.0:${await holdPort("0.0.0.0")}`];
  const first = await swarm.coordinator([...listen, "--insecure"]);
  await warns(first);
  assert.match(livingEndpoint(swarm.paths)?.joinLine ?? "", /^nats:\/\/[^#]*$/);
  await stop(first);

  const again = await swarm.coordinator();
  await warns(again);
  const listed = await nexus(["list", "jobs"], swarm.folder);
  assert.match(listed.stderr, warning);
  const looking = swarm.run("coordinator/main.js", ["watch", "--plain"]);
  assert.equal((await looking.exited()).code, 0, looking.output());
  assert.match(looking.output(), warning);
  const worker = swarm.worker("plain", ["--slots", "1"]);
  await eventually("it lends its slot", () => worker.output().includes("lends 1 slot"), { seen: worker.output });
  assert.match(worker.output(), warning);
  await stop(worker);
  await stop(again);

  const encrypted = await swarm.coordinator(["--tls-cert", "own"]);
  assert.doesNotMatch(encrypted.output(), /warning/);
  assert.doesNotMatch((await nexus(["list", "jobs"], swarm.folder)).stderr, /warning/);
  const known = swarm.worker("plain", ["--slots", "1"]);
  await eventually("it lends its slot", () => known.output().includes("lends 1 slot"), { seen: known.output });
  assert.doesNotMatch(known.output(), /warning|enrolling/);
  await stop(known);
  await stop(encrypted);
});
