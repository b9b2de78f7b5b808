import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { UsageError } from "../../../../shared/errors.ts";
import { withoutSecrets } from "../../../../shared/machine/started-with.ts";
import { lineFrom } from "../../../../worker/joining/given-line.ts";
import { parseJoinLine, shownServer } from "../../../../worker/joining/join-line.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const line = "nats://s3cr3t-code@192.0.2.7:4222/ws1";

const fingerprint = "PMwxbYzt4ByP3DMR1YS2f9NLGmG7t3Ct1j9WaPFIN4w";
const encrypted = `tls://s3cr3t-code@192.0.2.7:4222/ws1#sha256=${fingerprint}`;

describe("a join line", () => {
  test("a join line tells the server, what it must show, the code and the workspace", () => {
    const pin = { names: "any", sha256: fingerprint } as const;
    const whole = { url: `tls://192.0.2.7:4222#sha256=${fingerprint}`, pin, code: "s3cr3t-code", workspace: "ws1" };
    assert.deepEqual(parseJoinLine(encrypted), whole);
    // Quotes that no shell has removed.
    assert.deepEqual(parseJoinLine(` "${encrypted}" `), whole);
    assert.deepEqual(parseJoinLine(`'${encrypted}'`), whole);
    const hex = Buffer.from(fingerprint, "base64url").toString("hex");
    const colons = (hex.toUpperCase().match(/../g) ?? []).join(":");
    for (const other of [hex, colons]) assert.deepEqual(parseJoinLine(encrypted.replace(fingerprint, other)), whole);
    assert.deepEqual(parseJoinLine(`wss://c@lab1,[fd00::3]:8443/lab#ca-sha256=${fingerprint}`), {
      url: `wss://lab1:443,[fd00::3]:8443#ca-sha256=${fingerprint}`,
      pin: { names: "named", sha256: fingerprint },
      code: "c",
      workspace: "lab",
    });
    const plain = { url: "nats://192.0.2.7:4222", pin: undefined, code: "s3cr3t-code", workspace: "ws1" };
    assert.deepEqual(parseJoinLine(line), plain);
    assert.equal(shownServer(parseJoinLine(encrypted)), "tls://192.0.2.7:4222");
  });

  test("a join line with half a fingerprint, or one in plain text, is refused", () => {
    for (const [wrong, why] of [
      [encrypted.slice(0, -1), /after # it has no whole fingerprint/],
      [encrypted.slice(0, -fingerprint.length), /after # it has no whole fingerprint/],
      [encrypted.replace("sha256", "md5"), /after # it has no whole fingerprint/],
      [`${encrypted}x`, /after # it has no whole fingerprint/],
      [encrypted.replace("tls:", "nats:"), /nats:\/\/, which is plain text/],
      [encrypted.replace("tls:", "ws:"), /begins with ws:/],
    ] as const) {
      assert.throws(
        () => parseJoinLine(wrong),
        (error) => error instanceof UsageError && why.test(error.message) && !error.message.includes("s3cr3t"),
        wrong,
      );
    }
  });

  test("a misspelt verb is no join line, and the verb is named", () => {
    assert.throws(() => parseJoinLine("statsu"), /"statsu" is not a join line; .*; did you mean status\?$/);
  });

  test("a join line is read from a file, alone or in the command that nexus-coord prints", async () => {
    const file = join(temporaryFolder(), "line");
    for (const text of [`${line}\n`, `on each machine that should join, run: nexus-worker ${line}\n`]) {
      writeFileSync(file, text, { mode: 0o600 });
      assert.equal(await lineFrom(`@${file}`), line);
    }
    assert.equal(await lineFrom(line), line);
    writeFileSync(file, `nexus-worker "${encrypted}"\n`, { mode: 0o600 });
    assert.deepEqual(parseJoinLine(await lineFrom(`@${file}`)), parseJoinLine(encrypted));
    writeFileSync(file, "hello\n");
    await assert.rejects(lineFrom(`@${file}`), /there is no join line in it; expected tls:\/\/CODE@/);
    await assert.rejects(
      lineFrom("@/no/such/file"),
      /^UsageError: @\/no\/such\/file: there is no such file; expected one that/,
    );
  });

  test("a join line missing in its file is told before who else can read the file", async (t) => {
    const file = join(temporaryFolder(), "empty");
    writeFileSync(file, "", { mode: 0o644 });
    const written = t.mock.method(process.stderr, "write", () => true);
    await assert.rejects(lineFrom(`@${file}`), /there is no join line in it/);
    assert.equal(written.mock.callCount(), 0);
    writeFileSync(file, line);
    assert.equal(await lineFrom(`@${file}`), line);
    assert.match(String(written.mock.calls[0]?.arguments[0]), /other users of this machine can read/);
  });

  test("a wrong join line is refused without showing its code", () => {
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
