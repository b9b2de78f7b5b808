/**
 * Who may publish and hear what at the broker. The lists are exact: what is not in them is refused.
 *
 * nats-server does not check a request's reply subject. The answer is published in the account that asked, and continues into
 * SWARM if an import of that account lets it through: one without wildcards or with another name in SWARM does, one with
 * wildcards and the same name does not (seen with 2.10.27 and 2.15.1, and held by test/integration/broker). So accounts import
 * from SWARM with wildcards, or what each of their users may say anyway.
 */

import type { WorkerId } from "../../domain/names.ts";
import * as subjects from "../../wire/subjects.ts";
import { askedAs, heardAs, readersNames, workersNames } from "../client/local-names.ts";

/** What a user may publish and subscribe to, as its account calls it. */
export interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** What an account gets of SWARM, as SWARM calls it. */
interface Imports {
  readonly asked: readonly string[];
  readonly heard: readonly string[];
}

const { journal, evidence, blob } = subjects.streams;
const readable = [journal, evidence, blob, `KV_${subjects.bucket}`];

/** For reading message by message. */
const gets: readonly string[] = readable.flatMap((stream) => [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}.>`,
]);

/**
 * For fast reading, which only users in SWARM itself can do: whoever creates a consumer chooses the subject of SWARM on which its
 * messages are delivered, `jrn.x` and `op.root` included, and nats-server can only allow that or forbid it.
 */
const consumers: readonly string[] = readable.flatMap((stream) => [
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.INFO.${stream}.>`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
]);

/** Pieces of checkpoints and files, which are encrypted, and not the snapshots in the same stream. */
const pieces = `$JS.API.DIRECT.GET.${blob}.${subjects.allChunks}`;
/** Pieces of what jobs bring along: operators store them, workers fetch them. */
const bundlePieces = `$JS.API.DIRECT.GET.${blob}.${subjects.allBundlePieces}`;
/**
 * The same pieces, asked for in the order in which they were stored. If 500 MB are asked for by subject, nats-server
 * 2.10.27 keeps 530 MB in memory for ten seconds; if in order, 60 MB (2026-11-29). All that the stream holds is sealed,
 * snapshots too, so this reveals only their names. From 2.11 on one question may have thousands of answers, so workers
 * may ask in order only on earlier servers; later ones keep 140 MB at most anyway. On servers with peers they may not:
 * a newer peer may be the one that answers.
 */
export const piecesInOrder = `$JS.API.DIRECT.GET.${blob}`;

/** What SWARM calls the list of the workers' connections, and their sum: WORKERS alone may ask the server for them. */
export const workersConnections = "workers.connections";
export const connectionsOf = "$SYS.REQ.ACCOUNT.PING.CONNZ";
export const workersSum = "workers.sum";
export const totalsOf = "$SYS.REQ.ACCOUNT.PING.STATZ";

export const imports = {
  OPERATORS: { asked: [...gets, subjects.allOperators, subjects.allBundlePieces], heard: [subjects.status] },
  VIEWERS: { asked: gets, heard: [subjects.status] },
  WORKERS: {
    asked: [subjects.allAsks, ...subjects.evidenceSubjects, subjects.allChunks, pieces, bundlePieces],
    heard: ["ctl.>"],
  },
  // Apart from the workers: an answer to a worker could otherwise arrive as an enrolment.
  ENROLLING: { asked: [subjects.allEnrolments], heard: [] },
} as const satisfies Readonly<Record<string, Imports>>;

/** The inbox prefix that a user must connect with: it may not subscribe to any other inbox. */
export const inboxPrefix = (user: string): string => `_INBOX_${user}`;
const inboxOf = (user: string): string => `${inboxPrefix(user)}.>`;

/** Reads as a coordinator can. Only for the machines of coordinators: it could do more than read. */
export const readerHere = (user: string, orders: readonly string[]): Rights => ({
  publish: [...gets, ...consumers, ...orders],
  subscribe: [inboxOf(user), subjects.status],
});

/** @param orders  subjects that orders are given on */
export const reader = (user: string, orders: readonly string[]): Rights => ({
  publish: [...gets.map((subject) => askedAs(subject, readersNames)), ...orders],
  subscribe: [inboxOf(user), heardAs(subjects.status, readersNames)],
});

/** @param inOrder  whether it may ask for pieces in order */
export const worker = (id: WorkerId, inOrder: boolean): Rights => ({
  publish: [subjects.ask(id), `ev.${id}.>`, `ck.${id}.>`, pieces, bundlePieces, ...(inOrder ? [piecesInOrder] : [])],
  subscribe: [
    inboxOf(id),
    ...[subjects.controlAll, subjects.control(id)].map((subject) => heardAs(subject, workersNames)),
  ],
});

/** Asks to be enrolled, under one subject. */
export const enrolling = (user: string, subject: string): Rights => ({
  publish: [subject],
  subscribe: [inboxOf(user)],
});
