import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import type { Act, Family } from "../act.ts";
import { type Program, startProgram } from "../ground/programs.ts";
import { secretsOf } from "../ground/secrets.ts";

/** First words of a server that is not ours. */
const greetings: readonly (readonly [title: string, greeting: string])[] = [
  [
    "greets in plain text",
    `INFO {"server_id":"x","version":"2.10.27","headers":true,"max_payload":1048576,"nonce":"abcdefgh","auth_required":true}\r\n`,
  ],
  [
    "says that it has TLS and goes on without",
    `INFO {"server_id":"x","version":"2.10.27","headers":true,"max_payload":1048576,"nonce":"abcdefgh","tls_available":true}\r\n`,
  ],
  ["asks for no proof", `INFO {"server_id":"x","version":"2.10.27","headers":true,"max_payload":1048576}\r\n`],
  [
    "asks for a password",
    `INFO {"server_id":"x","version":"2.10.27","headers":true,"max_payload":1048576,"auth_required":true}\r\n`,
  ],
  ["sends an INFO of 2 MB", `INFO {"server_id":"${"x".repeat(2_000_000)}"}\r\n`],
  ["sends an INFO that is no JSON", "INFO {{{{\r\n"],
  [
    "says where else to go",
    `INFO {"server_id":"x","version":"2.10.27","headers":true,"max_payload":1048576,"nonce":"a","connect_urls":["192.0.2.1:4222","127.0.0.1:1"]}\r\n`,
  ],
  ["says nothing", ""],
  ["answers as HTTP", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ["redirects a WebSocket", "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\n\r\n"],
  ["answers with zero bytes", "\0".repeat(5000)],
];

const fingerprint = "a".repeat(64);
/** The forms of a join line. The last two promise encryption, so the worker may send nothing in plain text. */
const lines: readonly (readonly [scheme: string, fragment: string])[] = [
  ["nats", ""],
  ["tls", `#sha256=${fingerprint}`],
  ["wss", `#sha256=${fingerprint}`],
];

const listenMs = 4000;

const acts = lines.flatMap(([scheme, fragment]) =>
  greetings.map(
    ([title, greeting]): Act => ({
      family: "joins",
      role: "nobody",
      title: `is joined by a worker with a ${scheme} line, and ${title}`,
      attempt: async (ground, mark) => {
        let heard = "";
        const server = createServer((socket) => {
          socket.on("error", () => undefined);
          socket.on("data", (data: Buffer) => {
            heard += data.toString("latin1");
            if (data.includes("PING")) socket.write("PONG\r\n");
          });
          socket.write(greeting);
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const { code } = parseJoinLine(ground.joinLine);
        const line = `${scheme}://${code}@127.0.0.1:${(server.address() as AddressInfo).port}/ws1${fragment}`;
        const program: Program = startProgram(
          "worker/main.js",
          ["-", "--name", mark],
          ground.folder,
          ground.env,
          `${line}\n`,
        );
        await Promise.race([program.finished(), pause(listenMs)]);
        await program.end();
        server.close();
        ground.notes.set(mark, `${heard}\n--- printed\n${program.output()}`);
      },
      harm: (ground, mark) => {
        const [heard = "", printed = ""] = (ground.notes.get(mark) as string).split("\n--- printed\n"); // as attempt left it
        const { seed } = inviteKey(parseJoinLine(ground.joinLine).code);
        for (const [name, secret] of [...secretsOf(ground), ["the invitation's key", seed] as const]) {
          if (heard.includes(secret)) return `it was told ${name}`;
          if (printed.includes(secret)) return `the worker prints ${name}`;
        }
        return scheme !== "nats" && /CONNECT|nkey|PUB /.test(heard)
          ? `it was spoken to in the open: ${heard.slice(0, 80)}`
          : undefined;
      },
    }),
  ),
);

/** Invalid join lines; the worker's complaint must not show the code in them. */
const badLines: readonly ((code: string) => string)[] = [
  (code) => `natss://${code}@127.0.0.1:1/ws1`,
  (code) => `nats://${code}@127.0.0.1:99999/ws1`,
  (code) => `nats://${code}@/ws1`,
  (code) => `nats://${code}@127.0.0.1:1/../etc`,
  (code) => `nats://${code}@127.0.0.1:1/WS1`,
  (code) => `nats://${code}:${code}@@127.0.0.1:1/ws1`,
  (code) => `tls://${code}@127.0.0.1:1/ws1#sha256=zz`,
  (code) => `tls://${code}@127.0.0.1:1/ws1#md5=aa`,
  (code) => `${code}`,
  (code) => `http://${code}@127.0.0.1:1/ws1`,
  (code) => `nats://%ZZ${code}@127.0.0.1:1/ws1`,
  (code) => `nats://${code}@127.0.0.1:1/ws1\nnats://${code}@127.0.0.1:2/ws1`,
];
const shown = badLines.map(
  (make): Act => ({
    family: "joins",
    role: "nobody",
    title: `has the code shown in the error about ${make("CODE")}`,
    attempt: async (ground, mark) => {
      const { code } = parseJoinLine(ground.joinLine);
      const program = startProgram(
        "worker/main.js",
        ["-", "--name", mark],
        ground.folder,
        ground.env,
        `${make(code)}\n`,
      );
      await Promise.race([program.finished(), pause(listenMs)]);
      await program.end();
      ground.notes.set(mark, program.output());
    },
    harm: (ground, mark) =>
      (ground.notes.get(mark) as string).includes(parseJoinLine(ground.joinLine).code) ? "it is shown" : undefined,
  }),
);

export const joins: Family = { name: "joins", origin: "10, 12", acts: () => [...acts, ...shown] };
