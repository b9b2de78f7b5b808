import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newUserPair } from "../../../../shared/broker/nkey.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { UnreachableError, UsageError } from "../../../../shared/errors.ts";
import { workerIdentity } from "../../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../../worker/joining/join-line.ts";
import { holdPort } from "../../../support/broker/ports.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a worker that knows its server's fingerprint speaks no plain text on a network", async () => {
  const folder = temporaryFolder();
  const worker = "far" as WorkerId;
  const pin = `sha256=${"A".repeat(43)}`;
  writeFileSync(join(folder, "identity.json"), JSON.stringify({ worker, nkeySeed: newUserPair().seed, pin }));
  const starts = (text: string, how = {}) => workerIdentity(folder, worker, parseJoinLine(text), () => undefined, how);
  await assert.rejects(
    starts("nats://s3cr3t@192.0.2.7:4222/ws1"),
    (error) =>
      error instanceof UsageError &&
      /joined ws1 over TLS .* nats:\/\/, which is plain text/.test(error.message) &&
      error.message.includes("--insecure: add --same-workspace") &&
      !error.message.includes("s3cr3t"),
  );
  // One server elsewhere among several is enough.
  await assert.rejects(starts("nats://s3cr3t@127.0.0.1:4222,192.0.2.7:4222/ws1"), /which is plain text/);

  // A line to this machine only, or of this machine's own workspace, crosses no network: the server is asked.
  const port = await holdPort();
  await assert.rejects(starts(`nats://127.0.0.1:${port}/ws1`), UnreachableError);
  await assert.rejects(starts(`nats://0.0.0.0:${port}/ws1`), UsageError);
  await assert.rejects(starts(`nats://0.0.0.0:${port}/ws1`, { isOwnLine: true }), UnreachableError);
  await assert.rejects(starts(`nats://0.0.0.0:${port}/ws1`, { isSameWorkspace: true }), UnreachableError);
});
