/**
 * Program: `node flooder.js JOIN_LINE FOLDER NAME asks|evidence|large`: enrols as a worker and publishes as fast as its connection
 * takes it, until it is cut off. Prints `enrolled` and `cut off after N messages in M ms`.
 */
import { connect, nkeyAuthenticator } from "nats";
import { inboxPrefix } from "../../../shared/broker/access/accounts.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { encodeAsk } from "../../../shared/wire/messages.ts";
import { ask } from "../../../shared/wire/subjects.ts";
import { workerIdentity } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";

const [joinLine = "", folder = "", name = "", kind = ""] = process.argv.slice(2);
const line = parseJoinLine(joinLine);
const { worker, nkeySeed } = await workerIdentity(folder, name as WorkerId, line, () => undefined);
const connection = await connect({
  servers: line.url.replace(/^\w+:\/\//, ""),
  authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)),
  inboxPrefix: inboxPrefix(worker),
  reconnect: false,
});
process.stdout.write("enrolled\n");
const renewal = encodeAsk({ kind: "renew", bootId: "flood", held: [] });
const junk = new Uint8Array(kind === "large" ? 200_000 : 100);
const together = kind === "large" ? 20 : 1000;

let count = 0;
let isOver = false;
const began = performance.now();
const closed = connection.closed().then(() => {
  isOver = true;
});
while (!isOver && !connection.isClosed()) {
  try {
    for (let i = 0; i < together; i += 1) {
      if (kind === "asks") connection.publish(ask(worker), renewal);
      else connection.publish(`ev.${worker}.job1.${1 + (count % 1000)}.report`, junk);
      count += 1;
    }
    await Promise.race([connection.flush(), closed]);
  } catch {
    break; // closed meanwhile
  }
}
process.stdout.write(`cut off after ${count} messages in ${Math.round(performance.now() - began)} ms\n`);
