import assert from "node:assert/strict";
import { test } from "node:test";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { streamInfo, updateStream } from "../../../shared/broker/client/jetstream-api.ts";
import { connectAs, linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { setQuotas } from "../../../shared/machine/quota-file.ts";
import { chunk, streams } from "../../../shared/wire/subjects.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const most = 4_000_000;

test("results always have room: reports wait while EV is nearly full, and who has too much is benched", async () => {
  const swarm = new Swarm();
  await swarm.coordinator(["--quota", "results=50%"]);
  const others = ["mal", "pig"].map((name) => swarm.worker(name, ["--slots", "1"]));
  const link = await linkWorkspace(swarm.paths, "viewer", null, { unchecked: true });
  const bus: CoordinatorBus = await connectAs(link.url, readRoleSecret(swarm.paths, "coordinator"), "coordinator");
  atEnd(() => bus.close());
  atEnd(() => link.close());
  const store = async (subject: string, bytes: number): Promise<void> =>
    void (await bus.store(subject, Buffer.alloc(bytes, 1), { msgId: subject }));
  const benched = (name: string): Promise<string> =>
    eventually(`${name} is benched`, async () => {
      const record = (await swarm.state()).workers.get(name as WorkerId);
      return record?.isCutOff ? record.reason : undefined;
    });
  await eventually("both have joined", async () => (await swarm.state()).workers.size === 2);
  for (const { child } of others) child.kill("SIGTERM");

  for (let i = 0; i < 4; i += 1) await store(chunk("pig" as WorkerId, "job1" as JobName, 1, 1, "files", i), 400_000);
  for (let i = 0; i < 6; i += 1) await store(`ev.mal.job1.${i + 1}.report`, 400_000);
  // Changed quotas apply without a restart. Earlier, a worker would be benched before all of its messages are stored.
  setQuotas(swarm.paths, ["evidence=1MB", "states=1MB"]);
  assert.match(
    await benched("mal"),
    /^it has stored 2.4 MB of messages, where 1.0 MB are allowed; .*nexus purge worker mal(;|$)/,
  );
  assert.match(await benched("pig"), /^it has stored 1.6 MB of states and files, where 1.0 MB/);

  // Once a worker is cut off, messages that it had sent are dropped: EV refuses everything for a moment.
  let looks = 0;
  const info = await eventually("EV is open again", async () => {
    const found = await streamInfo(bus, streams.evidence);
    const { max_bytes: now = 0, metadata = {} } = (found?.config ?? {}) as { max_bytes?: number; metadata?: object };
    looks = now > 1_000_000 && !("nexus-max-bytes" in metadata) ? looks + 1 : 0;
    return looks > 20 ? found : undefined;
  });
  await updateStream(bus, info, { max_bytes: most });
  await eventually("the room is kept", () => /kept for results/.test(swarm.log()));
  swarm.worker("honest", ["--slots", "2"]);
  const spec = { total_runs: 4, hp_tuning: "random", checkpoint_every: 1 };
  const job = await swarm.submit(swarm.probeSpec("slow", spec, { seconds: 4, reports: 40 }));
  const table = await swarm.when("all runs have results", job, ({ isOver }) => isOver);
  assert.equal(table.outcomes.completed, 4);
  const subjects = await bus.subjects(streams.evidence, "ev.honest.>");
  const kinds = subjects.map((subject) => subject.split(".").at(-1));
  assert.deepEqual(kinds, ["result", "result", "result", "result"]);
  await swarm.verify();

  const { stdout } = await nexus(["list", "quotas"], swarm.folder);
  assert.match(stdout, /evidence +1\.0 MB +50% /);
  assert.match(stdout, /results +50% +10% /);
  assert.equal((await nexus(["purge", "worker", "mal", "--yes"], swarm.folder)).code, 0);
  await eventually("there is room again", () => /room for reports and checkpoints again/.test(swarm.log()));
  const next = await swarm.submit(swarm.probeSpec("next", { ...spec, total_runs: 2 }, { seconds: 4, reports: 40 }));
  await swarm.when("its runs have ended", next, ({ isOver }) => isOver);
  assert.ok((await bus.subjects(streams.evidence, `ev.honest.${next}.*.report`)).length > 0);
  await swarm.verify();
  await swarm.end();
});
