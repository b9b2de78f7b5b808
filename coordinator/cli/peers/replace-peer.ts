import { addressText } from "../../../shared/broker/address.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { keptStreamInfos } from "../../../shared/broker/peers/cluster.ts";
import { type Members, readMembers, writeMembers } from "../../../shared/broker/peers/members.ts";
import { parsePeer } from "../../../shared/broker/peers/peer-list.ts";
import { probePeer, stateText } from "../../../shared/broker/peers/peer-probe.ts";
import { type Peer, type PeersFile, readPeers } from "../../../shared/broker/peers/peers.ts";
import { NotFoundError, UnreachableError, UsageError } from "../../../shared/errors.ts";
import { workspaceFlags } from "../../../shared/machine/workspace.ts";
import { BusError } from "../../../shared/ports.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { consentOf } from "../../operator/consent.ts";
import type { Output } from "../../operator/output.ts";
import { type Scope, withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { adoptMembers } from "../../peers/adopt-members.ts";
import { addressesOf, invitationLine, joinCommand, keepSecret } from "../../peers/invitation.ts";
import { peersOf } from "./workspace-peers.ts";

const lookEveryMs = 500;
const longestElectionMs = 90_000;

/**
 * `nexus peers replace OLD NEW`: a new machine replaces one that is gone for good. The list of peers changes at once; the leading
 * coordinator removes the dead server once the new one is up. Ctrl-C ends only the wait; the same command waits again.
 */
export async function replacePeer(
  session: Session,
  typed: { readonly old: string; readonly next: string },
  options: JsonOption & { readonly yes?: boolean | undefined },
): Promise<void> {
  const { scope, output } = session;
  const file = peersOf(scope);
  await withLink(scope, "coordinator", async ({ bus }) => {
    const members = newest(await readMembers(bus), file);
    adoptMembers(scope.paths, file, members);
    const next = parsePeer(typed.next);
    const begun = members.peers.find((peer) => isCalled(peer, typed.next));
    const old = members.peers.find((peer) => isCalled(peer, typed.old));
    if (!old) {
      if (!begun) throw new NotFoundError(`${typed.old} is not a peer; the peers are ${addressesOf(members)}`);
      await untilWhole(bus, scope, begun, options.json === true, output);
      return;
    }
    if (begun === old && (await isStillNew(bus, old))) {
      await untilWhole(bus, scope, old, options.json === true, output);
      return;
    }
    if (begun && begun !== old) throw new UsageError(`${typed.next} is a peer already; expected a new machine`);
    await checkGone(old, file, next, workspaceFlags(scope.paths.name));
    const what = `${addressText(old)} (${stateText(await probePeer(old))}) is no longer a peer, even if it comes back; ${addressText(next)} takes its place`;
    if (!(await consentOf(options.yes, session)(what))) return;
    const peers = members.peers.map((peer) => (peer === old ? next : peer));
    const after = { generation: members.generation + 1, peers };
    if (!(await writeMembers(bus, after))) {
      throw new UnreachableError(
        `somebody else changed the peers just now; see nexus peers${scope.flags}, then try again`,
      );
    }
    adoptMembers(scope.paths, file, after);
    await untilWhole(bus, scope, next, options.json === true, output);
  });
}

const newest = (members: Members | undefined, file: PeersFile): Members =>
  members && members.generation >= file.generation ? members : file;

/** Whether the text is the peer's address or its host name. */
function isCalled(peer: Peer, text: string): boolean {
  return addressText(peer) === text || addressText(peer) === addressText(parsePeer(text)) || peer.host === text;
}

/**
 * Whether a machine that takes its own place is new already, so that the exchange only goes on: no stream has given it a copy yet,
 * or its server is up and gets them.
 */
async function isStillNew(bus: CoordinatorBus, peer: Peer): Promise<boolean> {
  let infos = await keptStreamInfos(bus);
  // A stream without a leader does not know all its copies. One may lack a leader for a minute after an exchange.
  const areLed = (): boolean => infos.every((info) => info?.replicas.some(({ isLeader }) => isLeader));
  for (const limit = performance.now() + longestElectionMs; !areLed() && performance.now() < limit; ) {
    await pause(lookEveryMs);
    infos = await keptStreamInfos(bus);
  }
  const copies = infos.map((info) => info?.replicas.find(({ server }) => server === peer.id));
  if (areLed() && copies.every((copy) => copy === undefined)) return true;
  return copies.some((copy) => !copy?.isCurrent) && (await probePeer(peer)) === "up";
}

async function checkGone(old: Peer, file: PeersFile, next: Peer, flags: string): Promise<void> {
  const address = addressText(old);
  if (old.id === file.self) throw new UsageError(`${address} is this machine; type it on another peer`);
  if ((await probePeer(old)) === "up") {
    throw new UsageError(`${address} is up; end it for good first, by typing there: nexus-coord stop${flags}`);
  }
  if ((await probePeer(next)) === "other") {
    throw new UsageError(`a NATS server listens on ${addressText(next)} already; expected a machine or a port without`);
  }
}

/** Prints what to type on the new machine, then what is missing, until every stream has all its copies. */
async function untilWhole(bus: CoordinatorBus, scope: Scope, next: Peer, json: boolean, output: Output): Promise<void> {
  const file = readPeers(scope.paths);
  if (!file) throw new UsageError(`workspace ${scope.paths.name} no longer has peers`);
  const address = addressText(next);
  if ((await probePeer(next)) !== "up") {
    const invitation = invitationLine(scope.paths, file);
    if (!json) output.note(`on ${address} type ${joinCommand} and paste this line (${keepSecret}):\n`);
    const told = { step: "join", peer: address, command: joinCommand, line: invitation };
    output.result(json ? line(told) : `${invitation}\n`);
  }
  let said = "";
  for (;;) {
    const why = await whatIsMissing(bus, file, next);
    if (why === undefined) break;
    if (why !== said) output.note(`  ${why}; Ctrl-C leaves, the exchange goes on\n`);
    said = why;
    await pause(lookEveryMs);
  }
  const rest = `any ${file.peers.length === 5 ? "two" : "one"} of ${addressesOf(file)} may die`;
  if (json) output.result(line({ step: "done", peer: address, peers: file.peers.map(addressText) }));
  else output.result(`${address} has all copies; ${rest}\n`);
}

const line = (value: object): string => `${JSON.stringify({ type: "peers-replace", v: 1, ...value })}\n`;

async function whatIsMissing(bus: CoordinatorBus, file: PeersFile, next: Peer): Promise<string | undefined> {
  const address = addressText(next);
  try {
    if ((await probePeer(next)) !== "up") return `waiting for ${address} to be started`;
    const infos = await keptStreamInfos(bus);
    const whole = infos.filter((info) =>
      file.peers.every(({ id }) => info?.replicas.some(({ server, isCurrent }) => server === id && isCurrent)),
    );
    const known = file.peers.filter(({ id }) => id !== next.id);
    const there = infos.filter((info) =>
      info?.replicas.some(({ server, isCurrent }) => server === next.id && isCurrent),
    );
    if (there.length < infos.length) return `${address} has ${there.length} of ${infos.length} copies`;
    return whole.length < infos.length ? `${addressesOf({ peers: known })}: not all copies are up to date` : undefined;
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return `the peers' servers do not answer yet (${error.message})`;
  }
}
