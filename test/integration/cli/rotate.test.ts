import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { connect } from "nats";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { readRoleSecret, renewRoleSecrets, roles } from "../../../shared/broker/access/credentials.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { sealFile } from "../../../shared/broker/store/seal-file.ts";
import { exitCode } from "../../../shared/errors.ts";
import { fieldsOf } from "../../../shared/machine/secret-file.ts";
import { rawConnection } from "../../support/broker/raw-connection.ts";
import { eventually } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

describe("nexus rotate", () => {
  test("nexus rotate says what to start if nobody leads, and does nothing without --yes", async () => {
    const swarm = new Swarm();
    const { code, stderr } = await nexusAt(["rotate", "--yes"], swarm.folder);
    assert.equal(code, exitCode.unreachable);
    assert.match(stderr, /no coordinator answers in workspace ws1; start one: nexus-coord/);
    const unasked = await nexusAt(["rotate"], swarm.folder);
    assert.equal(unasked.code, exitCode.usage);
    assert.match(unasked.stderr, /makes new passwords .*\n {2}to do it without a question, add --yes/);
  });

  test("nexus rotate makes every secret anew while a search runs; standby, workers and views go on", async () => {
    const swarm = new Swarm();
    const first = await swarm.coordinator();
    const standby = swarm.standby();
    await eventually("the second stands by", () => swarm.log().includes("standing by: another coordinator leads"));
    const worker = swarm.worker("lab", ["--slots", "2"]);
    const total = 60;
    const job = await swarm.submit(swarm.probeSpec("long", { total_runs: total }, { seconds: 0.5 }));
    await swarm.when("runs complete", job, ({ ended }) => ended >= 3);
    const watching = swarm.run("coordinator/main.js", ["watch", job, "--json"]);
    await eventually("the view is there", () => watching.output().includes('"completed"'));
    const old = Object.fromEntries(roles.map((role) => [role, readRoleSecret(swarm.paths, role)]));
    const oldLine = livingEndpoint(swarm.paths)?.joinLine;
    const oldKeys = fieldsOf(readFileSync(sealFile(swarm.paths), "utf8"))["keys"] as unknown[];

    for (const round of [1, 2, 3]) {
      if (round === 3) {
        // It has seen the old secrets alone, and two changes of them.
        first.child.kill("SIGTERM");
        await first.exited();
        await eventually("it leads", () => livingEndpoint(swarm.paths)?.coordinator.pid === standby.pid, {
          seen: standby.output,
        });
      }
      const { code, stdout, stderr } = await nexusAt(["rotate", "--yes", "--json"], swarm.folder);
      assert.equal(code, exitCode.done, stderr);
      assert.deepEqual(fieldsOf(stdout), { type: "rotated", v: 1, workspace: "ws1", openInvites: 0 });
      const keys = fieldsOf(readFileSync(sealFile(swarm.paths), "utf8"))["keys"] as unknown[];
      assert.equal(keys.length, oldKeys.length + round);
    }
    assert.equal(swarm.log().split("passwords and keys are new").length - 1, 3);
    assert.doesNotMatch(swarm.log(), /were not all renewed|could not step down/);
    const { url = "" } = runningBroker(swarm.paths) ?? {};
    for (const [role, { user, password }] of Object.entries(old)) {
      const now = readRoleSecret(swarm.paths, role as (typeof roles)[number]);
      assert.notEqual(now.password, password);
      await assert.rejects(connect({ servers: url, user, pass: password, reconnect: false }), /Authorization/i, role);
      await (await rawConnection({ servers: url, user, pass: now.password, reconnect: false })).close();
    }
    assert.notEqual(livingEndpoint(swarm.paths)?.joinLine, oldLine);
    for (const file of readdirSync(swarm.paths.secrets))
      assert.equal(statSync(join(swarm.paths.secrets, file)).mode & 0o777, 0o600, file);

    const before = (await swarm.table(job)).ended;
    await swarm.when("runs complete under the new ones", job, ({ ended }) => ended >= Math.min(total, before + 2));
    const added = swarm.worker("new", ["--slots", "2"]);
    await eventually("the new line opens", () => /lends 2 slots/.test(added.output()), { seen: added.output });
    const table = await swarm.when("the job is over", job, ({ isOver }) => isOver);
    assertExactly(table, total);
    // The view started before the rotation and saw the end.
    assert.equal((await watching.exited()).code, 0, watching.output());
    assert.ok(watching.output().includes('"state":"completed"'), watching.output());
    assert.equal(worker.child.exitCode, null);
    await swarm.verify();
  });

  test("a start makes up for a nexus rotate that was killed before the broker took the new passwords", async () => {
    const swarm = new Swarm();
    const coordinator = await swarm.coordinator();
    coordinator.child.kill("SIGKILL");
    await coordinator.exited();
    renewRoleSecrets(swarm.paths);
    await swarm.coordinator();
    const { user, password } = readRoleSecret(swarm.paths, "operator");
    await rawConnection({ servers: runningBroker(swarm.paths)?.url ?? "", user, pass: password, reconnect: false });
  });
});
