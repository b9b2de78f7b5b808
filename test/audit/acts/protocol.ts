import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createConnection } from "node:net";
import { pause } from "../../../shared/time/deadline.ts";
import type { Act, Family } from "../act.ts";
import { renewal } from "../attacker/words.ts";
import { ids, type Role } from "../ground/ground.ts";
import { RawClient } from "../raw-client.ts";
import { openVictimsEars } from "./publishing.ts";

/** Lines that our client never sends. `?` stands for the mark, which must reach nobody. */
const lines: readonly (readonly [title: string, text: string])[] = [
  ["a message without its content", "PUB jrn.? 5\r\n"],
  ["a negative size", "PUB jrn.? -1\r\n\r\n"],
  ["a size of 2^64", "PUB jrn.? 18446744073709551616\r\nx\r\n"],
  ["a size of text", "PUB jrn.? five\r\n?\r\n"],
  ["a message larger than it says", "PUB ev.mal.? 1\r\nPUB jrn.? 1\r\nx\r\n"],
  ["a message with a second one inside", `PUB ev.mal.? 20\r\n\r\nPUB jrn.? 1\r\nx\r\n\r\n\r\n`],
  ["a subject with a line end in it", "PUB ev.mal.?\r\nPUB jrn.? 1\r\nx\r\n"],
  ["a subject with a tab", "PUB ev.mal\tjrn.? 1\r\nx\r\n"],
  ["a subject with two spaces", "PUB  jrn.?  1\r\nx\r\n"],
  ["a subject with a zero byte", "PUB jrn.?\0 1\r\nx\r\n"],
  ["an empty subject", "PUB  1\r\nx\r\n"],
  ["a subject that ends in a point", "PUB jrn.?. 1\r\nx\r\n"],
  ["a subject with an empty token", "PUB jrn..? 1\r\nx\r\n"],
  ["a subject that is a pattern", "PUB ev.*.? 1\r\nx\r\n"],
  ["a subject that is everything", "PUB > 1\r\nx\r\n"],
  ["a pattern of its own name", "PUB ev.mal.*.? 1\r\nx\r\n"],
  ["a subject of 60,000 characters", `PUB ev.mal.${"a".repeat(60_000)} 1\r\nx\r\n`],
  ["a subject of 10,000 tokens", `PUB ev.mal${".a".repeat(10_000)} 1\r\nx\r\n`],
  ["a subject that is not UTF-8", Buffer.from("PUB jrn.\xff\xfe? 1\r\nx\r\n", "latin1").toString("latin1")],
  ["a verb in lower case", "pub jrn.? 1\r\nx\r\n"],
  ["a reply subject with a pattern", "PUB ask.mal > 1\r\nx\r\n"],
  ["three subjects", "PUB jrn.? a b 1\r\nx\r\n"],
  ["headers longer than the message", "HPUB jrn.? 100 5\r\nNATS/1.0\r\n\r\n"],
  ["headers of a negative size", "HPUB jrn.? -5 5\r\nhello\r\n"],
  ["headers without their first line", "HPUB ev.mal.? 6 7\r\nA: b\r\nx\r\n"],
  ["headers with a status", "HPUB ev.mal.? 20 21\r\nNATS/1.0 503 no\r\n\r\n.x\r\n"],
  ["headers with a null byte", "HPUB ev.mal.? 18 19\r\nNATS/1.0\r\nA: \0\r\n.x\r\n"],
  ["a route's message", "RMSG $G jrn.? 1\r\nx\r\n"],
  ["a leaf node's message", "LMSG jrn.? 1\r\nx\r\n"],
  ["a route's subscription", "RS+ SWARM >\r\n"],
  ["a leaf node's subscription", "LS+ >\r\n"],
  ["a gateway's subscription", "A+ SWARM\r\n"],
  ["a server's message", "MSG jrn.? 1 1\r\nx\r\n"],
  ["a server's message with headers", "HMSG jrn.? 1 12 13\r\nNATS/1.0\r\n\r\nx\r\n"],
  ["an INFO of its own", `INFO {"server_id":"?","max_payload":1}\r\n`],
  ["an error to the server", "-ERR 'Authorization Violation'\r\n"],
  ["+OK to the server", "+OK\r\n"],
  ["a subscription with a queue", "SUB jrn.> q 77\r\n"],
  ["a subscription with a pattern for a queue", "SUB ask.* > 77\r\n"],
  ["a subscription without an id", "SUB jrn.>\r\n"],
  ["a subscription with an id of 60,000 characters", `SUB _INBOX_mal.x ${"9".repeat(60_000)}\r\n`],
  ["an end of a subscription that it does not have", "UNSUB 1\r\n"],
  ["10,000 PINGs", "PING\r\n".repeat(10_000)],
  ["10,000 PONGs", "PONG\r\n".repeat(10_000)],
  ["a line of 5 MB", "A".repeat(5_000_000)],
  ["a line that never ends", `PUB ${"jrn.".repeat(1000)}`],
  ["HTTP", "GET /varz HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  [
    "an HTTP upgrade to a WebSocket",
    "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\n\r\n",
  ],
  ["TLS", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"],
  ["SSH", "SSH-2.0-x\r\n"],
  ["PROXY protocol", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"],
  ["MQTT", "\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00"],
];

const speakers: readonly Role[] = ["nobody", "worker", "viewer"];
const spoken = speakers.flatMap((role) =>
  lines.map(
    ([title, text]): Act => ({
      family: "protocol",
      role,
      title: `sends ${title}`,
      attempt: async (ground, mark) => {
        const client = role === "nobody" ? await RawClient.open(ground.broker.port) : await ground.fresh(role);
        client.write(text.replaceAll("?", mark));
        // Some leave the server waiting for the rest of a message; it then does not answer.
        await Promise.race([client.sync(), pause(300)]);
        client.end();
      },
      harm: (ground, mark) => {
        const own = new RegExp(`^(ev|ck)\\.${ids.worker}\\.`);
        // The journal may name the message that was set aside.
        const elsewhere = ground.observer
          .saw(mark)
          .find((subject) => !own.test(subject) && (subject.includes(mark) || !subject.startsWith("jrn.")));
        return elsewhere && `it reached ${elsewhere}`;
      },
    }),
  ),
);

/** CONNECT fields that pose as somebody else. Each act then publishes as that user would. */
const connects: readonly (readonly [title: string, more: Readonly<Record<string, unknown>>])[] = [
  ["nothing", {}],
  ["the coordinator's name and no password", { user: "coordinator", pass: "" }],
  ["the coordinator's name and a password of null", { user: "coordinator", pass: null }],
  ["the coordinator's name and a list for a password", { user: "coordinator", pass: [""] }],
  ["a token", { auth_token: "coordinator" }],
  ["the system's user", { user: "sys", pass: "sys" }],
  ["the user of peers", { user: "peer", pass: "" }],
  ["an earlier version's user for joining", { user: "enrol", pass: "enrol" }],
  ["an account of its choice", { account: "SWARM", new_account: true }],
  ["the coordinators' account", { user: "viewer", pass: "viewer", account: "SWARM" }],
  ["a public key without a signature", { nkey: `U${"A".repeat(55)}` }],
  ["a public key and an empty signature", { nkey: `U${"A".repeat(55)}`, sig: "" }],
  ["a signed token of nobody", { jwt: "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.e30.", sig: "" }],
  ["a token without an algorithm", { jwt: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzIn0." }],
  ["that it wants no authorization", { auth_required: false, tls_required: false }],
  ["that it is a server", { server_id: "x", name: "x", cluster: "x", is_leafnode: true }],
  ["a protocol of 99", { protocol: 99 }],
  ["1 MB", { lang: "x".repeat(900_000) }],
  ["__proto__", JSON.parse('{"__proto__": {"user": "coordinator"}}') as Record<string, unknown>],
  ["a name with control characters", { name: "\x1b]0;x\x07\r\n\x00" }],
  ["echo of what it says", { echo: true, verbose: true, pedantic: true }],
];
const connected = connects.map(
  ([title, more]): Act => ({
    family: "protocol",
    role: "nobody",
    title: `connects with ${title}`,
    attempt: async (ground, mark) => {
      const client = await RawClient.open(ground.broker.port);
      client.introduce({ more });
      client.publish(`ask.${mark}`, mark);
      client.publish(`jrn.${mark}`, mark);
      client.publish(`enrol.${mark}`, mark);
      await client.sync();
      client.end();
    },
    harm: (ground, mark) => {
      const [subject] = ground.observer.saw(mark);
      return subject && `it reached ${subject}`;
    },
  }),
);

/** A worker's key, with CONNECT fields that claim more rights. */
const workerAs = connects.map(
  ([title, more]): Act => ({
    family: "protocol",
    role: "worker",
    title: `connects with its key and ${title}`,
    attempt: async (ground, mark) => {
      const client = await ground.fresh("worker", more);
      client.publish(`jrn.${mark}`, mark);
      client.publish(`ask.${ids.victim}`, mark);
      client.publish(`enrol.${mark}`, mark);
      await client.sync();
      client.end();
    },
    harm: (ground, mark) => {
      const [subject] = ground.observer.saw(mark);
      return subject && `it reached ${subject}`;
    },
  }),
);

/** A signature made for another connection's nonce must not let anybody in. */
const replayedSignature: Act = {
  family: "protocol",
  role: "worker",
  title: "has its signature used by somebody else on another connection",
  attempt: async (ground, mark) => {
    const first = await RawClient.open(ground.broker.port);
    const second = await RawClient.open(ground.broker.port);
    // Signs the nonce of the first, and sends it on the second.
    second.info = { ...second.info, nonce: first.info["nonce"] };
    second.introduce(ground.credentials("worker"));
    second.publish(`ev.${ids.worker}.${mark}`, mark);
    await second.sync();
    first.end();
    second.end();
  },
  harm: (ground, mark) => (ground.observer.saw(mark).length > 0 ? "it was let in" : undefined),
};

/** Connections that send nothing. */
const connections: Act = {
  family: "protocol",
  role: "nobody",
  title: "opens 1,000 connections and says nothing",
  watch: { cpuMs: 15_000 },
  attempt: async (ground) => {
    const open = Array.from({ length: 1000 }, () => {
      const socket = createConnection(ground.broker.port, "127.0.0.1");
      socket.on("error", () => undefined);
      return socket;
    });
    await pause(2000);
    for (const socket of open) socket.destroy();
  },
  harm: () => undefined,
};

const slow: Act = {
  family: "protocol",
  role: "worker",
  title: "reads nothing of 20,000 answers",
  watch: { cpuMs: 30_000, growthMb: 250 },
  attempt: async (ground) => {
    const client = await ground.fresh("worker");
    for (let i = 0; i < 20_000; i += 1) {
      client.publish(`ask.${ids.worker}`, renewal(), { reply: `${ground.inbox("worker")}.${i}` });
    }
    await pause(1500);
    client.end();
  },
  harm: () => undefined,
};

const subscriptions: Act = {
  family: "protocol",
  role: "worker",
  title: "makes 50,000 subscriptions in its inbox",
  watch: { cpuMs: 15_000 },
  attempt: async (ground) => {
    const client = await ground.fresh("worker");
    for (let i = 0; i < 50_000; i += 1) client.send(`SUB ${ground.inbox("worker")}.${i}.> ${i}`);
    await client.sync();
    client.end();
  },
  harm: () => undefined,
};

/** The broker must have one socket, on loopback, and none for monitoring, leaf nodes, gateways or MQTT. */
const sockets: Act = {
  family: "protocol",
  role: "nobody",
  title: "finds another port of the broker, or one that is not on loopback",
  attempt: () => undefined,
  harm: (ground) => {
    const listening = socketsOf(ground.broker.serverPid);
    if (listening === undefined) return undefined;
    const others = listening.filter((each) => each !== `0100007F:${ground.broker.port}`);
    return others.length === 0 ? undefined : `it listens on ${others.join(", ")}`;
  },
};

/** Addresses where a process listens, in /proc's notation; undefined where there is no /proc. */
function socketsOf(pid: number): string[] | undefined {
  const inodes = new Set<string>();
  try {
    for (const file of ["tcp", "tcp6"]) {
      for (const line of readFileSync(`/proc/${pid}/net/${file}`, "utf8").split("\n").slice(1)) {
        const [, local = "", , state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
        if (state === "0A" && ownsSocket(pid, inode))
          inodes.add(`${local.split(":")[0]}:${Number.parseInt(local.split(":")[1] ?? "", 16)}`);
      }
    }
  } catch {
    return undefined;
  }
  return [...inodes];
}

function ownsSocket(pid: number, inode: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
    } catch {
      return false;
    }
  });
}

/** The server's greeting, sent before anybody has logged in. */
const banner: Act = {
  family: "protocol",
  role: "nobody",
  title: "reads the workspace's name or a process's number in the server's greeting",
  attempt: async (ground, mark) => {
    const client = await RawClient.open(ground.broker.port);
    ground.notes.set(mark, JSON.stringify(client.info));
    client.end();
  },
  harm: (ground, mark) => {
    const text = ground.notes.get(mark) as string; // as attempt left it
    const { guard, server } = JSON.parse(readFileSync(ground.paths.brokerInfo, "utf8")) as Record<
      string,
      { pid: number }
    >;
    const told = [ground.paths.name, guard?.pid, server?.pid].find(
      (word) => word !== undefined && new RegExp(`[^0-9a-zA-Z]${word}[^0-9a-zA-Z]`).test(text),
    );
    return told === undefined ? undefined : `it says ${told}: ${text.slice(0, 200)}`;
  },
};

export const protocol: Family = {
  name: "protocol",
  origin: "held, Low",
  acts: async (ground) => {
    await openVictimsEars(ground);
    return [...spoken, ...connected, ...workerAs, replayedSignature, sockets, banner, connections, slow, subscriptions];
  },
};
