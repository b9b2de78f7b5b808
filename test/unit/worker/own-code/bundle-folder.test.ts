import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Of } from "../../../../shared/wire/sealed-chunks.ts";
import { PieceReader } from "../../../../worker/own-code/bundle-folder.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a reader of pieces that was closed opens no file any more, so that a read under way leaves none open", async () => {
  const folder = join(temporaryFolder(), "files");
  mkdirSync(folder);
  const parts = ["a", "b"].map((path) => {
    writeFileSync(join(folder, path), path);
    return { file: { path, size: 1, isExecutable: false }, at: 0, length: 1 };
  });
  const sum = Buffer.from(sha256Of(Buffer.from("ab")), "hex");
  const reader = new PieceReader();
  assert.deepEqual(await reader.read({ folder, parts }, sum), Buffer.from("ab"));
  const underWay = reader.read({ folder, parts }, sum);
  reader.close();
  assert.equal(await underWay, undefined);
  assert.equal(await reader.read({ folder, parts }, sum), undefined);
});
