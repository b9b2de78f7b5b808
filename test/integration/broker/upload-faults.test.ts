import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { createWorkspace } from "../../../shared/machine/workspace.ts";
import { allChunks, streams } from "../../../shared/wire/subjects.ts";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const megabytes = 120;

/** Writes a state without repeated pieces, and waits; its successor reports whether the state is the same. */
const trains = `
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
const file = process.env.NEXUS_STATE + "/model";
const report = (iters, value) => console.log(JSON.stringify({ iters, value }));
const whole = Buffer.concat(Array.from({ length: ${megabytes} }, (_, i) => Buffer.alloc(1e6, createHash("sha512").update(String(i)).digest())));
const resume = Number(process.env.NEXUS_RESUME);
if (resume > 0) report(resume + 1, readFileSync(file).equals(whole) ? 42 : -1);
else {
  writeFileSync(file + ".new", whole);
  renameSync(file + ".new", file);
  for (let i = 1; i <= 5; i += 1) report(i, i);
  setInterval(() => undefined, 1000);
}
`;

/**
 * A swarm whose one run is sending its state: the broker has some pieces, not all, and gets no more until `goOn` is
 * called. `prepare` runs once the broker runs.
 */
async function sending(
  swarm: Swarm,
  prepare: () => void = () => undefined,
): Promise<{ readonly job: JobName; readonly victim: Program; readonly goOn: () => void }> {
  await swarm.coordinator();
  prepare();
  const settings = { checkpoint_every: 1, retries: 9 };
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "trains", settings, trains));
  const proxy = await TcpProxy.start(() => runningBroker(swarm.paths)?.port ?? 0);
  atEnd(() => proxy.close());
  const line = livingEndpoint(swarm.paths)?.joinLine.replace(/@[^/]+/, `@127.0.0.1:${proxy.port}`) ?? "";
  const victim = swarm.run("worker/main.js", [line, "--name", "victim", "--slots", "1"]);
  const link = await linkWorkspace(swarm.paths, "coordinator");
  await eventually(
    "some of its state is stored",
    async () => {
      proxy.cut();
      const subjects = await link.bus.subjects(streams.blob, allChunks);
      if (subjects.some((subject) => /\.state-\d+\.\d\d$/.test(subject))) return true;
      proxy.mend();
      return false;
    },
    { everyMs: 5 },
  );
  await link.close();
  assert.equal((await swarm.table(job)).trial(1)?.checkpoint?.iters ?? 0, 0, "it is on its way");
  return { job, victim, goOn: () => proxy.mend() };
}

const carried = (swarm: Swarm, job: JobName) =>
  swarm.when("all of it is stored", job, (table) => table.trial(1)?.checkpoint?.iters === 5);

/** Kills the holder; another worker must continue from the state. */
async function goesOnElsewhere(swarm: Swarm, job: JobName, holder: Program, name: string): Promise<void> {
  holder.child.kill("SIGKILL");
  await holder.exited();
  assert.equal((await nexus(["bench", name, "--yes"], swarm.folder)).code, 0);
  swarm.worker("last", ["--slots", "1"]);
  const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
  assert.deepEqual([table.trial(1)?.hpmax, table.trial(1)?.iters], [42, 6]);
  await swarm.verify();
  await swarm.end();
}

test("a broker that is killed while a state is on its way gets the rest of it once it is back", async () => {
  const swarm = new Swarm();
  const { job, victim, goOn } = await sending(swarm);
  const { server } = runningBroker(swarm.paths) ?? {};
  assert.ok(server);
  process.kill(server.pid, "SIGKILL");
  goOn();
  await eventually("it is back", () => ![undefined, server.pid].includes(runningBroker(swarm.paths)?.server?.pid));
  const table = await carried(swarm, job);
  assert.equal(table.trial(1)?.attempts.length, 1, "nobody else took the run");
  assert.equal(table.trial(1)?.unsaved ?? "", "", "and nothing was given up");
  await goesOnElsewhere(swarm, job, victim, "victim");
});

test("a worker that is killed while a state is on its way leaves nothing that a run goes on from", async () => {
  const swarm = new Swarm();
  const { job, victim } = await sending(swarm);
  victim.child.kill("SIGKILL");
  await victim.exited();
  assert.equal((await nexus(["bench", "victim", "--yes"], swarm.folder)).code, 0);
  const heir = swarm.worker("heir", ["--slots", "1"]);
  const table = await carried(swarm, job);
  assert.equal(table.trial(1)?.checkpoint?.attempt, 2);
  await goesOnElsewhere(swarm, job, heir, "heir");
});

test("a disk that fills up while a state is on its way gets the rest of it once there is room", async () => {
  const swarm = new Swarm();
  const data = join(swarm.folder, "data");
  mkdirSync(data, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1500m", "tmpfs", data], { encoding: "utf8" });
  assert.equal(mounted.status, 0, `this test fills a disk of its own and could not mount one: run it as root`);
  atEnd(async () => {
    await swarm.end();
    assert.equal(spawnSync("umount", [data]).status, 0);
  });
  createWorkspace(swarm.paths);
  writeFileSync(swarm.paths.brokerSettings, JSON.stringify({ diskReserveMb: 16 }));
  const others = join(data, "somebody-else's");
  // Fill the disk once the broker has seen its size: leave room for half of the state, besides the broker's reserve.
  const { job, victim, goOn } = await sending(swarm, () => {
    const { bavail, bsize } = statfsSync(data);
    writeFileSync(others, Buffer.alloc(bavail * bsize - (16 + megabytes / 2) * 1e6, 1));
  });
  goOn();
  await eventually("the coordinator says it", () => /no space left for the broker/.test(swarm.log()));
  rmSync(others);
  await eventually("the broker is back", () => /the broker is back/.test(swarm.log()));
  const table = await carried(swarm, job);
  assert.equal(table.trial(1)?.attempts.length, 1, "nobody else took the run");
  await goesOnElsewhere(swarm, job, victim, "victim");
});
