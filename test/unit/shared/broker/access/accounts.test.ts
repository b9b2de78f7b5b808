import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type ClusterSettings,
  exportsPiecesInOrder,
  exportsToInvitations,
  inboxPrefix,
  inviteUser,
  isWorkersConfiguration,
  type ServerSettings,
  serverConfiguration,
  type WorkerUser,
  withoutPiecesInOrder,
  workersConfiguration,
  workerUserProblem,
} from "../../../../../shared/broker/access/accounts.ts";
import { inviteKey, newInviteCode } from "../../../../../shared/broker/access/invite-code.ts";
import { newUserPair } from "../../../../../shared/broker/nkey.ts";
import type { Peer } from "../../../../../shared/broker/peers/peers.ts";
import { isWorkerId, type WorkerId } from "../../../../../shared/domain/names.ts";
import { BrokerError } from "../../../../../shared/errors.ts";

const keys = { A: newUserPair().publicKey, B: newUserPair().publicKey };
const key = (letter: "A" | "B"): string => keys[letter];
const leftOutOf = (workers: readonly WorkerUser[]): string[] => {
  const problems: string[] = [];
  workersConfiguration({ workers, invites: [] }, (problem) => problems.push(problem));
  return problems;
};
const nobody = (problem: string): never => assert.fail(problem);
const worker = (id: string, publicKey = key("A")): { id: WorkerId; publicKey: string } => ({
  id: id as WorkerId,
  publicKey,
});

const settings: ServerSettings = {
  serverName: "nexus-ws1-1",
  host: "127.0.0.1",
  port: 4222,
  storeDir: "/w/store",
  logFile: "/w/logs/nats-server.log",
  workersFile: "workers.conf",
  operator: "ann",
  secrets: {
    coordinator: { user: "coordinator", password: "c-secret" },
    operator: { user: "operator", password: "o-secret" },
    viewer: { user: "viewer", password: "v-secret" },
  },
};

const peer: Peer = { id: "a", host: "10.0.0.1", port: 4222, routePort: 6222 };
const cluster: ClusterSettings = {
  name: "ws1",
  self: peer,
  peers: [peer],
  routeSecret: "r-secret",
  systemPassword: "s-secret",
};

function publishList(text: string, user: string): string[] {
  const [, list] = new RegExp(`user: "${user}".*publish: \\[([^\\]]*)\\]`).exec(text) ?? [];
  assert.ok(list !== undefined, `${user} has a list`);
  return [...list.matchAll(/"([^"]*)"/g)].map(([, subject = ""]) => subject);
}

describe("the server's configuration", () => {
  it("the server's configuration syncs each acknowledged message at once and lets nobody in without a name", () => {
    const text = serverConfiguration(settings);
    assert.match(text, /^ {2}sync_interval: always$/m);
    assert.match(text, /^host: "127.0.0.1"\nport: 4222$/m);
    assert.doesNotMatch(text, /no_auth_user/);
    assert.match(text, /^ {2}include "workers.conf"$/m);
  });

  it("remote viewers and operators get no consumer; operators may also send orders and pieces of bundles", () => {
    const text = serverConfiguration(settings);
    const viewer = publishList(text, "viewer");
    for (const subject of viewer) assert.match(subject, /^READ\.(STREAM\.(INFO|MSG\.GET)|DIRECT\.GET)\.\w+(\.>)?$/);
    assert.deepEqual(publishList(text, "operator"), [...viewer, "op.ann", "blob.code.*"]);
    assert.match(text, /user: "coordinator", password: "[^"]*" \}/);
  });

  it("only the coordinators' machines get into the account with the streams", () => {
    const text = serverConfiguration(settings);
    const swarm = text.slice(text.indexOf("  SWARM {"), text.indexOf("  OPERATORS {"));
    const users = [...swarm.matchAll(/user: "([^"]*)"/g)].map(([, user]) => user);
    assert.deepEqual(users, ["coordinator", "here-operator", "here-viewer"]);
    const others =
      text.slice(text.indexOf("  OPERATORS {")) + workersConfiguration({ workers: [], invites: [] }, nobody);
    assert.doesNotMatch(others, /jetstream/);
    // An answer can go to a literal subject that another account imports, so it must be one on which anybody there may
    // speak.
    const imported = [...others.matchAll(/subject: "([^"]*)"/g)].map(([, subject = ""]) => subject);
    const literal = imported.filter((subject) => !/[*>]$/.test(subject) && !subject.startsWith("$JS.API."));
    assert.deepEqual(new Set(literal), new Set(["status"]));
  });

  it("the server's configuration quotes what could end a string, and refuses what cannot be quoted", () => {
    const text = serverConfiguration({ ...settings, storeDir: '/w/a "b" \\c }' });
    assert.match(text, /store_dir: "\/w\/a \\"b\\" \\\\c }"/);
    for (const storeDir of ["/w/a\nb", "/w/\u0000", "/w/\u007f"]) {
      assert.throws(() => serverConfiguration({ ...settings, storeDir }), BrokerError);
    }
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
      assert.throws(() => serverConfiguration({ ...settings, port }), BrokerError);
    }
  });
});

describe("the workers' account", () => {
  it("the workers' account lets a worker use only its own subjects", () => {
    const text = workersConfiguration({ workers: [worker("lab-3")], invites: [] }, nobody);
    assert.ok(
      text.includes(
        `{ nkey: ${key("A")}, permissions: { publish: ["ask.lab-3", "ev.lab-3.>", "ck.lab-3.>", "$JS.API.DIRECT.GET.BLOB.ck.>", "$JS.API.DIRECT.GET.BLOB.blob.code.*"], subscribe: ["_INBOX_lab-3.>", "_R_.ctl.all", "_R_.ctl.lab-3"] } }`,
      ),
      text,
    );
    assert.equal(inboxPrefix("lab-3"), "_INBOX_lab-3");
  });

  it("workers may ask for pieces in order only where the server has a right for that to give", () => {
    const inOrder = /publish: \[[^\]]*"\$JS\.API\.DIRECT\.GET\.BLOB"/;
    const imported = `{ service: { account: SWARM, subject: "$JS.API.DIRECT.GET.BLOB" } }`;
    const account = { workers: [worker("lab-3")], invites: [] };
    const without = workersConfiguration(account, nobody);
    assert.doesNotMatch(without, inOrder);
    assert.ok(!without.includes(imported));
    const allowed = workersConfiguration(account, nobody, { inOrder: true, isByInvitation: true });
    assert.match(allowed, inOrder);
    assert.ok(allowed.includes(imported));
    assert.ok(!withoutPiecesInOrder(allowed).includes(imported), "a newer server begins without it");
    assert.equal(withoutPiecesInOrder(without), without);
    const server = serverConfiguration(settings);
    assert.ok(exportsPiecesInOrder(server));
    const clustered = serverConfiguration({ ...settings, cluster });
    assert.ok(!exportsPiecesInOrder(clustered), "a newer peer may be the one that answers");
    // As an earlier version wrote it. A list that imports what is not exported would stop the server.
    assert.ok(!exportsPiecesInOrder(server.replace("[OPERATORS, VIEWERS, WORKERS]", "[OPERATORS, VIEWERS]")));
  });

  it("a workers' file is told from one by an earlier version, which would stop the server", () => {
    assert.ok(isWorkersConfiguration(workersConfiguration({ workers: [], invites: [] }, nobody)));
    assert.ok(
      !isWorkersConfiguration("# Written by the coordinator from the journal; changes are lost.\nusers: [\n]\n"),
    );
    assert.ok(!isWorkersConfiguration(""));
  });

  it("the workers' account lets the holders of an invitation only ask to be enrolled by it", () => {
    assert.doesNotMatch(workersConfiguration({ workers: [], invites: [] }, nobody), /nkey/);
    const { id, publicKey } = inviteKey(newInviteCode(Date.now()));
    const entry = `    { nkey: ${publicKey}, permissions: { publish: ["enrol.${id}"], subscribe: ["_INBOX_enrol_${id}.>"] } }\n`;
    const text = workersConfiguration({ workers: [], invites: [{ id, publicKey }] }, nobody);
    assert.ok(text.includes(entry), text);
    assert.ok(!isWorkerId(inviteUser(id)), "no worker can have its inbox");
  });

  it("each invitation has an account of its own, with a limit of its own on connections", () => {
    const invites = ["A", "B"].map(() => inviteKey(newInviteCode(Date.now())));
    const text = workersConfiguration({ workers: [], invites }, nobody);
    for (const { id, publicKey } of invites) {
      const [, account = ""] = new RegExp(`^ENROLLING_${id} \\{\n([^]*?)^\\}`, "m").exec(text) ?? [];
      assert.match(account, /max_connections: 256/);
      assert.deepEqual(
        [...account.matchAll(/nkey: (\w+)/g)].map(([, key]) => key),
        [publicKey],
      );
    }
  });

  it("invitations share an account where a server runs with the configuration of an earlier version", () => {
    const server = serverConfiguration(settings);
    assert.ok(exportsToInvitations(server));
    const earlier = server.replace('{ service: "enrol.*" }', '{ service: "enrol.*", accounts: [ENROLLING] }');
    assert.notEqual(earlier, server);
    assert.ok(!exportsToInvitations(earlier));
    const invites = ["A", "B"].map(() => inviteKey(newInviteCode(Date.now())));
    const lets = { inOrder: false, isByInvitation: false };
    const text = workersConfiguration({ workers: [], invites }, nobody, lets);
    assert.deepEqual([...text.matchAll(/^ENROLLING\w* /gm)].length, 1);
    for (const { publicKey } of invites) assert.ok(text.includes(publicKey));
  });

  it("the workers' account leaves out an invitation with a bad id or key, or with a worker's key", () => {
    const { id, publicKey } = inviteKey(newInviteCode(Date.now()));
    const bad = [
      { id: `${id}.>`, publicKey },
      { id: "", publicKey },
      { id, publicKey: publicKey.slice(0, -1) },
      { id, publicKey: key("A") },
    ];
    for (const invite of bad) {
      const problems: string[] = [];
      const text = workersConfiguration({ workers: [worker("w1")], invites: [invite] }, (why) => problems.push(why));
      assert.equal(problems.length, 1);
      assert.doesNotMatch(text, /publish: \["enrol/);
      assert.match(text, /ask\.w1/);
    }
  });

  it("the workers' account leaves out a worker with a bad id or key, and says which", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "a.b",
        "a b",
        "*",
        ">",
        "w1>",
        "w1\n",
        'w1", "ev.>',
        "W1",
        "",
        "-a",
        "all",
        "enrol",
        "a".repeat(49),
      ),
    );
    fc.assert(
      fc.property(text, (id) => {
        if (isWorkerId(id) && id !== "all" && id !== "enrol") return;
        assert.equal(leftOutOf([worker(id)]).length, 1);
        assert.ok(workerUserProblem(worker(id)));
      }),
    );
    fc.assert(
      fc.property(text, (publicKey) => {
        assert.deepEqual(leftOutOf([worker("w1", publicKey)]), [
          'worker w1: expected the public key of an nkey user, "U" and 55 letters and digits',
        ]);
      }),
    );
    assert.equal(leftOutOf([worker("w1", `${key("A")}\n`)]).length, 1);
    assert.equal(workerUserProblem(worker("w1")), undefined);
  });

  it("the workers' account keeps the first of two workers with one id or key, and all the others", () => {
    const workers = [worker("w1"), worker("w1", key("B")), worker("w2"), worker("w3", key("B"))];
    const problems: string[] = [];
    const text = workersConfiguration({ workers, invites: [] }, (problem) => problems.push(problem));
    assert.deepEqual(problems, [
      'worker w1: "w1" belongs to two workers',
      `worker w2: "${key("A")}" belongs to two workers`,
    ]);
    assert.deepEqual(
      [...text.matchAll(/"ask\.(w\d)"/g)].map(([, id]) => id),
      ["w1", "w3"],
    );
  });
});
