import assert from "node:assert/strict";
import { test } from "node:test";
import { giveOrder } from "../../../coordinator/operator/give-order.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { ensureStreams } from "../../../shared/broker/store/streams.ts";
import { programVersion } from "../../../shared/components/version.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { UsageError } from "../../../shared/errors.ts";
import { OtherVersion } from "../../../shared/wire/check.ts";
import { decode, encode } from "../../../shared/wire/codec.ts";
import {
  decodeAnswer,
  decodeOrderAnswer,
  encodeOrder,
  versionNotice,
  wireVersion,
} from "../../../shared/wire/messages.ts";
import { ask, enrol, operator } from "../../../shared/wire/subjects.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";
import { atEnd } from "../../support/cleanup.ts";
import { patienceMs } from "../../support/patience.ts";
import { machine, sealedLeader } from "../../support/stories/sealed-leader.ts";

const quiet = { note: () => undefined, result: () => undefined };

test("a question of another version is answered with what to install", async () => {
  const server = await startNatsServer();
  const bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
  atEnd(() => bus.close());
  await ensureStreams(bus, null, 1);
  const leader = await sealedLeader(server.url, machine(), "lab1");
  await leader.leading;
  const newer = encode({ v: wireVersion + 1, kind: "claim" });
  for (const [subject, read] of [
    [ask("w1" as WorkerId), decodeAnswer],
    [enrol("invite"), decodeOrderAnswer],
  ] as const) {
    const answer = await bus.request(subject, newer, patienceMs);
    // Reads the answer as the other version's program does.
    const theirs = encode({ v: wireVersion + 1, program: programVersion() });
    assert.throws(
      () => read(theirs),
      (error: Error) => {
        assert.ok(error instanceof OtherVersion);
        const [, version] =
          /\(the other side is nexus-swarm (\S+): install that version from where you got this one/.exec(
            error.message,
          ) ?? [];
        return version === programVersion();
      },
    );
    assert.deepEqual(Buffer.from(answer), Buffer.from(versionNotice(programVersion())), subject);
  }
  // A readable order is first answered with the reign to sign it for; that answer has the version too.
  const order = encodeOrder({ kind: "forget", op: "o1", worker: "w1" as WorkerId });
  const { program } = decode(await bus.request(operator("ann"), order, patienceMs)) as { program?: unknown };
  assert.equal(program, programVersion());
  await leader.stop();
});

test("a command says that the coordinator is of another version, and is no bug", async () => {
  const server = await startNatsServer();
  const bus = await connectBus({ url: server.url, credentials: {}, name: "test" });
  atEnd(() => bus.close());
  const stop = bus.respond("op.*", (_subject, _data, reply) => reply(encode({ v: wireVersion + 1, program: "9.1.0" })));
  await bus.flush();
  await assert.rejects(
    giveOrder(bus, "ws1", { kind: "forget", op: "o1", worker: "w1" as WorkerId }, quiet),
    (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /^the coordinator of ws1 is of another version: message version \d+; this program speaks .* nexus-swarm 9\.1\.0: install that version .*; for a worker, paste the line of nexus invite\)$/,
      );
      return true;
    },
  );
  stop();
});
