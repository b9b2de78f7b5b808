import { addressText, type Reachability } from "../../../shared/broker/address.ts";
import type { StreamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { keptStreamInfos, keptStreams } from "../../../shared/broker/peers/cluster.ts";
import { peersTrouble, probePeers } from "../../../shared/broker/peers/peer-probe.ts";
import { type Peer, peerHost } from "../../../shared/broker/peers/peers.ts";
import { areClosed } from "../../../shared/broker/store/closed-streams.ts";
import { exitCode, UnreachableError } from "../../../shared/errors.ts";
import type { Bus } from "../../../shared/ports.ts";
import { decodeLeader } from "../../../shared/wire/messages.ts";
import { leaderKey } from "../../../shared/wire/subjects.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { type Field, recordsJson, showRecords } from "../../runs/records.ts";
import { peersOf } from "./workspace-peers.ts";

interface PeerRow {
  readonly peer: Peer;
  readonly state: Reachability;
  readonly isHere: boolean;
  /** Undefined while the cluster does not answer. */
  readonly kept: KeptThere | undefined;
}

interface KeptThere {
  /** Streams whose copy on that machine is up to date. */
  readonly current: number;
  readonly leads: boolean;
}

/** `nexus peers`: who is in touch, whose copies are up to date, where the coordinator leads. */
export async function listPeers({ scope, output }: Session, { json }: JsonOption): Promise<number> {
  const file = peersOf(scope);
  const [found, known] = await Promise.all([probePeers(file.peers), ask(() => withLink(scope, "viewer", knownTo))]);
  const rows = found.map(({ peer, state }): PeerRow => {
    const kept = known.answer && {
      current: currentOn(peer, known.answer.infos),
      leads: known.answer.leader === peer.id,
    };
    return { peer, state, isHere: peer.id === file.self, kept };
  });
  if (json) output.result(recordsJson("peer", fields, rows));
  else showRecords(output, fields, rows, `total peers listed: ${rows.length}`);
  for (const { peer, state } of rows) {
    if (state === "up") continue;
    const address = addressText(peer);
    output.note(`  if ${address} has died for good:  nexus peers replace ${address} NEW${scope.flags}\n`);
  }
  if (known.answer?.areClosed) {
    output.note(
      `  nexus move was started but not finished: run it again; to stay here instead: nexus move --cancel${scope.flags}\n`,
    );
  }
  const why = known.why ?? (await peersTrouble(file.peers));
  if (why === undefined) return exitCode.done;
  output.note(`${why}\n`);
  return exitCode.unreachable;
}

const fields: readonly Field<PeerRow>[] = [
  { name: "peer", kind: "text", value: ({ peer }) => addressText(peer) },
  { name: "server", kind: "text", value: ({ state }) => serverWords[state] },
  { name: "copies", kind: "text", value: ({ kept }) => kept && copiesText(kept) },
  { name: "leads", kind: "text", value: ({ kept }) => (kept?.leads ? "leads" : undefined) },
  { name: "here", kind: "text", value: ({ isHere }) => (isHere ? "this machine" : undefined) },
];

const serverWords: Readonly<Record<Reachability, string>> = {
  up: "up",
  down: "does not run",
  silent: "does not answer",
  other: "another server",
};

const copiesText = ({ current }: KeptThere): string => `${current} of ${keptStreams.length} up to date`;

interface Known {
  readonly infos: readonly (StreamInfo | undefined)[];
  /** Id of the peer whose coordinator leads, or died leading; undefined: none, or it released the lead. */
  readonly leader: string | undefined;
  readonly areClosed: boolean;
}

async function knownTo({ bus }: { readonly bus: Bus }): Promise<Known> {
  const [infos, entry, closed] = await Promise.all([keptStreamInfos(bus), bus.entries.get(leaderKey), areClosed(bus)]);
  const leader = entry && decodeLeader(entry.value);
  const id =
    leader && !leader.released && leader.host.startsWith(peerHost(""))
      ? leader.host.slice(peerHost("").length)
      : undefined;
  return { infos, leader: id ?? undefined, areClosed: closed };
}

const currentOn = ({ id }: Peer, infos: readonly (StreamInfo | undefined)[]): number =>
  infos.filter((info) =>
    info?.replicas.some(({ server, isCurrent, isOffline }) => server === id && isCurrent && !isOffline),
  ).length;

/** The answer, or why there is none, since the table is printed either way. */
async function ask<T>(question: () => Promise<T>): Promise<{ answer?: T; why?: string }> {
  try {
    return { answer: await question() };
  } catch (error) {
    if (error instanceof UnreachableError) return { why: error.message };
    throw error;
  }
}
