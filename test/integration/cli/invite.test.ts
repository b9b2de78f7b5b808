import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { connect, type NatsConnection, nkeyAuthenticator } from "nats";
import { inviteKey, newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { fieldsOf } from "../../../shared/machine/secret-file.ts";
import { workerStateDir } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import type { CommandEnd } from "../../support/processes/nexus-command.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

describe("who may join, and stay", () => {
  const swarm = new Swarm();
  before(() => swarm.coordinator());

  const typed = (...words: string[]): Promise<CommandEnd> => nexusAt(words, swarm.folder);
  const joins = (line: string, name: string, ...more: string[]): Program =>
    swarm.run("worker/main.js", [line, "--name", name, "--slots", "2", ...more]);
  const hasJoined = (program: Program): Promise<boolean> =>
    eventually("it has joined", () => /lends \d slots? to/.test(program.output()), { seen: program.output });

  async function invitation(...words: string[]): Promise<{ readonly invite: string; readonly line: string }> {
    const { code, stdout, stderr } = await typed("invite", "--json", ...words);
    assert.equal(code, exitCode.done, stderr);
    const { invite, commands } = fieldsOf(stdout);
    assert.ok(typeof invite === "string" && Array.isArray(commands));
    const [, line = ""] = /^nexus-worker (\S+)$/.exec(String(commands[0])) ?? [];
    return { invite, line };
  }

  async function endsRefused(program: Program, ...parts: readonly RegExp[]): Promise<void> {
    await eventually("it ends", () => program.child.exitCode !== null, { seen: program.output });
    assert.equal(program.child.exitCode, exitCode.usage, program.output());
    for (const part of parts) assert.match(program.output(), part);
  }

  /** A connection with a worker's own key. */
  async function connectLike(name: string): Promise<NatsConnection> {
    const file = join(workerStateDir("ws1", name, swarm.env), "identity.json");
    const { nkeySeed } = fieldsOf(readFileSync(file, "utf8"));
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(String(nkeySeed)));
    return connect({ servers: runningBroker(swarm.paths)?.url ?? "", authenticator, reconnect: false });
  }

  test("a worker whose name is taken is told which one it got", async () => {
    const { line } = await invitation("--uses", "2");
    const first = joins(line, "alpha");
    await hasJoined(first);
    assert.doesNotMatch(first.output(), /is taken/);
    const words = [line, "--name", "alpha", "--slots", "1"];
    const second = swarm.run("worker/main.js", words, { XDG_STATE_HOME: temporaryFolder() });
    await hasJoined(second);
    assert.match(second.output(), /^the name alpha is taken, so this worker is alpha-2$/m);
    for (const worker of [first, second]) {
      worker.child.kill("SIGTERM");
      await worker.exited();
    }
  });

  test("an invitation is for one machine and a day; it is listed, and nothing of its code is stored", async () => {
    const { code, stdout, stderr } = await typed("invite");
    assert.equal(code, exitCode.done, stderr);
    assert.match(stdout, /^nexus-worker nats:\/\/J1-[\w-]{35}@127\.0\.0\.1:\d+\/ws1\n$/);
    assert.match(
      stderr,
      /invitation [a-z2-9]{8} holds until \d{4}-\d\d-\d\d \d\d:\d\d UTC, for 1 machine; keep the line secret/,
    );
    assert.match(
      stderr,
      /listens on this machine only; to let others reach it: nexus-coord stop; nexus-coord --listen/,
    );
    const line = stdout.trim().split(" ")[1] ?? "";
    const first = joins(line, "one");
    await hasJoined(first);
    first.child.kill("SIGTERM");
    await endsRefused(
      joins(line, "two"),
      /it was for 1 machine, and is used up|knows no such invitation: it was used up/,
      /ask for a new line: nexus invite/,
    );
    const list = await typed("list", "invites");
    const { id } = inviteKey(parseJoinLine(line).code);
    assert.match(list.stdout, new RegExp(`\\n${id} +(open|over) +\\S+ \\S+ UTC +1 +1 `));
    assert.match(list.stdout, /the join line of /);
    const stored =
      readFileSync(swarm.paths.workersConfiguration, "utf8") + JSON.stringify([...(await swarm.state()).invites]);
    assert.ok(!stored.includes(parseJoinLine(line).code) && stored.includes(id));
  });

  test("a withdrawn invitation opens nothing, and an unknown one is not found", async () => {
    const { invite, line } = await invitation("--for", "1h", "--uses", "any");
    const { stdout } = await typed("invite", "--withdraw", invite);
    assert.equal(stdout, `${invite}: withdrawn; nobody joined with it\n`);
    await endsRefused(joins(line, "late"), /knows no such invitation: it was used up or withdrawn/);
    const unknown = await typed("invite", "--withdraw", "aaaaaaaa");
    assert.deepEqual([unknown.code, unknown.stdout], [exitCode.notFound, ""]);
    assert.match(unknown.stderr, /there is no invitation aaaaaaaa; to see what there is: nexus list invites/);
  });

  test("nexus invite refuses wrong words, with what it expected", async () => {
    const wrong: readonly [string[], RegExp][] = [
      [["--for", "5 s"], /--for 5 s: expected a time from a minute to 366 days, such as 30min, 1h or 7d/],
      [["--for", "1m"], /expected a time/],
      [["--for", "366.1d"], /expected a time/],
      [["--for", "400d"], /expected a time/],
      [["--for", "soon"], /expected a time/],
      [["--uses", "0"], /--uses 0: expected how many machines may join/],
      [["--target", "a b"], /--target a b: expected names of pools/],
      [["--withdraw", "aaaaaaaa", "--uses", "2"], /--withdraw takes no other option than --json; for example/],
    ];
    for (const [words, why] of wrong) {
      const { code, stderr } = await typed("invite", ...words);
      assert.equal(code, exitCode.usage, stderr);
      assert.match(stderr, why);
    }
  });

  test("an invitation holds as long as is said, in minutes, hours or days", async () => {
    for (const time of ["30min", "7d", "366d", "366 d", "8784h"]) {
      const { invite } = await invitation("--for", time);
      const { code, stderr } = await typed("invite", "--withdraw", invite);
      assert.equal(code, exitCode.done, stderr);
    }
  });

  test("a worker that serves other pools than its invitation names is told so", async () => {
    const { line } = await invitation("--target", "gpu");
    const worker = joins(line, "limited", "--target", "cpu");
    await eventually("it is told", () => /limited serves cpu, but was invited for gpu/.test(worker.output()), {
      seen: worker.output,
    });
    worker.child.kill("SIGTERM");
    await worker.exited();
  });

  test("a worker that had joined stays, whatever line it is started with", async () => {
    const { line } = await invitation();
    const first = joins(line, "old");
    await hasJoined(first);
    first.child.kill("SIGTERM");
    await first.exited();
    for (const code of ["RZw71GnLNhStrB3g-wirk7CB", newInviteCode(Date.now() - 60_000)]) {
      const again = joins(line.replace(/\/\/[^@]+@/, `//${code}@`), "old");
      await hasJoined(again);
      again.child.kill("SIGTERM");
      await again.exited();
    }
  });

  test("a revoked worker is cut off before nexus answers; its run moves on; it is let in once forgotten", async () => {
    const { line, invite } = await invitation("--uses", "5");
    const mal = joins(line, "mal");
    await hasJoined(mal);
    const job = await swarm.submit(swarm.probeSpec("long", { total_runs: 1 }, { reports: 3, seconds: 600 }));
    await swarm.when("it has the run", job, ({ running }) => running === 1);
    await hasJoined(joins(line, "other"));
    const spy = await connectLike("mal");
    const asked = await typed("workers", "revoke", "mal");
    assert.equal(asked.code, exitCode.usage);
    const effect =
      /^revokes worker mal: it is cut off for good; 1 run in hand goes on elsewhere, uncharged\n.*add --yes/;
    assert.match(asked.stderr, effect);
    const { code, stdout, stderr } = await typed(
      "workers",
      "revoke",
      "mal",
      "--reason",
      "not\u009b\u202eours",
      "--yes",
    );
    await assert.rejects(connectLike("mal"), /Authorization Violation/i);
    await spy.closed();
    assert.equal(code, exitCode.done, stderr);
    assert.match(
      stdout,
      /^mal: cut off, and its key opens nothing any more; 1 run goes to other workers; the invitation/,
    );
    const table = await swarm.when("the other has the run", job, (each) => each.trial(1)?.attempts.length === 2);
    assert.equal(table.trial(1)?.attempts[1]?.worker, "other");
    assert.equal(table.trial(1)?.charged, 0);
    await eventually("it says so", () => /refuses this worker's key: it was revoked or forgotten/.test(mal.output()), {
      seen: mal.output,
    });
    assert.doesNotMatch(mal.output(), /no coordinator answers/);
    const { workers, invites } = await swarm.state();
    assert.equal(workers.get("mal" as WorkerId)?.state, "revoked");
    assert.match(invites.get(invite)?.ended ?? "", /was revoked by/);
    const again = await typed("workers", "revoke", "mal", "--yes");
    assert.match(again.stdout, /not ours/);
    mal.child.kill("SIGKILL");
    await mal.exited();
    const { line: next } = await invitation();
    await endsRefused(joins(next, "mal"), /mal was revoked: not ours/, /nexus workers forget mal/);
    const busy = await typed("workers", "forget", "other", "--yes");
    assert.equal(busy.code, exitCode.usage);
    assert.match(busy.stderr, /other holds 1 run\n/);
    assert.equal((await typed("workers", "forget", "mal", "--yes")).code, exitCode.done);
    const { line: last } = await invitation();
    await hasJoined(joins(last, "mal"));
    await swarm.verify();
  });
});
