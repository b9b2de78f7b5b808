import assert from "node:assert/strict";
import { test } from "node:test";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import { encode } from "../../../shared/wire/codec.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("stored messages that cannot be read are named once, and every reader goes on without them", async () => {
  const swarm = new Swarm();
  const first = await swarm.coordinator();
  swarm.worker("mal", ["--slots", "1"]);
  const job = await swarm.submit(swarm.probeSpec("noop", { total_runs: 2, hp_tuning: "random" }, { reports: 3 }));
  await swarm.when("both runs end", job, (table) => table.ended === 2);

  const link = await linkPatiently(swarm.paths, "operator");
  const bus = await connectAs(link.url, readRoleSecret(swarm.paths, "coordinator"), "coordinator");
  const poisons = [
    { subject: `ev.mal.${job}.1.report`, data: Buffer.from([0x92, 0xd6, 0x69, 0, 0, 0, 1, 0xd6, 0x70, 0, 0, 0, 1]) },
    { subject: `ev.mal.${job}.1.result`, data: Buffer.alloc(600_000, 0x90) },
    { subject: `ev.mal.${job}.2.failed`, data: encode({ v: 1, attempt: 1, reports: [["a secret of mal"]] }) },
  ];
  const seqs: number[] = [];
  for (const [i, { subject, data }] of poisons.entries())
    seqs.push((await bus.store(subject, data, { msgId: `poison.${i}`, timeoutMs: patienceMs })).seq);
  await bus.close();
  await link.close();

  const named = async (): Promise<number[]> => {
    const { stdout } = await nexusAt(["view", "events", "mal", "--all", "--json"], swarm.folder);
    const events = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
    return events.flatMap(({ event, ev }) => (event === "set-aside" ? [ev] : []));
  };
  await eventually("all are named in the events", async () => (await named()).length === poisons.length);
  assert.deepEqual(await named(), seqs);

  first.child.kill("SIGTERM");
  await first.exited();
  await swarm.coordinator();
  const after = await swarm.submit(swarm.probeSpec("more", { total_runs: 1, hp_tuning: "random" }, { reports: 3 }));
  await swarm.when("a run of the next job ends", after, (table) => table.ended === 1);
  assert.deepEqual(await named(), seqs);
  const logged = swarm
    .log()
    .split("\n")
    .filter((line) => line.includes("evidence set aside"));
  assert.deepEqual(
    logged.map((line) => (JSON.parse(line) as { seq: number }).seq),
    seqs,
  );
  assert.ok(logged.every((line) => line.includes('"worker":"mal"') && line.includes('"stream":"EV"')));
  assert.ok(!swarm.log().includes("secret of mal"));

  const verified = await nexusAt(["verify"], swarm.folder);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.match(verified.stdout, /3 messages of evidence cannot be read and were set aside/);
  assert.match(verified.stdout, new RegExp(`  ${seqs[0]}  ev.mal.${job}.1.report`));
  assert.match(verified.stdout, /every promise was kept/);
  const { setAside } = JSON.parse((await nexusAt(["verify", "--json"], swarm.folder)).stdout);
  assert.deepEqual(
    setAside,
    poisons.map(({ subject }, i) => ({ seq: seqs[i], subject })),
  );
  for (const words of [
    ["list", "runs", job],
    ["view", "console", "run1.1"],
    ["plot", job],
    ["export", job, "--to", "csv"],
  ]) {
    const { code, stdout, stderr } = await nexusAt(words, swarm.folder);
    assert.equal(code, 0, `nexus ${words.join(" ")}: ${stdout}${stderr}`);
  }
});
