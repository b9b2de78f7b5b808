import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { bootstrapFor, type HandedOut } from "../../../coordinator/endpoint/bootstrap.ts";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { pause } from "../../../shared/time/deadline.ts";
import type { Act, Family, Found } from "../act.ts";
import type { Ground } from "../ground/ground.ts";
import { startProcess } from "../ground/programs.ts";
import { peakMb } from "../ground/pulse.ts";
import { secretsOf } from "../ground/secrets.ts";

/** The package that a coordinator serves to machines without nexus-swarm, over plain HTTP to anybody. */
function handedOut(ground: Ground): HandedOut {
  const found = livingEndpoint(ground.paths)?.handedOut;
  if (!found) throw new Error("no package is handed out");
  return found;
}

const heardLimitMs = 30_000;
/** Characters of an answer to keep: more than any look needs. */
const mostHeard = 200_000;

/** Sends the parts and returns the answer, read until the other side closes. */
async function say(ground: Ground, parts: readonly (string | Buffer)[], pauseMs = 0): Promise<string> {
  const socket = connect(handedOut(ground).port, "127.0.0.1");
  let heard = "";
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => {
    if (heard.length < mostHeard) heard += bytes.toString("latin1");
  });
  // A reset counts as a refusal too.
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const part of parts) {
    if (socket.destroyed) break;
    socket.write(part);
    if (pauseMs > 0) await pause(pauseMs);
  }
  await Promise.race([closed, pause(heardLimitMs)]);
  const isOpen = !socket.destroyed;
  socket.destroy();
  return isOpen ? `${heard}\n(it was never closed)` : heard;
}

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

/** The harm: an answer other than the published files, a refusal, or silence. */
function leaked(ground: Ground, heard: string, isShelf = false): Found {
  for (const [name, secret] of secretsOf(ground)) if (heard.includes(secret)) return `it has ${name}`;
  if (/root:.*:0:0|PATH=|BEGIN .*KEY/.test(heard)) return `it has a file: ${heard.slice(0, 100)}`;
  if (heard.endsWith("(it was never closed)")) return "its connection was never closed";
  const status = /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 (\d+)/.exec(heard)?.[1];
  if (status === undefined || /^4\d\d$/.test(status)) return undefined;
  return isShelf && status === "200" ? undefined : `it was answered ${status}`;
}

const asked = (
  title: string,
  parts: (ground: Ground) => readonly (string | Buffer)[],
  isShelf = false,
  pauseMs = 0,
): Act => ({
  family: "package",
  role: "nobody",
  title,
  attempt: async (ground, mark) => void ground.notes.set(mark, await say(ground, parts(ground), pauseMs)),
  harm: (ground, mark) => leaked(ground, ground.notes.get(mark) as string, isShelf),
});

const paths: readonly string[] = [
  "/",
  "//node",
  "/node/",
  "/node/..",
  "/./node",
  "/x/../node",
  "/%6eode",
  "/NODE",
  "/node?",
  "/node#x",
  "/node%00",
  "/node;x",
  "/python/../../etc/passwd",
  "/../../../../etc/passwd",
  "/..%2f..%2f..%2fetc%2fpasswd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/..\\..\\etc\\passwd",
  "/etc/passwd",
  "/proc/self/environ",
  "/secrets/coordinator.json",
  "/endpoint.json",
  "/package.json",
  "/dist/worker/main.js",
  "/__proto__",
  "/constructor",
  "/toString",
  "/.git/config",
  "/.tgz",
  "/*.tgz",
  `/${"0".repeat(64)}.tgz`,
  `/${"a".repeat(3000)}`,
  "http://127.0.0.1/node",
  "http://x@127.0.0.1/etc/passwd",
  "file:///etc/passwd",
  "*",
  "node",
  "",
];
const methods = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PURGE", "NODE", "get"];
/** Headers sent with the exact path. That file is public, so serving it is no harm; anything else of the machine is. */
const headers: readonly (readonly [string, string])[] = [
  ["a host of another's", "Host: evil.example\r\n"],
  ["a host with a port", "Host: 127.0.0.1:4222\r\n"],
  ["two hosts", "Host: a\r\nHost: b\r\n"],
  ["an origin of another's", "Host: evil.example\r\nOrigin: http://evil.example\r\n"],
  ["a range", "Host: x\r\nRange: bytes=0-0\r\n"],
  ["10,000 ranges", `Host: x\r\nRange: bytes=${"0-,".repeat(1000)}0-\r\n`],
  ["a range from behind the end", "Host: x\r\nRange: bytes=999999999999-\r\n"],
  ["a negative range", "Host: x\r\nRange: bytes=-99999999999999999999\r\n"],
  ["compression of any kind", "Host: x\r\nAccept-Encoding: gzip, br, *\r\n"],
  ["an upgrade to a WebSocket", "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"],
  [
    "an upgrade to HTTP/2",
    "Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n",
  ],
  ["a wish to go on", "Host: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n"],
  ["a strange wish", "Host: x\r\nExpect: the-unexpected\r\n"],
  ["to be kept open", "Host: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=99999\r\n"],
  ["where to forward to", "Host: x\r\nX-Forwarded-For: 127.0.0.1\r\nX-Original-URL: /etc/passwd\r\n"],
  ["a password", "Host: x\r\nAuthorization: Basic eDp4\r\n"],
  ["two lengths", "Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n"],
  ["a length and pieces", "Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"],
  ["pieces of a size that is none", "Host: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["a body of 2^53 bytes", "Host: x\r\nContent-Length: 9007199254740993\r\n"],
  ["no host", ""],
  ["a header without a name", "Host: x\r\n: y\r\n"],
  ["a header over two lines", "Host: x\r\nA: b\r\n c\r\n"],
  ["zero bytes in a header", "Host: x\r\nA: b\0c\r\n"],
  ["1,000 headers", `Host: x\r\n${"A: b\r\n".repeat(600)}`],
  ["a header of 1 MB", `Host: x\r\nA: ${"b".repeat(1_000_000)}\r\n`],
];
const nonsense: readonly (readonly [string, (ground: Ground) => readonly (string | Buffer)[]])[] = [
  ["the greeting of TLS", () => [Buffer.from("16030100a5010000a10303", "hex"), randomBytes(160)]],
  ["the preface of HTTP/2", () => ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]],
  ["HTTP/0.9", () => ["GET /node\r\n"]],
  ["HTTP/1.0", () => ["GET /node HTTP/1.0\r\n\r\n"]],
  ["HTTP/9.9", () => ["GET /node HTTP/9.9\r\nHost: x\r\n\r\n"]],
  ["what a broker hears", () => ['CONNECT {"verbose":true}\r\nPING\r\n']],
  ["a proxy's protocol", () => ["PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n", get("/node")]],
  ["random bytes", () => [randomBytes(100_000)]],
  ["line ends alone", () => ["\r\n".repeat(50_000)]],
  ["no line end", () => ["x".repeat(1_000_000)]],
  ["a request line of 1 MB", () => [get(`/${"a".repeat(1_000_000)}`)]],
  ["2,000 questions at once", () => [get("/node").repeat(2000)]],
  ["2,000 questions for the package at once", (ground) => [get(packagePath(ground)).repeat(2000)]],
  ["a second question in the body of the first", () => [get("/x", "Content-Length: 60\r\n") + get("/node")]],
  ["half a question", () => ["GET /node HTTP/1.1\r\nHost: x\r\n"]],
  ["nothing", () => []],
];

/** The package's exact path, as the script for Node gives it. */
const packagePath = (ground: Ground): string => {
  const found = ground.notes.get("package path");
  return typeof found === "string" ? found : "/";
};

async function fetchNode(ground: Ground): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${handedOut(ground).port}/node`);
  const text = await answer.text();
  const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(text)?.[1];
  if (sha256 !== undefined) ground.notes.set("package path", `/${sha256}.tgz`);
  return text;
}

const shelved: Act = {
  family: "package",
  role: "nobody",
  title: "reads all that is handed out",
  attempt: async (ground, mark) => {
    const texts = [await fetchNode(ground)];
    for (const path of ["/python", packagePath(ground)]) {
      const answer = await fetch(`http://127.0.0.1:${handedOut(ground).port}${path}`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      texts.push(path.endsWith(".tgz") ? gunzipSync(bytes).toString("latin1") : bytes.toString("latin1"));
    }
    ground.notes.set(mark, texts);
  },
  harm: (ground, mark) => {
    for (const text of ground.notes.get(mark) as string[])
      for (const [name, secret] of secretsOf(ground)) if (text.includes(secret)) return `it has ${name}`;
    return undefined;
  },
};

/** Many connections from one address, while a machine at another address fetches the package. */
const crowding = (title: string, count: number, first: (ground: Ground) => string, drip = ""): Act => ({
  family: "package",
  role: "nobody",
  title: `keeps ${count} connections ${title}, while another machine wants the package`,
  watch: { cpuMs: 4000, growthMb: 150 },
  attempt: async (ground, mark) => {
    await fetchNode(ground);
    const sockets: Socket[] = [];
    for (let i = 0; i < count; i += 1) {
      const socket = connect({ port: handedOut(ground).port, host: "127.0.0.1", localAddress: "127.0.0.2" });
      socket.on("error", () => undefined);
      // It never reads the answer.
      socket.pause();
      socket.write(first(ground));
      sockets.push(socket);
    }
    const dripping = setInterval(() => {
      for (const socket of sockets) if (drip !== "" && !socket.destroyed) socket.write(drip);
    }, 50);
    await pause(500);
    const size = async (path: string): Promise<number> => {
      const signal = AbortSignal.timeout(heardLimitMs);
      const answer = await fetch(`http://127.0.0.1:${handedOut(ground).port}${path}`, { signal });
      return (await answer.arrayBuffer()).byteLength;
    };
    ground.notes.set(mark, await size(packagePath(ground)).catch(() => 0));
    clearInterval(dripping);
    for (const socket of sockets) socket.destroy();
  },
  harm: (ground, mark) => ((ground.notes.get(mark) as number) > 0 ? undefined : "the other did not get it"),
});

/** A fake package server's answer to a machine where somebody has pasted the line. */
type Posing = (
  path: string,
  ground: Ground,
  elsewhere: string,
) => {
  readonly status?: number;
  readonly head?: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether to repeat the body without end. */
  readonly isEndless?: true;
};

const planting = (ground: Ground): string => `require("fs").writeFileSync("${join(ground.folder, "planted")}","")`;
const genuine = (ground: Ground): Buffer => Buffer.from(ground.notes.get("node script") as string);
const posing: readonly (readonly [string, Posing])[] = [
  ["another script", (_, ground) => ({ body: Buffer.from(planting(ground)) })],
  [
    "the script with one more line",
    (_, ground) => ({ body: Buffer.concat([genuine(ground), Buffer.from(`\n${planting(ground)}`)]) }),
  ],
  ["nothing", () => ({ body: Buffer.alloc(0) })],
  ["an error", () => ({ status: 500, body: Buffer.from("no") })],
  ["bytes without end", () => ({ body: Buffer.alloc(1 << 20, 32), isEndless: true })],
  ["a bomb of gzip", () => ({ head: { "content-encoding": "gzip" }, body: gzipSync(Buffer.alloc(500_000_000)) })],
  [
    "where else to look",
    (path, _, elsewhere) => ({ status: 302, head: { location: `${elsewhere}${path}` }, body: Buffer.alloc(0) }),
  ],
  [
    "the script, and another package",
    (path, ground) => ({ body: path.endsWith("tgz") ? gzipSync(Buffer.from(planting(ground))) : genuine(ground) }),
  ],
  [
    "the script, and a package without end",
    (path, ground) =>
      path.endsWith("tgz") ? { body: Buffer.alloc(1 << 20), isEndless: true } : { body: genuine(ground) },
  ],
  [
    "the script, and half a package",
    (path, ground) =>
      path.endsWith("tgz")
        ? { head: { "content-length": "3000000" }, body: Buffer.alloc(1000) }
        : { body: genuine(ground) },
  ],
  [
    "the script, and where else the package is",
    (path, ground, elsewhere) =>
      path.endsWith("tgz")
        ? { status: 307, head: { location: `${elsewhere}${path}` }, body: Buffer.alloc(0) }
        : { body: genuine(ground) },
  ],
];
const joinerLimitMs = 40_000;
const mostJoinerMb = 400;

const posed = posing.flatMap(([title, pose]) =>
  (["node", "python"] as const).map(
    (loader): Act => ({
      family: "package",
      role: "server",
      title: `answers ${title} to a pasted line for ${loader}`,
      watch: {},
      attempt: async (ground, mark) => {
        ground.notes.set("node script", await fetchNode(ground));
        let visited = "";
        const other = createServer((request, response) => {
          visited = request.url ?? "";
          response.end();
        });
        const server = createServer((request, response) => {
          const { port } = other.address() as AddressInfo;
          const {
            status = 200,
            head = {},
            body,
            isEndless,
          } = pose(request.url ?? "", ground, `http://127.0.0.1:${port}`);
          response.writeHead(status, head);
          response.on("error", () => undefined);
          const more = (): void => {
            while (!response.destroyed && response.write(body));
          };
          if (isEndless) response.on("drain", more);
          if (isEndless) more();
          else response.end(body);
        });
        for (const each of [other, server]) await once(each.listen(0, "127.0.0.1"), "listening");
        const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
        const { port } = handedOut(ground);
        const line = bootstrapFor(`tls://${mark}@127.0.0.1:1/ws1`, [at], { ...handedOut(ground), port })[loader];
        const env = { ...ground.env, XDG_CACHE_HOME: join(ground.folder, mark) };
        const program = startProcess(
          "sh",
          ["-c", `${line} --quiet & echo $! > ${mark}.pid; wait $!`],
          ground.folder,
          env,
        );
        let peak = 0;
        const limit = performance.now() + joinerLimitMs;
        while (program.exitCode === undefined && performance.now() < limit) {
          peak = Math.max(peak, peakMb(join(ground.folder, `${mark}.pid`)));
          await pause(50);
        }
        const isHanging = program.exitCode === undefined;
        await program.end();
        for (const each of [other, server]) {
          each.close();
          each.closeAllConnections();
        }
        const kept = join(ground.folder, mark, "nexus", "versions");
        ground.notes.set(mark, { peak, isHanging, visited, isKept: isFilled(kept), said: program.output() });
      },
      harm: (ground, mark) => {
        const { peak, isHanging, visited, isKept, said } = ground.notes.get(mark) as Joined; // as attempt left it
        if (existsSync(join(ground.folder, "planted"))) return "its script was executed";
        if (isKept) return "its package was kept";
        if (visited !== "") return `another server was asked for ${visited}`;
        if (peak > mostJoinerMb) return `the joining machine used ${peak.toFixed(0)} MB`;
        if (isHanging) return `it went on for ${joinerLimitMs / 1000} s`;
        return said.includes(mark) ? `the line was shown: ${said.slice(0, 200)}` : undefined;
      },
    }),
  ),
);

const isFilled = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0;

interface Joined {
  readonly peak: number;
  readonly isHanging: boolean;
  readonly visited: string;
  readonly isKept: boolean;
  readonly said: string;
}

export const packageFamily: Family = {
  name: "package",
  origin: "own",
  acts: async (ground) => {
    await fetchNode(ground);
    return [
      shelved,
      ...paths.map((path) => asked(`asks for ${JSON.stringify(path).slice(0, 60)}`, () => [get(path)])),
      ...methods.map((method) => asked(`says ${method}`, () => [get("/node").replace("GET", method)])),
      ...headers.map(([title, text]) => asked(`asks with ${title}`, () => [`GET /node HTTP/1.1\r\n${text}\r\n`], true)),
      ...nonsense.map(([title, parts]) => asked(`says ${title}`, parts, true)),
      asked("asks a byte at a time", () => [...get("/node")], true, 20),
      crowding("that say nothing", 200, () => ""),
      crowding("with half a question", 200, () => "GET /node HTTP/1.1\r\nHost: x\r\n"),
      crowding("whose question never ends", 200, () => "GET /node HTTP/1.1\r\n", "A: b\r\n"),
      crowding("that do not read the package", 200, (ground) => get(packagePath(ground))),
      crowding("whose body never ends", 200, () => get("/node", "Content-Length: 1000000000\r\n"), "x".repeat(1000)),
      ...posed,
    ];
  },
  control: async (ground) => {
    const text = await fetchNode(ground);
    return text.includes("startHere") ? undefined : "the script was not handed out";
  },
};
