import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { NatsConnection } from "nats";
import { inboxPrefix } from "../../../shared/broker/access/accounts.ts";
import { operatorName, type Role, readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { decodeOrderAnswer, encodeOrder, type Order, type OrderAnswer } from "../../../shared/wire/messages.ts";
import { operator } from "../../../shared/wire/subjects.ts";
import { rawConnection } from "../../support/broker/raw-connection.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const swarm = new Swarm();
const own = operator(operatorName());
const worker = "w1" as WorkerId;

/** A raw connection, without our client's own checks. */
async function raw(role: Role): Promise<NatsConnection> {
  const { user, password } = readRoleSecret(swarm.paths, role);
  const servers = runningBroker(swarm.paths)?.url ?? "";
  return rawConnection({ servers, user, pass: password, inboxPrefix: inboxPrefix(role) });
}

async function give(order: Order): Promise<OrderAnswer> {
  const link = await linkPatiently(swarm.paths, "operator");
  try {
    return decodeOrderAnswer(await link.bus.request(own, encodeOrder(order), patienceMs));
  } finally {
    await link.close();
  }
}

const asked = async (connection: NatsConnection, subject: string, data: Uint8Array): Promise<OrderAnswer> =>
  decodeOrderAnswer((await connection.request(subject, data, { timeout: patienceMs })).data);

const stateOf = async (): Promise<string | undefined> => (await swarm.state()).workers.get(worker)?.state;

test("orders are obeyed once, from those who have the operator's password, for the reign that they name", async () => {
  const first = await swarm.coordinator();
  const joined = swarm.worker("w1");
  await eventually("the worker has joined", async () => (await stateOf()) !== undefined);
  // Like an attacker who can make the broker copy others' messages.
  const relay = await raw("coordinator");
  const heard: Uint8Array[] = [];
  relay.subscribe("op.*", { callback: (_, { data }) => heard.push(data) });
  await relay.flush();
  assert.ok((await give({ kind: "bench", op: "b1", worker })).ok);
  assert.ok((await give({ kind: "admit", op: "a1", worker })).ok);
  await relay.flush();
  assert.equal(heard.length, 4, "each command is told the reign, then signs for it");
  const [, bench = new Uint8Array(0)] = heard;
  assert.equal(await stateOf(), "admitted");

  // The same order again is answered but not carried out.
  const length = (await swarm.state()).seq;
  assert.deepEqual((await asked(relay, own, bench)).ok, true);
  assert.deepEqual((await asked(relay, operator("somebody-else"), bench)).code, "refused");
  const operatorRaw = await raw("operator");
  const unsigned = await asked(operatorRaw, own, encodeOrder({ kind: "bench", op: "b2", worker }));
  assert.deepEqual([unsigned.ok, /update the program/.test(unsigned.reason)], [false, true]);
  assert.deepEqual([await stateOf(), (await swarm.state()).seq], ["admitted", length]);

  // The next reign refuses it too.
  first.child.kill("SIGTERM");
  await first.exited();
  await swarm.coordinator();
  const later = await raw("coordinator");
  const { ok, reason } = await asked(later, own, bench);
  assert.deepEqual([ok, /signed again/.test(reason)], [false, true]);
  assert.equal(await stateOf(), "admitted");
  assert.ok((await give({ kind: "bench", op: "b3", worker })).ok);
  assert.equal(await stateOf(), "benched");
  joined.child.kill("SIGTERM");
});

test("a copy of operator.json is all that another machine needs to give orders", async () => {
  const away = temporaryFolder();
  const creds = join(away, "operator.json");
  writeFileSync(creds, readFileSync(join(swarm.paths.secrets, "operator.json")), { mode: 0o600 });
  const url = runningBroker(swarm.paths)?.url ?? "";
  const there = await nexusAt(["--nats", url, "--creds", creds, "admit", worker], away);
  assert.equal(there.code, 0, there.stderr);
  assert.equal(await stateOf(), "admitted");
});

test("a copy of viewer.json may only look, and whoever gives an order with it is told so", async () => {
  const away = temporaryFolder();
  const url = runningBroker(swarm.paths)?.url ?? "";
  const copied = (role: Role): string => {
    const file = join(away, `${role}.json`);
    writeFileSync(file, readFileSync(join(swarm.paths.secrets, `${role}.json`)), { mode: 0o600 });
    return file;
  };
  const viewer = copied("viewer");
  const bench = await nexusAt(["--nats", url, "--creds", viewer, "bench", worker], away);
  assert.equal(bench.code, exitCode.usage, bench.stderr);
  assert.match(bench.stderr, /the credentials in .*viewer\.json may only look \(op\..*\n.*--creds operator\.json\n$/);
  assert.equal((await nexusAt(["--nats", url, "--creds", viewer, "list", "workers"], away)).code, exitCode.done);
  // Each refusal says where, or by whom, an invitation is made.
  for (const file of [viewer, copied("operator")]) {
    const { code, stderr } = await nexusAt(["--nats", url, "--creds", file, "invite"], away);
    assert.equal(code, exitCode.usage);
    assert.match(stderr, /workspace ws1 has a broker of its own; type nexus invite on its coordinator's machine/);
  }
  const unknown = await nexusAt(["--nats", url, "invite"], away);
  assert.match(
    unknown.stderr,
    /^if others run .* administrator .*\n {2}if it is the workspace's own broker, type nexus inv/,
  );
});
