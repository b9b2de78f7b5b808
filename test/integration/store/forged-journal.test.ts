import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { headers, type NatsConnection } from "nats";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { openBackup } from "../../../shared/broker/copies/backup-file.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { sealFile } from "../../../shared/broker/store/seal-file.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { encodeEvents } from "../../../shared/wire/messages.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { rawConnection } from "../../support/broker/raw-connection.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

const worker = "w1" as WorkerId;

async function ended(program: Program, code: number): Promise<string> {
  const { code: found } = await program.exited();
  assert.equal(found, code, program.output());
  return program.output();
}

const nexus = (swarm: Swarm, ...words: string[]): Program => swarm.run("coordinator/cli/main.js", words);

/** A connection with a coordinator's rights: only coordinators may write anywhere. */
async function forger({ paths }: Swarm): Promise<NatsConnection> {
  const { user, password } = readRoleSecret(paths, "coordinator");
  return rawConnection({ servers: runningBroker(paths)?.url ?? "", user, pass: password });
}

/** Stores records that would revoke the worker and cancel the job. @returns their sequences */
async function forge(swarm: Swarm, job: JobName): Promise<number[]> {
  const connection = await forger(swarm);
  const common = { by: "ann", op: "forged", at: Date.now(), reason: "forged" } as const;
  const { term } = await swarm.state();
  const seqs: number[] = [];
  for (const [i, event] of (
    [
      { type: "led", term: term + 5, leader: "nobody", at: Date.now() },
      { type: "worker-state", worker, state: "revoked", ...common },
      { type: "job-state", job, state: "cancelled", ...common },
    ] as const
  ).entries()) {
    const head = headers();
    head.set("Nats-Msg-Id", `${term + 5}.forged.${i + 1}`);
    const answer = await connection.request("jrn.ws.op", encodeEvents([event]), { timeout: patienceMs, headers: head });
    seqs.push((JSON.parse(answer.string()) as { seq: number }).seq);
  }
  return seqs;
}

const told = (path: string, seqs: readonly number[]): number[] => {
  const text = readFileSync(path, "utf8");
  return seqs.map(
    (seq) => text.split(`message ${seq} of the journal (jrn.ws.op) was written by no coordinator`).length - 1,
  );
};

test("a search goes on among forged records, through a kill, a backup, and a move to another broker", async () => {
  const swarm = new Swarm();
  const first = await swarm.coordinator();
  assert.equal(statSync(sealFile(swarm.paths)).mode & 0o777, 0o600);
  const spec = swarm.probeSpec(
    "forged",
    { total_runs: 30, hp_tuning: "random", seed: 3 },
    { seconds: 0.3, reports: 2 },
  );
  const job = await swarm.submit(spec);
  swarm.worker("w1", ["--slots", "2"]);
  await swarm.when("some are done", job, ({ outcomes }) => outcomes.completed >= 4);
  const seqs = await forge(swarm, job);
  await swarm.when("more are done", job, ({ outcomes }) => outcomes.completed >= 10);
  assert.ok(!first.output().includes("no longer leading"));
  await eventually("each is told once", () => told(swarm.paths.eventLog, seqs).join() === "1,1,1", {
    seen: () => told(swarm.paths.eventLog, seqs).join(),
  });

  first.child.kill("SIGKILL");
  await first.exited();
  await swarm.coordinator();
  await swarm.when("all are done", job, ({ outcomes }) => outcomes.completed === 30);
  assert.equal((await swarm.state()).workers.get(worker)?.state, "admitted");
  const verified = await ended(nexus(swarm, "verify"), exitCode.done);
  for (const seq of seqs)
    assert.match(verified, new RegExp(`message ${seq} of the journal \\(jrn\\.ws\\.op\\) was written by no`));

  const file = join(swarm.folder, "ws1.nexus");
  await ended(nexus(swarm, "backup", file, "--verify"), exitCode.done);
  const backup = openBackup(file);
  assert.ok(backup.files.some(({ name }) => name === "seal.json"));
  backup.close();

  // The restore brings the secrets.
  const elsewhere = new Swarm();
  await ended(nexus(elsewhere, "restore", file), exitCode.done);
  await elsewhere.coordinator();
  const again = await ended(nexus(elsewhere, "verify"), exitCode.done);
  assert.equal(again.split("was written by no coordinator").length - 1, seqs.length);
  assert.equal((await elsewhere.table(job)).outcomes.completed, 30);
  assert.equal((await elsewhere.state()).workers.get(worker)?.state, "admitted");
});

test("a coordinator whose key was lost does not lead until told to believe the journal", async () => {
  const swarm = new Swarm();
  const first = await swarm.coordinator();
  const job = await swarm.submit(swarm.probeSpec("lost", { total_runs: 2, hp_tuning: "random" }, { seconds: 0.1 }));
  swarm.worker("w1");
  await swarm.when("all are done", job, ({ outcomes }) => outcomes.completed === 2);
  const refused = await ended(nexus(swarm, "repair", "--accept-journal"), exitCode.usage);
  assert.match(refused, /a coordinator of ws1 runs on this machine; end it first: nexus-coord stop/);
  first.child.kill("SIGTERM");
  await first.exited();
  rmSync(sealFile(swarm.paths));

  const second = swarm.run("coordinator/main.js", ["--headless"]);
  const why = await ended(second, exitCode.usage);
  assert.match(why, /workspace ws1: record \d+, of \d+ in the journal, was not sealed with the key in .*seal\.json/);
  assert.match(why, /nexus repair --accept-journal\n/);
  assert.doesNotMatch(why, /[\w-]{43}/);
  // The command that starts a coordinator in the background says the same.
  const started = await ended(swarm.run("coordinator/main.js", ["--plain"]), exitCode.usage);
  assert.match(started, /was not sealed with the key in/);
  // Nothing was written, and readers still work.
  assert.equal((await swarm.table(job)).outcomes.completed, 2);
  await ended(nexus(swarm, "repair", "--accept-journal"), exitCode.done);
  await swarm.coordinator();
  await swarm.verify();
});

test("a backup put into somebody else's broker, without its secrets, is believed there", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const job = await swarm.submit(swarm.probeSpec("away", { total_runs: 2, hp_tuning: "random" }, { seconds: 0.1 }));
  swarm.worker("w1");
  await swarm.when("all are done", job, ({ outcomes }) => outcomes.completed === 2);
  const file = join(swarm.folder, "away.nexus");
  await ended(nexus(swarm, "backup", file), exitCode.done);
  const server = await startNatsServer();
  const elsewhere = new Swarm();
  await ended(nexus(elsewhere, "--nats", server.url, "restore", file), exitCode.done);
  const there = elsewhere.run("coordinator/main.js", ["--headless", "--nats", server.url]);
  await eventually("it leads", () => {
    assert.equal(there.child.exitCode, null, there.output());
    return (
      /coordinator/.test(there.output()) && readFileSync(elsewhere.paths.coordinatorLog, "utf8").includes('"leading"')
    );
  });
  const verified = await ended(nexus(elsewhere, "--nats", server.url, "verify"), exitCode.done);
  assert.match(verified, /every promise was kept/);
  there.child.kill("SIGTERM");
  await there.exited();
});
