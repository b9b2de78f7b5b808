import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { untilOpen } from "../../support/processes/gated-program.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";
import { UserManager } from "../../support/processes/user-manager.ts";

test("a service joins at the lowest priority, comes back when killed, and hands its runs back when removed", async () => {
  const swarm = new Swarm();
  const manager = new UserManager(swarm.env, swarm.folder);
  await Promise.all([swarm.coordinator(), manager.started()]);
  const line = livingEndpoint(swarm.paths)?.joinLine ?? "";
  const file = join(swarm.folder, "line.txt");
  writeFileSync(file, line, { mode: 0o600 });
  const asking = async (...words: string[]): Promise<Program> => {
    const program = swarm.run("worker/main.js", words, manager.environment, manager.prefix);
    await program.exited();
    return program;
  };

  const installed = await asking("install-service", `@${file}`, "--name", "lab", "--slots", "1", "--always");
  assert.equal(installed.child.exitCode, exitCode.done, `${installed.output()}\n${manager.log}`);
  assert.match(installed.output(), /^nexus-worker-ws1-lab runs, and starts again with this machine$/m);
  const show = (property: string): string =>
    manager.systemctl("show", "--value", "--property", property, "nexus-worker-ws1-lab").trim();
  const gate = join(swarm.folder, "gate");
  const settings = { total_runs: 2, hp_tuning: false };
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "long", settings, untilOpen(gate)));
  await swarm.when("the service holds a run", job, ({ holding }) => holding.get("lab" as WorkerId) === 1);

  const first = show("MainPID");
  // Fields of /proc/PID/stat after the program's name: [16] is the nice value, [38] the policy, where 5 is SCHED_IDLE.
  const fields = manager
    .run("cat", `/proc/${first}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
  // The worker needs normal priority: it must be able to freeze its runs at once.
  assert.deepEqual([fields[16], fields[38]], [String(getPriority()), "0"], "as the manager that this test started");
  assert.match(show("ControlGroup"), /\/background\.slice\/nexus-worker-ws1-lab\.service$/);
  const words = manager.run("cat", `/proc/${first}/cmdline`);
  assert.ok(words.includes("@") && !words.includes("://"), words);
  const status = await asking("service-status");
  assert.equal(status.child.exitCode, exitCode.done);
  assert.match(status.output(), /Active: active \(running\)/);

  manager.run("kill", "-KILL", first);
  await eventually("it was started again", () => !["0", first].includes(show("MainPID")), { everyMs: 100 });
  const again = (table: RunTable): boolean =>
    [...table.trials].some(({ attempts }) => attempts.length === 2 && attempts[1]?.end === "");
  await swarm.when("what the killed one had is in hand again", job, again);

  const removed = await asking("uninstall-service");
  assert.equal(removed.child.exitCode, exitCode.done, removed.output());
  assert.equal(show("MainPID"), "0");
  assert.deepEqual(
    readdirSync(join(swarm.folder, "config/systemd/user")).filter((name) => name.endsWith(".service")),
    [],
  );
  assert.ok(!existsSync(join(swarm.folder, "state/nexus/services/nexus-worker-ws1-lab.line")));
  const table = await swarm.when("what it had is handed back", job, ({ running }) => running === 0);
  assert.equal(table.lost, 1, "by the kill alone");
  assert.equal((await asking("service-status")).child.exitCode, exitCode.notFound);

  writeFileSync(gate, "");
  swarm.worker("near", ["--slots", "2"]);
  await swarm.when("the job is over", job, ({ state, ended }) => state === "completed" && ended === 2);
  await swarm.verify();
  await swarm.end();
});
