/**
 * nats-server's configuration as text. SWARM is the account that holds the streams; coordinators are in it, and the operators and
 * viewers of their machines, who could do as they like there anyway. Everybody else is in an account without JetStream that
 * imports a few subjects of SWARM (rights.ts): OPERATORS and VIEWERS, whose passwords may be given away, WORKERS, and an account for
 * each invitation, ENROLLING_k5gm97fw: nats-server limits the connections of an account, not of a user.
 *
 * Within one account anybody can make the server write in another's name, because reply subjects are not checked (seen); between
 * accounts an answer goes back to the account that asked. What remains:
 * - A worker can have an answer delivered on another worker's inbox if it guesses 22 random characters of its name.
 * - Viewers share one user, and so can hear and disturb each other's answers; operators likewise.
 */

import { isWorkerId, type WorkerId } from "../../domain/names.ts";
import { BrokerError } from "../../errors.ts";
import * as subjects from "../../wire/subjects.ts";
import { addressText, hostInUrl } from "../address.ts";
import { askedAs, type LocalNames, readersNames, workersNames } from "../client/local-names.ts";
import { isUserPublicKey } from "../nkey.ts";
import { type Peer, systemUser } from "../peers/peers.ts";
import { hereSecret, type RoleSecret, type RoleSecrets } from "./credentials.ts";
import { type InviteIdentity, isInviteId } from "./invite-code.ts";
import {
  connectionsOf,
  enrolling,
  imports,
  piecesInOrder,
  type Rights,
  reader,
  readerHere,
  totalsOf,
  worker as workerRights,
  workersConnections,
  workersSum,
} from "./rights.ts";

/** Machines that may enrol with one invitation at a time; more are told that there are too many, and try again. */
export const enrollingAtOnce = 256;

/**
 * Connections of all workers together; there are at most 10,000 workers. The leader counts the connections of each
 * (leader/rules/connections.ts).
 */
const workersAtOnce = 20_480;

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
  /** Whether the server can limit what waits to be stored: from 2.11 on. */
  readonly refusesFloods?: boolean;
  /** The operator on this machine, see `operatorName`. */
  readonly operator: string;
  /** Files of the listener for clients; left out: plain text. */
  readonly tls?: TlsFiles | undefined;
  /** Where WebSockets are taken as well, always with TLS. */
  readonly webSockets?: (TlsFiles & { readonly host: string; readonly port: number }) | undefined;
  /** Left out for a single server: one with a cluster block waits for the others before it stores anything. */
  readonly cluster?: ClusterSettings | undefined;
}

/** How this server takes part in the cluster of a workspace with peers. */
export interface ClusterSettings {
  readonly name: string;
  readonly self: Peer;
  readonly peers: readonly Peer[];
  readonly routeSecret: string;
  readonly systemPassword: string;
  /** The servers show each other certificates of this authority; left out: plain text. */
  readonly tls?: (TlsFiles & { readonly authority: string }) | undefined;
}

/** Paths of PEM files: certificates, the server's first, and its key. */
interface TlsFiles {
  readonly chain: string;
  readonly key: string;
}

/** The user name of an invitation's holders. No worker can have it, because of the underscore. */
export const inviteUser = (invite: string): string => `enrol_${invite}`;

export { inboxPrefix } from "./rights.ts";

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

/** The main configuration. It includes the file with the accounts of workers, which may change while the server runs. */
export function serverConfiguration(settings: ServerSettings): string {
  const { secrets } = settings;
  const orders = [subjects.operator(settings.operator), subjects.allBundlePieces];
  const here = { operator: hereSecret(secrets, "operator"), viewer: hereSecret(secrets, "viewer") };
  return `# Written by the broker's guard at every start; changes are lost.
server_name: ${quote(settings.serverName)}
host: ${quote(settings.host)}
port: ${wholeNumber(settings.port)}
${settings.tls ? tlsBlock(settings.tls) : ""}${settings.webSockets ? webSocketBlock(settings.webSockets) : ""}logfile: ${quote(settings.logFile)}
logfile_size_limit: 10MB
logfile_max_num: 3
# A message that does not fit 1 MB is cut in chunks by its sender.
max_payload: 1MB
# Of one connection; ours make some dozens. When one with 1,000 ended while 20,000 questions had no answer, the server stood still for up
# to 4 s, in which no leader could renew its lead; with 200 it did not (2.10.27, 2026-11-28).
max_subscriptions: 200

jetstream {
  store_dir: ${quote(settings.storeDir)}
  # An acknowledged message survives a power cut.
  sync_interval: always
  # Not the server's own limit, a share of the free disk at its start: a stream whose max_bytes no longer fits under that
  # is left out at a restart as if it had never been (seen with 2.10.27). The guard watches the disk instead.
  max_file_store: 1000TB
${settings.refusesFloods ? floodLimits : ""}}

${settings.cluster ? clusterBlock(settings.cluster, settings.host) : ""}
accounts {${settings.cluster ? systemAccount(settings.cluster) : ""}
  SWARM {
    jetstream: enabled
    users: [
      ${passwordUser(secrets.coordinator)}
      ${passwordUser(here.operator, readerHere(here.operator.user, orders))}
      ${passwordUser(here.viewer, readerHere(here.viewer.user, []))}
    ]
    exports: [
${exportLines(settings.cluster === undefined)}
    ]
    imports: [
      { service: { account: WORKERS, subject: ${quote(connectionsOf)} }, to: ${quote(workersConnections)} }
      { service: { account: WORKERS, subject: ${quote(totalsOf)} }, to: ${quote(workersSum)} }
    ]
  }
  OPERATORS {
    users: [${passwordUser(secrets.operator, reader(secrets.operator.user, orders))}]
    imports: [
${importLines("OPERATORS", readersNames)}
    ]
  }
  VIEWERS {
    limits { max_payload: 4KB }
    users: [${passwordUser(secrets.viewer, reader(secrets.viewer.user, []))}]
    imports: [
${importLines("VIEWERS", readersNames)}
    ]
  }
  include ${quote(settings.workersFile)}
}
`;
}

/** The server's default of 2 s is short for a busy machine behind a slow line. */
const handshakeSeconds = 10;

const tlsBlock = ({ chain, key }: TlsFiles, more = ""): string =>
  `tls { cert_file: ${quote(chain)}, key_file: ${quote(key)}, ${more}timeout: ${handshakeSeconds} }\n`;

const webSocketBlock = ({ host, port, ...files }: NonNullable<ServerSettings["webSockets"]>): string => `websocket {
  host: ${quote(host)}
  port: ${wholeNumber(port)}
  handshake_timeout: "${handshakeSeconds}s"
  ${tlsBlock(files)}}
`;

/** The messages stored in a second, each with an fsync, and the largest pieces that workers have in flight. */
const floodLimits = `  # More is refused, and its sender tries again: whatever one client floods with stands before everybody's.
  max_buffered_msgs: 4000
  max_buffered_size: 64MB
`;

const routeUser = "peer";

/** Routes lead to every peer, this one included: the server counts them to know how many there are, and skips itself. */
function clusterBlock({ name, self, peers, routeSecret, tls }: ClusterSettings, host: string): string {
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
  ${tls ? tlsBlock(tls, `ca_file: ${quote(tls.authority)}, verify: true, `) : ""}  authorization { user: ${quote(routeUser)}, password: ${quote(routeSecret)}, timeout: 5 }
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
 * The included file: the accounts of workers and of machines that enrol, with a user for each worker and each open
 * invitation. A worker or invitation with a bad id or key, or with one that is already in the file, is left out: the
 * server would refuse the whole file, and with it every worker.
 *
 * @param leftOut  hears why a worker or an invitation is not in the file
 * @param server   what the main configuration allows in this file
 */
export function workersConfiguration(
  account: WorkersAccount,
  leftOut: (problem: string) => void,
  { inOrder, isByInvitation }: ServerLets = thisVersions,
): string {
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
    return userEntry(`nkey: ${publicKey}`, workerRights(id, inOrder));
  });
  const invites = account.invites.filter(({ id, publicKey }) => {
    const isGood = isInviteId(id) && isUserPublicKey(publicKey) && !seen.has(publicKey) && !seen.has(inviteUser(id));
    if (isGood) seen.add(publicKey).add(inviteUser(id));
    else
      leftOut(
        `invitation "${id}": expected 8 letters and digits, and the public key of an nkey user that nobody else has`,
      );
    return isGood;
  });
  return `${workersHead}
WORKERS {
  limits { max_connections: ${workersAtOnce} }
  users: [
${usersOf(entries)}  ]
  imports: [
${importLines("WORKERS", workersNames, inOrder ? [piecesInOrder] : [])}
  ]
  exports: [
    { service: ${quote(connectionsOf)}, response: stream, accounts: [SWARM] }
    { service: ${quote(totalsOf)}, response: stream, accounts: [SWARM] }
  ]
}
${
  isByInvitation
    ? invites.map((invite) => enrollingAccount(`ENROLLING_${invite.id}`, [invite])).join("")
    : enrollingAccount("ENROLLING", invites)
}`;
}

/** What a running server's main configuration, perhaps of an earlier version, allows in the included file. */
export interface ServerLets {
  /** Whether workers may ask for pieces in order (rights.ts). */
  readonly inOrder: boolean;
  /** Whether each invitation may have an account of its own. */
  readonly isByInvitation: boolean;
}
const thisVersions: ServerLets = { inOrder: false, isByInvitation: true };

function enrollingAccount(name: string, invites: readonly InviteIdentity[]): string {
  const users = invites.map(({ id, publicKey }) =>
    userEntry(`nkey: ${publicKey}`, enrolling(inviteUser(id), subjects.enrol(id))),
  );
  return `${name} {
  limits { max_payload: 8KB, max_connections: ${enrollingAtOnce}, max_subscriptions: 20 }
  users: [
${usersOf(users)}  ]
  imports: [
${importLines("ENROLLING", {})}
  ]
}
`;
}

const usersOf = (entries: readonly string[]): string => entries.map((entry) => `    ${entry}\n`).join("");

/**
 * The workers' file without the import of pieces in order, for a server that does not allow it. Such a file may have
 * come to the server with its workspace.
 */
export const withoutPiecesInOrder = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line.trim() !== importedService(piecesInOrder, workersNames))
    .join("\n");

const workersHead = "# The workers' accounts. Written by the coordinator from the journal; changes are lost.";

/** Whether a server that runs with this configuration lets each invitation have an account: earlier versions did not. */
export const exportsToInvitations = (configuration: string): boolean => configuration.includes(`${toEveryAccount}\n`);
const toEveryAccount = `{ service: ${quote(subjects.allEnrolments)} }`;

/** Whether a server that runs with this configuration can let workers ask for pieces in order: earlier ones did not. */
export const exportsPiecesInOrder = (configuration: string): boolean =>
  configuration.includes(`service: ${quote(piecesInOrder)}, accounts: [OPERATORS, VIEWERS, WORKERS]`);

/** Whether a text is what `workersConfiguration` writes now; earlier versions wrote a list of users under the same name. */
export const isWorkersConfiguration = (text: string): boolean => text.startsWith(`${workersHead}\n`);

/** @param inOrder  whether the workers' account may ask for pieces in order */
function exportLines(inOrder: boolean): string {
  const accountsOf = new Map<string, string[]>();
  const add = (account: string, entry: string): void => {
    accountsOf.set(entry, [...(accountsOf.get(entry) ?? []), account]);
  };
  for (const [account, { asked, heard }] of Object.entries(imports)) {
    for (const subject of asked) add(account, `service: ${quote(subject)}`);
    for (const subject of heard) add(account, `stream: ${quote(subject)}`);
  }
  if (inOrder) add("WORKERS", `service: ${quote(piecesInOrder)}`);
  return lines([...accountsOf], ([entry, accounts]) =>
    // Invitations' accounts are in the included file, and change while the server runs.
    accounts.includes("ENROLLING") ? toEveryAccount : `{ ${entry}, accounts: [${accounts.join(", ")}] }`,
  );
}

function importLines(account: keyof typeof imports, names: LocalNames, more: readonly string[] = []): string {
  const { asked, heard } = imports[account];
  const stream = (subject: string): string =>
    `{ stream: { account: SWARM, subject: ${quote(subject)} }, prefix: ${quote(names.heard ?? "")} }`;
  const services = [...asked, ...more].map((subject) => importedService(subject, names));
  return lines([...services, ...heard.map(stream)], (line) => line);
}

function importedService(subject: string, names: LocalNames): string {
  const own = askedAs(subject, names);
  return `{ service: { account: SWARM, subject: ${quote(subject)} }${own === subject ? "" : `, to: ${quote(own)}`} }`;
}

const passwordUser = ({ user, password }: RoleSecret, rights?: Rights): string =>
  userEntry(`user: ${quote(user)}, password: ${quote(password)}`, rights);

function userEntry(identity: string, rights?: Rights): string {
  if (!rights) return `{ ${identity} }`;
  const list = (allowed: readonly string[]): string => `[${allowed.map(quote).join(", ")}]`;
  return `{ ${identity}, permissions: { publish: ${list(rights.publish)}, subscribe: ${list(rights.subscribe)} } }`;
}

const lines = <T>(items: readonly T[], line: (item: T) => string): string =>
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
