/**
 * nats-server's configuration as text. There are two accounts: SWARM holds the streams, with coordinators, operators and
 * viewers; WORKERS has no JetStream and imports a few subjects of SWARM.
 *
 * Within one account a worker can make the server write in another's name, because reply subjects are not checked (seen);
 * between accounts an answer goes back to the account that asked. Two things remain:
 * - A worker can have an answer, with content of its choice, delivered on any subject that another worker listens to (seen),
 *   `ctl.<other>` included. So what arrives on `ctl` is a hint to ask, never an order.
 * - Operators and viewers share SWARM with the streams, so they can have messages published on `jrn.>` or `op.>` (seen). Their
 *   rights prevent mistakes, not malice: give their passwords to people you trust.
 */

import { isWorkerId, type WorkerId } from "../../domain/names.ts";
import { BrokerError } from "../../errors.ts";
import * as subjects from "../../wire/subjects.ts";
import { addressText, hostInUrl } from "../address.ts";
import { type Peer, systemUser } from "../peers/peers.ts";
import type { RoleSecrets } from "./credentials.ts";
import { type InviteIdentity, isInviteId } from "./invite-code.ts";
import { isUserPublicKey } from "./nkey.ts";

/** A worker that may connect. */
export interface WorkerUser {
  readonly id: WorkerId;
  /** Public half of its nkey, `U...`; the private half never leaves its machine. */
  readonly publicKey: string;
}

export interface WorkersAccount {
  readonly workers: readonly WorkerUser[];
  /** Open invitations. Their holders may only ask to be enrolled. */
  readonly invites: readonly InviteIdentity[];
}

export interface ServerSettings {
  /** Different at each start, so that a client can tell this server from another on the same port. */
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  readonly storeDir: string;
  readonly logFile: string;
  /** Where `workersConfiguration` is written; the server reads it relative to the folder of its own configuration. */
  readonly workersFile: string;
  readonly secrets: RoleSecrets;
  /** The operator on this machine, see `operatorName`. */
  readonly operator: string;
  /** Left out for a server alone: one with a cluster block waits for the others before it stores anything. */
  readonly cluster?: ClusterSettings | undefined;
}

/** How this server takes part in the cluster of a workspace with peers. */
export interface ClusterSettings {
  readonly name: string;
  readonly self: Peer;
  readonly peers: readonly Peer[];
  readonly routeSecret: string;
  readonly systemPassword: string;
}

/** What the holders of an invitation's code are called; no worker can be, because of the underscore. */
export const inviteUser = (invite: string): string => `enrol_${invite}`;

/** The inbox prefix that a user must connect with: it may not subscribe to any other inbox. */
export const inboxPrefix = (user: string): string => `_INBOX_${user}`;

/** Ids whose subjects mean something else: `ctl.all`, and in earlier versions the inbox of `enrol`. */
const reservedIds: readonly string[] = ["all", "enrol"];

/** Why this worker cannot have a user; undefined if it can. Check this before a worker is admitted. */
export function workerUserProblem(worker: { readonly id: string; readonly publicKey: string }): string | undefined {
  if (!isWorkerId(worker.id))
    return `worker id "${worker.id}": expected lower-case letters, digits and "-", at most 48`;
  if (reservedIds.includes(worker.id))
    return `worker id "${worker.id}" is reserved; choose another, for example ${worker.id}-1`;
  if (!isUserPublicKey(worker.publicKey))
    return `worker ${worker.id}: expected the public key of an nkey user, "U" and 55 letters and digits`;
  return undefined;
}

/** The main configuration. It includes the file with the workers' users, which may change while the server runs. */
export function serverConfiguration(settings: ServerSettings): string {
  const { secrets } = settings;
  const user = (role: keyof RoleSecrets, permissions?: Permissions): string => {
    const { user: name, password } = secrets[role];
    return userEntry(`user: ${quote(name)}, password: ${quote(password)}`, permissions);
  };
  return `# Written by the broker's guard at every start; changes are lost.
server_name: ${quote(settings.serverName)}
host: ${quote(settings.host)}
port: ${wholeNumber(settings.port)}
logfile: ${quote(settings.logFile)}
logfile_size_limit: 10MB
logfile_max_num: 3
# A message that does not fit 1 MB is cut in chunks by its sender.
max_payload: 1MB

jetstream {
  store_dir: ${quote(settings.storeDir)}
  # An acknowledged message survives a power cut.
  sync_interval: always
  # Not the server's own limit, a share of the free disk at its start: a stream whose max_bytes no longer fits under that
  # is left out at a restart as if it had never been (seen with 2.10.27). The guard watches the disk instead.
  max_file_store: 1000TB
}

${settings.cluster ? clusterBlock(settings.cluster, settings.host) : ""}
accounts {${settings.cluster ? systemAccount(settings.cluster) : ""}
  SWARM {
    jetstream: enabled
    users: [
      ${user("coordinator")}
      ${user("operator", { publish: [...reading, subjects.operator(settings.operator)], subscribe: [...inboxOf("operator"), subjects.status] })}
      ${user("viewer", { publish: reading, subscribe: [...inboxOf("viewer"), subjects.status] })}
    ]
    exports: [
${lines(importedServices, (subject) => `{ service: ${quote(subject)}, accounts: [WORKERS] }`)}
      { stream: ${quote(controlSubjects)}, accounts: [WORKERS] }
    ]
  }
  WORKERS {
    imports: [
${lines(importedServices, (subject) => `{ service: { account: SWARM, subject: ${quote(subject)} } }`)}
      { stream: { account: SWARM, subject: ${quote(controlSubjects)} } }
    ]
    include ${quote(settings.workersFile)}
  }
}
`;
}

const routeUser = "peer";

/** Routes lead to every peer, this one included: the server counts them to know how many there are, and skips itself. */
function clusterBlock({ name, self, peers, routeSecret }: ClusterSettings, host: string): string {
  const route = (peer: Peer): string =>
    quote(`nats-route://${routeUser}:${routeSecret}@${hostInUrl(peer.host)}:${peer.routePort}`);
  return `
# What clients are told of this server, so that they know where to go when another one ends.
client_advertise: ${quote(addressText(self))}
cluster {
  name: ${quote(name)}
  host: ${quote(host)}
  port: ${wholeNumber(self.routePort)}
  advertise: ${quote(`${hostInUrl(self.host)}:${self.routePort}`)}
  authorization { user: ${quote(routeUser)}, password: ${quote(routeSecret)}, timeout: 5 }
  routes: [
${peers.map((peer) => `    ${route(peer)}\n`).join("")}  ]
}
system_account: SYS
`;
}

/** The user who may remove a dead peer from the cluster. */
function systemAccount({ systemPassword }: ClusterSettings): string {
  return `
  SYS {
    users: [
      ${userEntry(`user: ${quote(systemUser)}, password: ${quote(systemPassword)}`)}
    ]
  }`;
}

/**
 * The included file: one user for each worker and each open invitation. One with a bad id or key, or a key that another has
 * already, is left out: the server would refuse the whole file, and with it every worker.
 *
 * @param leftOut  hears why a worker or an invitation is not in the file
 */
export function workersConfiguration(account: WorkersAccount, leftOut: (problem: string) => void): string {
  const seen = new Set<string>();
  const entries = account.workers.flatMap((worker) => {
    const { id, publicKey } = worker;
    const twice = [id, publicKey].find((unique) => seen.has(unique));
    const problem = workerUserProblem(worker) ?? (twice && `worker ${id}: "${twice}" belongs to two workers`);
    if (problem) {
      leftOut(problem);
      return [];
    }
    seen.add(id).add(publicKey);
    return userEntry(`nkey: ${publicKey}`, {
      publish: [subjects.ask(id), `ev.${id}.>`, `ck.${id}.>`, blobReads],
      subscribe: [...inboxOf(id), subjects.controlAll, subjects.control(id)],
    });
  });
  for (const { id, publicKey } of account.invites) {
    if (!isInviteId(id) || !isUserPublicKey(publicKey) || seen.has(publicKey)) {
      leftOut(
        `invitation "${id}": expected 8 letters and digits, and the public key of an nkey user that nobody else has`,
      );
      continue;
    }
    seen.add(publicKey);
    entries.push(
      userEntry(`nkey: ${publicKey}`, { publish: [subjects.enrol(id)], subscribe: inboxOf(inviteUser(id)) }),
    );
  }
  return `# Written by the coordinator from the journal; changes are lost.\nusers: [\n${entries.map((entry) => `  ${entry}\n`).join("")}]\n`;
}

interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const { journal, evidence, blob } = subjects.streams;
const entries = `KV_${subjects.bucket}`;
const readable = [journal, evidence, blob, entries];
const blobReads = `$JS.API.DIRECT.GET.${blob}.>`;
const controlSubjects = "ctl.>";
const importedServices = [subjects.allAsks, ...subjects.evidenceSubjects, "ck.>", blobReads, subjects.allEnrolments];

/**
 * Subjects that the client needs for reading: stream information, ordered consumers, direct gets, entries and their watch.
 * These rights alone cannot create, change, purge or delete a stream or a message, or delete anyone's consumer.
 */
const reading: readonly string[] = [
  "$JS.API.INFO",
  "$JS.API.STREAM.NAMES",
  ...readable.flatMap((stream) => [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.>`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  ]),
  // A watch of entries is a push consumer with flow control.
  `$JS.FC.${entries}.>`,
];

const inboxOf = (user: string): string[] => [`${inboxPrefix(user)}.>`];

function userEntry(identity: string, permissions?: Permissions): string {
  if (!permissions) return `{ ${identity} }`;
  const list = (allowed: readonly string[]): string => `[${allowed.map(quote).join(", ")}]`;
  return `{ ${identity}, permissions: { publish: ${list(permissions.publish)}, subscribe: ${list(permissions.subscribe)} } }`;
}

const lines = (items: readonly string[], line: (item: string) => string): string =>
  items.map((item) => `      ${line(item)}`).join("\n");

function quote(text: string): string {
  // The server's strings know fewer escapes than JSON's, and these two are enough.
  const isControl = (character: string): boolean => character < " " || character === "\x7f";
  if ([...text].some(isControl))
    throw new BrokerError(`${JSON.stringify(text)} holds a control character, which the server's configuration cannot`);
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function wholeNumber(value: number): string {
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new BrokerError(`port ${value}: expected 1 to 65535`);
  return String(value);
}
