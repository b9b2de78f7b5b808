import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { eventually } from "../../support/patience.ts";
import { reportingUntilOpen, untilOpen } from "../../support/processes/gated-program.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

/** For tests that wait until the lease has run out. */
const lease = ["--lease", "2"];
/** For tests in which the lease must not run out. */
const longLease = ["--lease", "30"];

describe("nothing is lost, nothing counts twice", { concurrency: 2 }, () => {
  test("SIGKILL of a worker in mid-run: its trials end elsewhere, under the same names", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(lease);
    const gate = join(swarm.folder, "gate");
    const spec = writeProgramSpec(swarm.folder, "killed", { total_runs: 12, hp_tuning: false }, untilOpen(gate));
    const job = await swarm.submit(spec);
    const victim = swarm.worker("victim", ["--slots", "2"]);
    await swarm.when("the victim holds two", job, ({ holding }) => [...holding.values()].includes(2));
    victim.child.kill("SIGKILL");
    writeFileSync(gate, "");
    swarm.worker("heir", ["--slots", "4"]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assertExactly(table, 12);
    // On a busy machine the heir may miss its lease of 2 s, lose a trial too, and get it again.
    const moved = [...table.trials].filter(
      ({ attempts }) => attempts.length > 1 && attempts.some(({ worker }) => worker === "victim"),
    );
    assert.ok(moved.length >= 1, "no trial moved");
    for (const { attempts } of moved) {
      assert.equal(attempts[0]?.worker, "victim");
      assert.match(attempts[0]?.end ?? "", /^lost: no sign of life from victim for 2 s/);
      assert.equal(attempts.at(-1)?.worker, "heir");
    }
    await swarm.verify();
    await swarm.end();
  });

  test("SIGTERM of a worker hands its trials back at once, uncharged", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(longLease);
    const gate = join(swarm.folder, "gate");
    const spec = writeProgramSpec(swarm.folder, "returned", { total_runs: 4, hp_tuning: false }, untilOpen(gate));
    const job = await swarm.submit(spec);
    const owner = swarm.worker("owner", ["--slots", "2"]);
    await swarm.when(
      "the owner's machine holds two",
      job,
      ({ holding }) => holding.size === 1 && [...holding.values()].includes(2),
    );
    owner.child.kill("SIGTERM");
    assert.deepEqual(await owner.exited(), { code: 0, signal: null });
    // The worker ends once the broker has its evidence; the leader writes the journal later.
    const returned = await swarm.when("both wait", job, ({ waiting }) => waiting.size === 2);
    assert.equal(returned.reclaimed, 2);
    assert.ok([...returned.trials].every(({ charged }) => charged === 0));
    writeFileSync(gate, "");
    swarm.worker("other", ["--slots", "2"]);
    assertExactly(await swarm.when("the job is completed", job, ({ state }) => state === "completed"), 4);
    await swarm.verify();
    await swarm.end();
  });

  test("SIGKILL of the coordinator in mid-search: workers train on, and exactly total_runs end", async () => {
    const swarm = new Swarm();
    const first = await swarm.coordinator(longLease);
    const job = await swarm.submit(swarm.probeSpec("beheaded", { total_runs: 40, hp_tuning: "dgd" }, { seconds: 0.3 }));
    swarm.worker("one", ["--slots", "2"]);
    swarm.worker("two", ["--slots", "2"]);
    await swarm.when("a few are done", job, ({ ended }) => ended >= 8);
    first.child.kill("SIGKILL");
    await first.exited();
    const before = await swarm.table(job);
    const again = await swarm.coordinator(longLease);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assertExactly(table, 40);
    assert.ok(
      [...table.trials].every(({ charged }) => charged === 0),
      "a loss during the coordinator's absence was charged",
    );
    // Runs completed before the restart are unchanged after it.
    for (const trial of [...before.trials].filter(({ status }) => status === "completed")) {
      assert.deepEqual(table.trial(trial.n)?.hpmax, trial.hpmax);
      assert.deepEqual(table.trial(trial.n)?.attempts, trial.attempts);
    }
    again.child.kill("SIGTERM");
    await again.exited();
    await swarm.verify(); // with no coordinator there
    await swarm.end();
  });

  test("a standby takes over from a frozen leader, which steps down when it wakes", async () => {
    const swarm = new Swarm();
    const leader = await swarm.coordinator(longLease);
    const standby = swarm.standby();
    const job = await swarm.submit(
      swarm.probeSpec("handed", { total_runs: 60, hp_tuning: "random" }, { seconds: 0.2 }),
    );
    swarm.worker("one", ["--slots", "2"]);
    await swarm.when("a few are done", job, ({ ended }) => ended >= 4);
    const seen = (): string => `${swarm.log()}\n${standby.output()}`;
    await eventually("the standby stands by", () => swarm.log().includes("standing by"), { seen });
    leader.child.kill("SIGSTOP");
    await eventually("the standby leads", () => livingEndpoint(swarm.paths)?.coordinator.pid === standby.pid);
    leader.child.kill("SIGCONT");
    assertExactly(await swarm.when("the job is completed", job, ({ state }) => state === "completed"), 60);
    await eventually("the woken leader says so", () => swarm.log().includes("no longer leading"));
    assert.equal(standby.child.exitCode, null);
    await swarm.verify();
    await swarm.end();
  });

  test("a worker stopped past its lease goes on with a trial that nobody took, and restarts nothing", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(lease);
    const gate = join(swarm.folder, "gate");
    const spec = writeProgramSpec(swarm.folder, "nap", { total_runs: 1, hp_tuning: false }, untilOpen(gate));
    const job = await swarm.submit(spec);
    const sleeper = swarm.worker("sleeper", ["--slots", "1"]);
    await swarm.when("it runs", job, ({ running }) => running === 1);
    sleeper.child.kill("SIGSTOP");
    await swarm.when("it is lost", job, ({ waiting }) => waiting.size === 1);
    sleeper.child.kill("SIGCONT");
    await swarm.when("it has the trial again", job, ({ running }) => running === 1);
    writeFileSync(gate, "");
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assertExactly(table, 1);
    const [trial] = table.trials;
    // On a busy machine it may miss its lease of 2 s again.
    assert.ok(trial && trial.attempts.length >= 2);
    assert.ok(trial.attempts.every(({ worker }) => worker === "sleeper"));
    assert.equal(sleeper.output().match(/started/g)?.length, 1);
    await swarm.verify();
    await swarm.end();
  });

  test("the late result of a worker stopped past its lease is kept but never counted", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(lease);
    const gate = join(swarm.folder, "gate");
    const program = reportingUntilOpen(gate);
    const job = await swarm.submit(
      writeProgramSpec(swarm.folder, "late", { total_runs: 1, hp_tuning: false }, program),
    );
    const sleeper = swarm.worker("sleeper", ["--slots", "1"]);
    await eventually("it has reported", async () => (await swarm.evidenceSeq()) > 0);
    // The runner process trains on while its worker sleeps, so the finished run waits until the worker wakes.
    sleeper.child.kill("SIGSTOP");
    writeFileSync(gate, "");
    swarm.worker("heir", ["--slots", "1"]);
    const done = await swarm.when("the heir has done it", job, ({ state }) => state === "completed");
    assert.equal(done.trial(1)?.attempts.at(-1)?.worker, "heir");
    sleeper.child.kill("SIGCONT");
    const table = await swarm.when("the late result is labelled", job, ({ late }) => late === 1);
    assertExactly(table, 1);
    assert.equal(table.trial(1)?.hpmax, done.trial(1)?.hpmax);
    assert.equal(table.trial(1)?.late, 1);
    await swarm.verify();
    await swarm.end();
  });

  test("a killed worker's trials are lost at once, uncharged, when it starts anew under its name", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(longLease);
    const gate = join(swarm.folder, "gate");
    const spec = writeProgramSpec(swarm.folder, "reborn", { total_runs: 1, hp_tuning: false }, untilOpen(gate));
    const job = await swarm.submit(spec);
    const first = swarm.worker("phoenix", ["--slots", "1"]);
    await swarm.when("it runs", job, ({ running }) => running === 1);
    first.child.kill("SIGKILL");
    await first.exited();
    swarm.worker("phoenix", ["--slots", "1"]);
    await swarm.when("it runs again", job, (each) => each.trial(1)?.attempts.length === 2);
    writeFileSync(gate, "");
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assertExactly(table, 1);
    assert.match(table.trial(1)?.attempts[0]?.end ?? "", /phoenix started anew/);
    assert.equal(table.trial(1)?.charged, 0);
    await swarm.verify();
    await swarm.end();
  });
});
