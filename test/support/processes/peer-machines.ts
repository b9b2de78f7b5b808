import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { clusterServers, connectSystem, keptStreamInfos } from "../../../shared/broker/peers/cluster.ts";
import { readPeers } from "../../../shared/broker/peers/peers.ts";
import { type BrokerInfo, runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { endProcess } from "../../../shared/broker/server/tied-process.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { openInvites } from "../../../shared/domain/fold/invites.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { UnreachableError } from "../../../shared/errors.ts";
import { BusError } from "../../../shared/ports.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { holdPort } from "../broker/ports.ts";
import { eventually, patienceMs } from "../patience.ts";
import { nexus } from "./nexus-command.ts";
import { lookMs, type Program, Swarm, tableInShort } from "./swarm.ts";

/** One machine of a workspace with peers: folders of its own, a loopback address of its own. */
export class PeerMachine {
  readonly swarm = new Swarm();
  readonly address: string;
  coordinator: Program | undefined;

  constructor(address: string) {
    this.address = address;
  }

  /** Its coordinator, in the foreground of this test. */
  start(args: readonly string[] = []): Program {
    const program = this.swarm.run("coordinator/main.js", ["--headless", "--linger", "0", ...args]);
    this.coordinator = program;
    return program;
  }

  get leads(): boolean {
    return this.coordinator !== undefined && this.#lastWord(/"msg":"(leading|no longer leading)/g) === "leading";
  }

  #lastWord(pattern: RegExp): string {
    return [...this.log.matchAll(pattern)].at(-1)?.[1] ?? "";
  }

  /** The log lines of the current coordinator process. */
  get log(): string {
    const pid = `"pid":${this.coordinator?.pid},`;
    if (!existsSync(this.swarm.paths.coordinatorLog)) return "";
    return this.swarm
      .log()
      .split("\n")
      .filter((line) => line.includes(pid))
      .join("\n");
  }

  /** The machine loses power: coordinator, guard and server are killed together. */
  async losePower(): Promise<void> {
    const broker: BrokerInfo | undefined = runningBroker(this.swarm.paths);
    this.coordinator?.child.kill("SIGKILL");
    if (broker) {
      await Promise.all([
        endProcess(broker.guard, "SIGKILL", patienceMs),
        broker.server ? endProcess(broker.server, "SIGKILL", patienceMs) : undefined,
      ]);
    }
    await this.coordinator?.exited();
    this.coordinator = undefined;
  }
}

/** An address for a peer's clients. Servers reach each other on the port 2000 higher, which is reserved too. */
export const holdPeerAddress = async (host: string): Promise<string> => `${host}:${await holdPort(host, [2000])}`;

/** Three machines whose coordinators run; one of them leads. The first founded the workspace. */
export async function startPeers(): Promise<PeerMachine[]> {
  const machines = await peerMachines();
  const [first, ...others] = machines;
  if (!first) throw new Error("no machine");
  first.start(["--peers", machines.map(({ address }) => address).join(","), "--listen", first.address]);
  const invitation = await invitationFrom(first);
  for (const each of others) each.start(["--peers-join", invitation, "--listen", each.address]);
  await someoneLeads(machines);
  return machines;
}

export async function peerMachines(): Promise<PeerMachine[]> {
  const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
  return Promise.all(hosts.map(async (host) => new PeerMachine(await holdPeerAddress(host))));
}

/** The join line from `nexus peers invite` on that machine. */
export async function invitationFrom(machine: PeerMachine): Promise<string> {
  await eventually("the founding machine is a peer", () => readPeers(machine.swarm.paths) !== undefined);
  const { code, stdout } = await nexus(["peers", "invite"], machine.swarm.folder);
  assert.equal(code, 0);
  return joinArgument(stdout);
}

/** The line for `nexus-coord --peers-join` that a command has printed. */
export function joinArgument(printed: string): string {
  const [, line] = /^(nexus-peers:\S+)$/m.exec(printed) ?? [];
  assert.ok(line, printed);
  return line;
}

export function someoneLeads(machines: readonly PeerMachine[]): Promise<PeerMachine> {
  return eventually("one of the peers leads", () => machines.find((each) => each.leads), {
    seen: () => machines.map(said).join("\n"),
  });
}

/** What a machine's coordinators logged and printed, for a failure's message. */
export const said = ({ address, log, swarm }: PeerMachine): string => `${address}:\n${log}\n${swarm.printed()}`;

/**
 * The result of `act`, once it is not undefined. Retries while the servers are away or elect a leader and answer
 * nothing.
 *
 * @param seen  what was seen last, for the failure's message
 */
export function onceAnswered<T>(
  machine: PeerMachine,
  what: string,
  act: () => Promise<T | undefined>,
  seen: () => string = () => "",
): Promise<T> {
  let unanswered = "";
  return eventually(
    what,
    async () => {
      try {
        const found = await act();
        unanswered = "";
        return found;
      } catch (error) {
        if (!(error instanceof UnreachableError || error instanceof BusError)) throw error;
        unanswered = error.message;
        return undefined;
      }
    },
    { everyMs: lookMs, seen: () => `${seen()}\n${unanswered}\n${said(machine)}` },
  );
}

/**
 * The job's table as this peer gives it, once the condition holds; the broker may be away meanwhile.
 *
 * @param seen  more of what was seen last, for the failure's message
 */
export function tableOf(
  machine: PeerMachine,
  job: JobName,
  condition: (table: RunTable) => boolean,
  seen: () => string = () => "",
): Promise<RunTable> {
  let last = "";
  return onceAnswered(
    machine,
    "the job's table is as wanted",
    async () => {
      const table = await machine.swarm.table(job);
      last = tableInShort(table);
      return condition(table) ? table : undefined;
    },
    () => `${last}\n${seen()}`,
  );
}

/** `Swarm.verify` on this peer. */
export async function verifyOn(machine: PeerMachine): Promise<void> {
  await onceAnswered(machine, "the store is read as a whole", async () => {
    await machine.swarm.verify();
    return true;
  });
}

/** This machine's join line, once its invitation is open: a standby's invitation first has to reach the leader. */
export const joinLineOf = (machine: PeerMachine): Promise<string> =>
  onceAnswered(machine, "the machine shows a line that opens", async () => {
    const line = livingEndpoint(machine.swarm.paths)?.joinLine;
    if (line === undefined) return undefined;
    const { id } = inviteKey(parseJoinLine(line).code);
    return openInvites(await machine.swarm.state()).some((invite) => invite.id === id) ? line : undefined;
  });

/** Waits until that machine's server leads neither a stream nor the cluster, which its leading coordinator sees to. */
export async function ledElsewhere({ swarm }: PeerMachine): Promise<void> {
  const file = readPeers(swarm.paths);
  assert.ok(file);
  const link = await linkWorkspace(swarm.paths, "viewer");
  const system = await connectSystem(swarm.paths, file);
  const isLedElsewhere = (copies: readonly { name: string; isLeader: boolean }[]): boolean =>
    copies.length === 3 && copies.some(({ name, isLeader }) => isLeader && name !== file.self);
  try {
    await eventually(
      "the streams are led elsewhere",
      async () => {
        try {
          const streams = (await keptStreamInfos(link.bus)).map((info) =>
            (info?.replicas ?? []).map(({ server, isLeader }) => ({ name: server, isLeader })),
          );
          return [await clusterServers(system), ...streams].every(isLedElsewhere);
        } catch (error) {
          if (error instanceof BusError) return false; // the servers are electing a leader
          throw error;
        }
      },
      { everyMs: 100 },
    );
  } finally {
    await link.close();
    await system.close();
  }
}

export async function endAll(machines: readonly PeerMachine[]): Promise<void> {
  await Promise.all(machines.map(({ swarm }) => swarm.end()));
}
