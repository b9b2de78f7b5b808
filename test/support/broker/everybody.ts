import { randomBytes } from "node:crypto";
import { connect, type JetStreamManager, type NatsConnection, nkeys, StringCodec } from "nats";
import { inboxPrefix, inviteUser } from "../../../shared/broker/access/accounts.ts";
import { hereSecret, operatorName, readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { inviteKey, newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import type { HeldBroker } from "../../../shared/broker/server/server.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import * as subjects from "../../../shared/wire/subjects.ts";
import { atEnd } from "../cleanup.ts";
import { hold, newWorkspace } from "./brokers.ts";
import { RawClient, type RawCredentials } from "./raw-client.ts";

const text = StringCodec();

/** A broker with its streams, and a login for each kind of user. */
export interface Everybody {
  readonly paths: WorkspacePaths;
  readonly broker: HeldBroker;
  /** Answers every question. */
  readonly coordinator: NatsConnection;
  readonly manager: JetStreamManager;
  /** Messages published in the account that holds the streams, except the server's own. */
  readonly heard: { readonly subject: string; readonly body: string }[];
  /** The subject of the invitation that `enrol` holds. */
  readonly enrolment: string;
  readonly login: Readonly<Record<Person, { readonly credentials: RawCredentials; readonly inbox: string }>>;
  connect(person: Person): Promise<RawClient>;
  /** Messages on each subject, over all streams. When it resolves, `heard` includes its own questions. */
  stored(): Promise<Readonly<Record<string, number>>>;
}

export const people = ["w1", "w2", "viewer", "operator", "here-viewer", "here-operator", "enrol"] as const;
export type Person = (typeof people)[number];

export async function everybody(): Promise<Everybody> {
  const paths = newWorkspace();
  const broker = await hold(paths);
  const keys = { w1: nkeys.createUser(), w2: nkeys.createUser() };
  const workers = Object.entries(keys).map(([id, key]) => ({ id: id as WorkerId, publicKey: key.getPublicKey() }));
  const invite = inviteKey(newInviteCode(Date.now()));
  await broker.reloadUsers(workers, [invite]);

  const secret = readRoleSecret(paths, "coordinator");
  const coordinator = await connect({ servers: broker.url, user: secret.user, pass: secret.password });
  atEnd(() => coordinator.close());
  const manager = await coordinator.jetstreamManager();
  await manager.streams.add({ name: "JRN", subjects: subjects.journalSubjects, allow_direct: true });
  await manager.streams.add({ name: "EV", subjects: subjects.evidenceSubjects, allow_direct: true });
  await manager.streams.add({ name: "BLOB", subjects: subjects.blobSubjects, allow_direct: true });
  const entries = await coordinator.jetstream().views.kv(subjects.bucket);
  await entries.put(subjects.leaderKey, "c1");
  await coordinator.jetstream().publish("jrn.job1.job", text.encode("submitted"));
  await coordinator.jetstream().publish("blob.abc.0", text.encode("snapshot"));
  await coordinator.jetstream().publish("ck.w2.job7.1.1.b.0", text.encode("sealed"));
  for (const subject of [subjects.allAsks, subjects.allOperators, "enrol", subjects.allEnrolments])
    coordinator.subscribe(subject, { callback: (_, message) => message.respond(text.encode(`to ${message.subject}`)) });
  const heard: { subject: string; body: string }[] = [];
  coordinator.subscribe(">", {
    callback: (_, { subject, data }) => {
      if (!/^(_R_|_INBOX|\$JS\.EVENT)/.test(subject)) heard.push({ subject, body: text.decode(data) });
    },
  });
  await coordinator.flush();

  const worker = (id: "w1" | "w2") => ({ credentials: { seed: keys[id].getSeed() }, inbox: inboxPrefix(id) });
  const named = (credentials: { user: string; password: string }) => ({
    credentials,
    inbox: inboxPrefix(credentials.user),
  });
  const login = {
    w1: worker("w1"),
    w2: worker("w2"),
    viewer: named(readRoleSecret(paths, "viewer")),
    operator: named(readRoleSecret(paths, "operator")),
    "here-viewer": named(hereSecret({ coordinator: secret }, "viewer")),
    "here-operator": named(hereSecret({ coordinator: secret }, "operator")),
    enrol: { credentials: { seed: Buffer.from(invite.seed) }, inbox: inboxPrefix(inviteUser(invite.id)) },
  };
  return {
    paths,
    broker,
    coordinator,
    manager,
    heard,
    enrolment: subjects.enrol(invite.id),
    login,
    // As our client does: an inbox with 22 characters that nobody else knows.
    connect: (person) =>
      RawClient.connect(
        broker.port,
        login[person].credentials,
        `${login[person].inbox}.${randomBytes(11).toString("hex")}`,
      ),
    stored: async () => {
      const all: Record<string, number> = {};
      for (const stream of ["JRN", "EV", "BLOB", `KV_${subjects.bucket}`])
        Object.assign(all, (await manager.streams.info(stream, { subjects_filter: ">" })).state.subjects);
      // The server may answer such a request before it passes it on to the listening subscriber.
      await coordinator.flush();
      return all;
    },
  };
}

/** The subject of this machine's operator's orders. */
export const ownOrders = subjects.operator(operatorName());
