import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { streamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { moveCopy } from "../../../shared/broker/peers/cluster.ts";
import { readInvitation } from "../../../shared/broker/peers/invitation.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { exitCode } from "../../../shared/errors.ts";
import { BusError } from "../../../shared/ports.ts";
import { streams } from "../../../shared/wire/subjects.ts";
import { eventually } from "../../support/patience.ts";
import { allProcesses } from "../../support/process-list.ts";
import { nexus, type StartedCommand, startNexus } from "../../support/processes/nexus-command.ts";
import {
  endAll,
  holdPeerAddress,
  joinArgument,
  joinLineOf,
  PeerMachine,
  said,
  someoneLeads,
  startPeers,
  tableOf,
  verifyOn,
} from "../../support/processes/peer-machines.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const totalRuns = 48;

interface ListedPeer {
  readonly peer: string;
  readonly server: string;
  readonly copies: string | null;
  readonly leads: string | null;
}

/** Undefined while the machine gets no answer. */
async function listed({ swarm }: PeerMachine): Promise<ListedPeer[] | undefined> {
  const { code, stdout } = await nexus(["peers", "--json"], swarm.folder);
  if (code !== exitCode.done) return undefined;
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ListedPeer);
}

async function refused(machine: PeerMachine, args: readonly string[], why: RegExp): Promise<void> {
  const program = machine.start(args);
  assert.equal((await program.exited()).code, exitCode.usage, program.output());
  assert.match(program.output(), why);
}

/** As when a copy was to move, and nats-server knew no other server for it yet: seen in one exchange of sixty on a busy machine. */
async function oneCopyLess({ swarm }: PeerMachine, machines: readonly PeerMachine[]): Promise<void> {
  const { bus, close } = await linkWorkspace(swarm.paths, "coordinator");
  // A leader soon has it placed again.
  const isPlaced = (): boolean =>
    machines.some((each) => /JRN had 2 of 3 copies; the others are placed/.test(each.swarm.log()));
  const copies = async () => (await streamInfo(bus, streams.journal))?.replicas ?? [];
  const [follower] = (await copies()).filter(({ isLeader }) => !isLeader);
  assert.ok(follower);
  await assert.rejects(moveCopy(bus, streams.journal, follower.server), BusError);
  await eventually("the copy is gone", async () => (await copies()).length === 2 || isPlaced(), { everyMs: 5 });
  await close();
}

describe("a peer that died for good", () => {
  test("a peer that died for good is replaced while the search goes on; the new one gets all copies", async () => {
    const machines = await startPeers();
    const leader = await someoneLeads(machines);
    const [dead, stays] = machines.filter((each) => each !== leader);
    assert.ok(dead && stays);
    const addresses = machines.map(({ address }) => address);

    // --peers typed on another machine too founds no second workspace.
    const stranger = new PeerMachine(await holdPeerAddress("127.0.0.4"));
    const [one, two, three] = addresses;
    await refused(
      stranger,
      ["--peers", [one, two, stranger.address].join(","), "--listen", stranger.address],
      /nexus peers invite/,
    );
    await refused(
      stranger,
      ["--peers", [stranger.address, two, three].join(","), "--listen", stranger.address],
      new RegExp(`a NATS server already answers at ${two} and ${three}`),
    );

    await eventually("all copies are up to date, and the leader is known", async () => {
      const found = await listed(stays);
      if (!found) return undefined;
      assert.deepEqual(found.map(({ peer }) => peer).sort(), [...addresses].sort());
      const leads = found.filter((each) => each.leads !== null).map(({ peer }) => peer);
      return (
        leads.join() === machines.find((each) => each.leads)?.address &&
        found.every(({ copies }) => copies === "4 of 4 up to date")
      );
    });
    await oneCopyLess(stays, machines);
    await eventually("the missing copy is placed again", async () =>
      (await listed(stays))?.every(({ copies }) => copies === "4 of 4 up to date"),
    );
    const alive = await nexus(["peers", "replace", dead.address, stranger.address, "--yes"], stays.swarm.folder);
    assert.equal(alive.code, exitCode.usage);
    assert.match(alive.stderr, new RegExp(`${dead.address} is up; end it for good first`));

    const spec = stays.swarm.probeSpec("exchange", { total_runs: totalRuns, hp_tuning: "random" }, { seconds: 1 });
    const job = await stays.swarm.submit(spec);
    const workers = new Swarm();
    workers.run("worker/main.js", [await joinLineOf(stays), "--name", "one", "--slots", "4"]);
    await tableOf(stays, job, ({ ended }) => ended > 0);
    await dead.losePower();

    const exchange = startNexus(["peers", "replace", dead.address, stranger.address, "--yes"], stays.swarm.folder);
    await eventually("it says what to type", () => {
      assert.equal(exchange.child.exitCode, null, exchange.stderr());
      return exchange.stdout().includes("\n");
    });
    const invitation = joinArgument(exchange.stdout());
    stranger.start(["--peers-join", invitation, "--listen", stranger.address]);
    await eventually("the new peer has all copies", () => exchange.child.exitCode !== null, {
      seen: () => [exchange.stderr(), ...[stays, leader, stranger].map(said)].join("\n"),
    });
    const { code, stdout, stderr } = await exchange.ended();
    assert.equal(code, exitCode.done, stderr);
    assert.match(stdout, new RegExp(`${stranger.address} has all copies`));
    const commands = allProcesses().map(({ command }) => command);
    assert.ok(commands.some((command) => command.includes("--peers-join nexus-peers:***")));
    assert.ok(!commands.some((command) => command.includes(invitation)), "a process shows the passwords");
    const found = await eventually("it lists the peers", () => listed(stays));
    const servers = new Map(found.map(({ peer, copies }) => [peer, copies]));
    assert.equal(servers.get(stranger.address), "4 of 4 up to date");
    assert.equal(servers.has(dead.address), false);

    const again = dead.start();
    assert.notEqual((await again.exited()).code, exitCode.done);
    assert.match(again.output(), /this machine was replaced as a peer/);

    const table = await tableOf(stranger, job, ({ state }) => state === "completed");
    assert.equal(table.outcomes.completed, totalRuns);
    await verifyOn(stranger);
    await workers.end();
    await endAll([...machines, stranger]);
  });

  test("a machine that lost its disk takes its own place; the command typed again waits for that exchange", async () => {
    const machines = await startPeers();
    const leader = await someoneLeads(machines);
    const [dead, stays] = machines.filter((each) => each !== leader);
    assert.ok(dead && stays);
    await eventually("all copies are up to date", async () =>
      (await listed(stays))?.every(({ copies }) => copies === "4 of 4 up to date"),
    );
    await dead.losePower();
    const replace = (): StartedCommand =>
      startNexus(["peers", "replace", dead.address, dead.address, "--yes"], stays.swarm.folder);
    const invitationOf = async (command: StartedCommand): Promise<string> => {
      await eventually("it says what to type", () => {
        assert.equal(command.child.exitCode, null, command.stderr());
        return command.stdout().includes("\n");
      });
      return joinArgument(command.stdout());
    };
    const first = replace();
    const { peers } = await readInvitation(await invitationOf(first));
    first.child.kill("SIGKILL");
    await first.ended();

    const again = replace();
    const invitation = await invitationOf(again);
    assert.deepEqual((await readInvitation(invitation)).peers, peers, "the line that was printed first still holds");
    const fresh = new PeerMachine(dead.address);
    fresh.start(["--peers-join", invitation, "--listen", fresh.address]);
    await eventually("the new peer has all copies", () => again.child.exitCode !== null, {
      seen: () => [again.stderr(), ...[stays, leader, fresh].map(said)].join("\n"),
    });
    const { code, stdout, stderr } = await again.ended();
    assert.equal(code, exitCode.done, stderr);
    assert.match(stdout, new RegExp(`${fresh.address} has all copies`));
    await endAll([...machines, fresh]);
  });
});
