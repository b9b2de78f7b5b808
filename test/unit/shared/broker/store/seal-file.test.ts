import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ensureRoleSecrets } from "../../../../../shared/broker/access/credentials.ts";
import {
  ensureSealFile,
  readSeals,
  rotateSeal,
  sealFile,
  sealsForReading,
  writeBefore,
} from "../../../../../shared/broker/store/seal-file.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { createWorkspace, type WorkspacePaths, workspaceAt } from "../../../../../shared/machine/workspace.ts";
import { journalSeal } from "../../../../../shared/wire/seals/seals.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

function newWorkspace(): WorkspacePaths {
  const paths = workspaceAt(`${temporaryFolder()}/ws1`);
  createWorkspace(paths);
  return paths;
}

const sealsAt = (paths: WorkspacePaths): string[] =>
  (readSeals(paths)?.keys ?? []).map((key) => `${key.from} ${journalSeal(key, "jrn.ws.op", 1, new Uint8Array(1))}`);

test("the seal key is made once, together with the passwords, and only its owner may read it", () => {
  const paths = newWorkspace();
  assert.equal(readSeals(paths), undefined);
  ensureRoleSecrets(paths);
  assert.equal(statSync(sealFile(paths)).mode & 0o777, 0o600);
  const text = readFileSync(sealFile(paths), "utf8");
  ensureRoleSecrets(paths);
  ensureSealFile(paths);
  assert.equal(readFileSync(sealFile(paths), "utf8"), text);
  assert.deepEqual([readSeals(paths)?.keys.length, readSeals(paths)?.before], [1, null]);
});

test("peers that are older than their seals come to the same seal key, others never", () => {
  const [a, b, c] = [newWorkspace(), newWorkspace(), newWorkspace()];
  for (const paths of [a, b]) {
    writeFileSync(`${paths.secrets}/coordinator.json`, `{"user": "coordinator", "password": "shared"}`);
    writeFileSync(paths.peers, "{}");
  }
  for (const paths of [a, b, c]) ensureRoleSecrets(paths);
  assert.deepEqual(sealsAt(a), sealsAt(b));
  assert.notDeepEqual(sealsAt(a), sealsAt(c));
});

test("a new seal key holds from a sequence on, and where sealing began stays", () => {
  const paths = newWorkspace();
  ensureSealFile(paths);
  const before = { seq: 4, digest: "0".repeat(64) };
  writeBefore(paths, before);
  rotateSeal(paths, 10);
  const [first = "", second = "", ...more] = sealsAt(paths);
  assert.deepEqual([first.slice(0, 2), second.slice(0, 3), more], ["1 ", "10 ", []]);
  assert.notEqual(first.slice(2), second.slice(3));
  assert.deepEqual(readSeals(paths)?.before, before);
});

test("a damaged file of seal keys is reported with what to type, and commands that read do without it", () => {
  const paths = newWorkspace();
  for (const text of [
    "",
    "{",
    "[]",
    `{"version":1,"keys":[],"before":null}`,
    `{"version":1,"keys":[{"from":1,"key":"x"}]}`,
  ]) {
    writeFileSync(sealFile(paths), text);
    assert.throws(
      () => readSeals(paths),
      (error: Error) => error instanceof UsageError && /seal\.json is damaged: .*\n.*nexus repair/.test(error.message),
      text,
    );
    assert.equal(sealsForReading(paths), undefined);
  }
  assert.ok(existsSync(sealFile(paths)));
});
