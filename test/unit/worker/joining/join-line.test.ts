import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { UsageError } from "../../../../shared/errors.ts";
import { withoutSecrets } from "../../../../shared/machine/started-with.ts";
import { lineFrom } from "../../../../worker/joining/given-line.ts";
import { parseJoinLine } from "../../../../worker/joining/join-line.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const line = "nats://s3cr3t-code@192.0.2.7:4222/ws1";

describe("a join line", () => {
  test("is read from a file, alone or in the command that nexus-coord prints", async () => {
    const file = join(temporaryFolder(), "line");
    for (const text of [`${line}\n`, `on each machine that should join, run: nexus-worker ${line}\n`]) {
      writeFileSync(file, text, { mode: 0o600 });
      assert.equal(await lineFrom(`@${file}`), line);
    }
    assert.equal(await lineFrom(line), line);
    writeFileSync(file, "hello\n");
    await assert.rejects(lineFrom(`@${file}`), /there is no join line in it; expected nats:\/\/CODE@/);
    await assert.rejects(lineFrom("@/no/such/file"), /^UsageError: @\/no\/such\/file: that file cannot be read/);
  });

  test("that is wrong is refused without showing its code", () => {
    for (const wrong of [
      "http://s3cr3t-code@lab1:4222/ws1",
      "nats://s3cr3t-code@/ws1",
      "nats://s3cr3t-code@lab1:99999/ws1",
      "nats://s3cr3t-code@lab1/a b",
      "nats://s3cr3t-code@lab1/UPPER!",
    ]) {
      assert.throws(
        () => parseJoinLine(wrong),
        (error) => error instanceof UsageError && !error.message.includes("s3cr3t"),
        wrong,
      );
    }
  });
});

test("secrets are taken out of any text that shows an address or an invitation", () => {
  for (const [text, shown] of [
    [`nexus-worker ${line} --slots 2`, "nexus-worker nats://***@192.0.2.7:4222/ws1 --slots 2"],
    ["nats://ann:pw@a:1,ann:pw@b:2/ws1", "nats://***@a:1,***@b:2/ws1"],
    ["wss://code@h/ws1#sha256=abc", "wss://***@h/ws1#sha256=abc"],
    ["--peers-join=nexus-peers:eyJ3b3", "--peers-join=nexus-peers:***"],
    ["nats://host:4222/ws1", "nats://host:4222/ws1"],
  ] as const)
    assert.equal(withoutSecrets(text), shown);
});
