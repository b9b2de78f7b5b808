import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isOwnBackup } from "../../../../../coordinator/cli/store/own-backup.ts";
import { noteRestored } from "../../../../../shared/machine/restored-file.ts";
import { writeSecretFile } from "../../../../../shared/machine/secret-file.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

const sealed = (...keys: string[]): string =>
  JSON.stringify({ version: 1, keys: keys.map((key) => ({ from: 1, key })) });

/** A workspace whose journal is sealed with these keys, the newest last. */
function workspace(...keys: string[]): { readonly dir: string; readonly secrets: string } {
  const dir = temporaryFolder();
  const secrets = join(dir, "secrets");
  mkdirSync(secrets);
  if (keys.length > 0) writeSecretFile(join(secrets, "seal.json"), sealed(...keys));
  return { dir, secrets };
}

const backup = (...keys: string[]): { readonly name: string; readonly text: string }[] => [
  { name: "seal.json", text: sealed(...keys) },
];

test("a backup is a workspace's own if it holds the newest key of its seals", () => {
  assert.equal(isOwnBackup(workspace("a", "b"), backup("a", "b")), true);
  assert.equal(isOwnBackup(workspace("a"), backup("a", "b")), true, "rotated since, and set back");
  assert.equal(isOwnBackup(workspace("a", "b"), backup("a")), false, "from before the keys were rotated");
  assert.equal(isOwnBackup(workspace("a"), backup("c")), false);
  assert.equal(isOwnBackup(workspace(), backup("a")), false, "a new workspace has no key");
  assert.equal(isOwnBackup(workspace("a"), []), false);
});

test("once something was restored from elsewhere, no backup is a workspace's own: its keys came with that", () => {
  const paths = workspace("a");
  noteRestored(paths, { from: "ws9", at: "2026-11-29T08:00:00Z", jobs: [] });
  assert.equal(isOwnBackup(paths, backup("a")), false);
});
