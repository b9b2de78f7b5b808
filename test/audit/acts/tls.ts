import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { fingerprintOf } from "../../../shared/broker/pin.ts";
import { writeCertificate } from "../../../shared/broker/tls/certificate.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import type { Act, Family, Found } from "../act.ts";
import type { Ground } from "../ground/ground.ts";
import { startProgram } from "../ground/programs.ts";
import { secretsOf } from "../ground/secrets.ts";

const dayMs = 86_400_000;

interface Pair {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** The certificate, PEM. */
  readonly text: string;
}

/** @param by  the signer; left out: self-signed @param names  a server's names; left out: an authority */
function made(subject: string, by?: Pair, names?: readonly string[], daysLeft = 30): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const issuer = { name: by?.subject ?? subject, privateKey: by?.privateKey ?? privateKey };
  const now = Date.now();
  const [notBefore, notAfter] = [now + Math.min(-60, daysLeft - 90) * dayMs, now + daysLeft * dayMs];
  return {
    subject,
    publicKey,
    privateKey,
    text: writeCertificate({ subject, publicKey, names, issuer, notBefore, notAfter }),
  };
}

const here = ["127.0.0.1", "localhost"];
/** The authority that the join line names, and another with the same name. */
const genuine = made("the authority");
const other = made("the authority");
const server = made("a server", genuine, here);

/** The key and certificates of a false server. */
interface Shown {
  readonly title: string;
  readonly leaf: Pair;
  readonly chain: readonly Pair[];
  /** The join line's fragment, which identifies the server. */
  readonly fragment: string;
}
const pin = fingerprintOf(genuine.publicKey);
const own = `#sha256=${pin}`;
/** The authority may sign for others too, so the certificate must name the host. */
const named = `#ca-sha256=${pin}`;
const expired = made("a server", genuine, here, -1);
const elsewhere = made("a server", genuine, ["192.0.2.7", "lab.example"]);
const foreign = made("a server", other, here);
const below = made("a server", server, here);
const alone = made("the authority", undefined, here);

const future = ((): Pair => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const issuer = { name: genuine.subject, privateKey: genuine.privateKey };
  const [notBefore, notAfter] = [Date.now() + 5 * dayMs, Date.now() + 30 * dayMs];
  const text = writeCertificate({ subject: "a server", publicKey, names: here, issuer, notBefore, notAfter });
  return { subject: "a server", publicKey, privateKey, text };
})();

const shown: readonly Shown[] = [
  { title: "another authority of the same name", leaf: foreign, chain: [foreign, other], fragment: own },
  {
    title: "another authority, and the genuine one behind it",
    leaf: foreign,
    chain: [foreign, other, genuine],
    fragment: own,
  },
  {
    title: "the genuine authority, which did not sign its own",
    leaf: foreign,
    chain: [foreign, genuine],
    fragment: own,
  },
  { title: "a certificate that signed itself", leaf: alone, chain: [alone], fragment: own },
  {
    title: "one that a server of ours signed, which is no authority",
    leaf: below,
    chain: [below, server, genuine],
    fragment: own,
  },
  { title: "one that has ended", leaf: expired, chain: [expired, genuine], fragment: own },
  { title: "one that is not valid yet", leaf: future, chain: [future, genuine], fragment: own },
  {
    title: "one for another host, of an authority that signs for many",
    leaf: elsewhere,
    chain: [elsewhere, genuine],
    fragment: named,
  },
  { title: "one of another authority for this host", leaf: foreign, chain: [foreign, other], fragment: named },
  {
    title: "one that has ended, of an authority that signs for many",
    leaf: expired,
    chain: [expired, genuine],
    fragment: named,
  },
  {
    title: "one that nobody knows, to a line without a fingerprint",
    leaf: server,
    chain: [server, genuine],
    fragment: "",
  },
];

/** Everything that a worker sent to a false server, without handshakes. */
interface Heard {
  visits: number;
  text: string;
}

const info = (more: object): string =>
  `INFO ${JSON.stringify({ server_id: "x", version: "2.10.27", proto: 1, headers: true, max_payload: 1_048_576, nonce: "bm9uY2U", auth_required: true, ...more })}\r\n`;

/** @param isWeb  TLS from the first byte, as on a WebSocket server */
function posing({ leaf, chain }: Pick<Shown, "leaf" | "chain">, isWeb: boolean, heard: Heard): Server {
  const cert = chain.map(({ text }) => text).join("");
  const key = leaf.privateKey.export({ type: "pkcs8", format: "pem" });
  return createServer((socket) => {
    heard.visits += 1;
    socket.on("error", () => undefined);
    if (!isWeb) socket.write(info({ tls_required: true }));
    const secured = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ cert, key }) });
    secured.on("error", () => undefined);
    secured.on("data", (bytes: Buffer) => {
      heard.text += bytes.toString("latin1");
    });
  });
}

/** Servers that speak plain text, or refuse TLS halfway. */
const plainly: readonly (readonly [title: string, first: string])[] = [
  ["greets in plain text", info({})],
  ["says that it could speak TLS", info({ tls_available: true })],
  ["says that it must speak TLS, and does not", info({ tls_required: true })],
  ["says first that it must, then that it need not", info({ tls_required: true }) + info({})],
  ["answers the greeting of TLS with an alert", "\x15\x03\x01\x00\x02\x02\x28"],
];
const plain = (first: string, heard: Heard): Server =>
  createServer((socket) => {
    heard.visits += 1;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      // A TLS handshake's greeting reveals nothing.
      if (bytes[0] !== 0x16) heard.text += bytes.toString("latin1");
    });
    socket.write(first, "latin1");
  });

const joinLimitMs = 90_000;

/** Starts a worker with that line. It ends by itself if it trusts no server; otherwise it is ended after the limit. */
async function join(ground: Ground, mark: string, line: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const program = startProgram(
    "worker/main.js",
    ["-", "--name", mark],
    ground.folder,
    { ...ground.env, ...env },
    `${line}\n`,
  );
  await program.finished(joinLimitMs);
  return program.output();
}

async function listening(each: Server): Promise<number> {
  each.listen(0, "127.0.0.1");
  await once(each, "listening");
  return (each.address() as AddressInfo).port;
}

interface Told {
  readonly heard: Heard;
  readonly output: string;
}

function misled(ground: Ground, { heard, output }: Told): Found {
  const { seed } = inviteKey(parseJoinLine(ground.joinLine).code);
  for (const [name, secret] of [...secretsOf(ground), ["the invitation's key", seed] as const]) {
    if (heard.text.includes(secret)) return `it was told ${name}`;
    if (output.includes(secret)) return `the worker prints ${name}`;
  }
  if (heard.visits === 0) throw new Error(`nobody came: ${output.slice(0, 200)}`);
  return heard.text === "" ? undefined : `it was told ${JSON.stringify(heard.text.slice(0, 80))}`;
}

const acting = (title: string, scheme: string, fragment: string, make: (heard: Heard) => Server): Act => ({
  family: "tls",
  role: "server",
  title: `is joined with a ${scheme} line, and ${title}`,
  attempt: async (ground, mark) => {
    const heard: Heard = { visits: 0, text: "" };
    const posed = make(heard);
    const port = await listening(posed);
    const { code } = parseJoinLine(ground.joinLine);
    const output = await join(ground, mark, `${scheme}://${code}@127.0.0.1:${port}/ws1${fragment}`);
    posed.close();
    ground.notes.set(mark, { heard, output });
  },
  harm: (ground, mark) => misled(ground, ground.notes.get(mark) as Told), // as attempt left it
});

/** A proxy's answer to a request for a tunnel to the server. */
const proxies: readonly (readonly [title: string, answer: string, goesOn: boolean])[] = [
  ["poses as the server", "HTTP/1.1 200 OK\r\n\r\n", true],
  ["wants a password", "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", false],
  ["says where else to go", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", false],
  ["answers with a page", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false],
  ["answers with a header of 1 MB", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(1_000_000)}\r\n\r\n`, false],
  ["answers with random words", "\0\x01\x02 no HTTP at all\r\n\r\n", false],
  ["hangs up", "", false],
];
const proxied = proxies.map(
  ([title, answer, goesOn]): Act => ({
    family: "tls",
    role: "proxy",
    title: `${title}, when a worker joins through it`,
    attempt: async (ground, mark) => {
      const heard: Heard = { visits: 0, text: "" };
      const inner = posing({ leaf: foreign, chain: [foreign, other, genuine] }, true, heard);
      const sockets = new Set<Socket>();
      const proxy = createHttpServer();
      proxy.on("connect", (_, asking) => {
        const socket = asking as Socket;
        sockets.add(socket);
        socket.on("error", () => undefined);
        if (!goesOn) {
          heard.visits += 1;
          socket.end(answer, "latin1");
          return;
        }
        socket.write(answer);
        inner.emit("connection", socket);
      });
      const port = await listening(proxy);
      const { code } = parseJoinLine(ground.joinLine);
      const env = { HTTPS_PROXY: `http://somebody:pass-${mark}@127.0.0.1:${port}` };
      const output = await join(ground, mark, `wss://${code}@far.example:443/ws1${own}`, env);
      for (const socket of sockets) socket.destroy();
      proxy.close();
      ground.notes.set(mark, { heard, output });
    },
    harm: (ground, mark) => {
      const told = ground.notes.get(mark) as Told; // as attempt left it
      return told.output.includes(`pass-${mark}`) ? "the proxy's password is shown" : misled(ground, told);
    },
  }),
);

export const tls: Family = {
  name: "tls",
  origin: "10, own",
  acts: () => [
    ...shown.flatMap((each) => [
      acting(`shows ${each.title}`, "tls", each.fragment, (heard) => posing(each, false, heard)),
      acting(`shows ${each.title}`, "wss", each.fragment, (heard) => posing(each, true, heard)),
    ]),
    ...plainly.flatMap(([title, first]) => [
      acting(title, "tls", own, (heard) => plain(first, heard)),
      acting(title, "wss", own, (heard) => plain(first, heard)),
    ]),
    ...proxied,
  ],
  // The worker speaks to the genuine server.
  control: async (ground, mark) => {
    const heard: Heard = { visits: 0, text: "" };
    const posed = posing({ leaf: server, chain: [server, genuine] }, false, heard);
    const port = await listening(posed);
    const { code } = parseJoinLine(ground.joinLine);
    const line = `tls://${code}@127.0.0.1:${port}/ws1${own}`;
    const program = startProgram("worker/main.js", ["-", "--name", mark], ground.folder, ground.env, `${line}\n`);
    await ground.until("a server that is believed hears something", () => heard.text.includes("CONNECT"));
    await program.end();
    posed.close();
    return undefined;
  },
};
