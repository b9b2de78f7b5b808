import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { closeStreams } from "../../../shared/broker/store/closed-streams.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { exitCode } from "../../../shared/errors.ts";
import { killedAt } from "../../support/processes/killed-at.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import {
  endAll,
  joinArgument,
  joinLineOf,
  peerMachines,
  someoneLeads,
  tableOf,
  verifyOn,
} from "../../support/processes/peer-machines.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/** More runs than any machine completes before the search is cut to those that have ended, plus `littleMore`. */
const manyRuns = 4000;
const littleMore = 30;

describe("nexus move", { concurrency: 2 }, () => {
  test("nexus move takes a search from a single broker to peers and back; nothing acknowledged is lost", async () => {
    const machines = await peerMachines();
    const [first, second, third] = machines;
    assert.ok(first && second && third);
    const list = machines.map(({ address }) => address).join(",");
    await first.swarm.coordinator(["--listen", first.address]);
    const spec = first.swarm.probeSpec("moved", { total_runs: manyRuns, hp_tuning: "random" }, { seconds: 1 });
    const job = await first.swarm.submit(spec);
    const line = livingEndpoint(first.swarm.paths)?.joinLine ?? "";
    const worker = third.swarm.run("worker/main.js", [line, "--name", "one", "--slots", "3"]);
    const alone = await first.swarm.when("runs complete", job, ({ ended }) => ended >= 3);

    const founded = await nexus(["move", "--to-single"], first.swarm.folder);
    assert.equal(founded.code, exitCode.usage);
    assert.match(founded.stderr, /knows of no peers/);
    const toPeers = await nexus(["move", "--to-peers", list, "--listen", first.address, "--yes"], first.swarm.folder);
    assert.equal(toPeers.code, exitCode.done, toPeers.stderr);
    first.start();
    for (const each of [second, third]) {
      each.start(["--peers-join", joinArgument(toPeers.stdout), "--listen", each.address]);
    }
    await someoneLeads(machines);
    const onPeers = await tableOf(second, job, ({ ended }) => ended > alone.ended + 2);
    // The worker followed by itself: the peers' join line names every machine that the workspace may move to.
    worker.child.kill("SIGTERM");
    assert.equal((await worker.exited()).code, exitCode.done, worker.output());
    const follower = third.swarm.run("worker/main.js", [await joinLineOf(first), "--name", "two", "--slots", "3"]);
    await tableOf(second, job, ({ ended }) => ended > onPeers.ended);

    const toSingle = await nexus(["move", "--to-single", "--yes"], second.swarm.folder);
    assert.equal(toSingle.code, exitCode.done, toSingle.stderr);
    for (const each of [first, third]) {
      const { code } = (await each.coordinator?.exited()) ?? {};
      assert.equal(code, exitCode.usage, each.coordinator?.output());
      assert.match(each.coordinator?.output() ?? "", new RegExp(`has moved to ${second.address} alone`));
    }
    const asked = await nexus(["list", "jobs"], first.swarm.folder);
    assert.equal(asked.code, exitCode.unreachable);
    assert.match(asked.stderr, new RegExp(`has moved to ${second.address} alone`));
    assert.match(toSingle.stderr, new RegExp(`nexus-coord --listen ${second.address}`));
    await second.swarm.coordinator(["--listen", second.address]);
    const total = (await tableOf(second, job, ({ ended }) => ended > onPeers.ended)).ended + littleMore;
    const cut = await nexus(["edit", job, "--total-runs", String(total)], second.swarm.folder);
    assert.equal(cut.code, exitCode.done, cut.stderr);
    const table = await tableOf(second, job, ({ state }) => state === "completed", follower.output);
    assert.ok(table.outcomes.completed >= total);
    assert.equal(table.outcomes.completed, table.trials.length);
    assert.equal(table.open, 0);
    await verifyOn(second);
    assert.equal(follower.child.exitCode, null, follower.output());
    await endAll(machines);
  });

  test("nexus move, interrupted, is undone by --cancel and by the next start of a single broker", async () => {
    const swarm = new Swarm();
    const coordinator = await swarm.coordinator();
    const spec = swarm.probeSpec("stays", { total_runs: 1, hp_tuning: "random" });
    const close = (): Promise<void> => overLink(swarm, closeStreams);
    await close();
    assert.equal((await nexus(["move", "--cancel"], swarm.folder)).code, exitCode.done);
    const job = await swarm.submit(spec);
    await close();
    const refused = await swarm.order(spec, 5000).then(
      () => "taken",
      (error: unknown) => String(error),
    );
    assert.match(refused, /no answer in time/);
    coordinator.child.kill("SIGTERM");
    await coordinator.exited();
    const next = await swarm.coordinator();
    assert.equal((await swarm.state()).jobs.has(job), true);
    await swarm.submit(spec);
    next.child.kill("SIGTERM");
    await next.exited();

    const addresses = (await peerMachines()).map(({ address }) => address);
    const toPeers = ["move", "--to-peers", addresses.join(","), "--listen", addresses[0] ?? "", "--yes"];
    const killed = async (at: NodeJS.ProcessEnv): Promise<void> => {
      const moving = swarm.run("coordinator/cli/main.js", toPeers, at);
      assert.equal((await moving.exited()).signal, "SIGKILL", moving.output());
    };
    // While it reads what it has packed, the workspace is still whole.
    await killed(killedAt("openSync", /move-[^/]*\.nexus$/));
    assert.equal((await nexus(["move", "--cancel"], swarm.folder)).code, exitCode.done);
    assert.equal((await swarm.state()).jobs.has(job), true);
    // A moment before the list of peers is there, it is not taken for an empty one.
    await killed(killedAt("openSync", /peers\.json\.[^/]*tmp$/));
    const again = await nexus(toPeers, swarm.folder);
    assert.equal(again.code, exitCode.failure, again.stderr);
    assert.match(again.stderr, /is damaged: it is empty, .*: an exchange of it was cut off, .* is in \S+moved-/);
    assert.match(again.stderr, / move --cancel\n {2}a packed copy of the workspace is in \S+move-\S+\.nexus\n/);
  });
});

async function overLink(swarm: Swarm, act: (bus: CoordinatorBus) => Promise<void>): Promise<void> {
  const link = await linkWorkspace(swarm.paths, "coordinator");
  try {
    await act(link.bus);
  } finally {
    await link.close();
  }
}
