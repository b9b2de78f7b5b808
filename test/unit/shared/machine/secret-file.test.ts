import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readIfThere, readJsonFields, writeNewFile, writeSecretFile } from "../../../../shared/machine/secret-file.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("a secret file", () => {
  it("a secret file has mode 0600, also when it replaces a readable one, and leaves nothing beside it", () => {
    const folder = temporaryFolder();
    const path = join(folder, "secret.json");
    writeFileSync(path, "old", { mode: 0o644 });
    writeSecretFile(path, '{"a":1}');
    assert.equal(readFileSync(path, "utf8"), '{"a":1}');
    assert.equal(modeOf(path), 0o600);
    assert.deepEqual(readdirSync(folder), ["secret.json"]);
    assert.deepEqual(readJsonFields(path), { a: 1 });
  });

  it("a secret file that cannot be written leaves what is in its place, and nothing beside it", () => {
    const folder = temporaryFolder();
    const path = join(folder, "taken");
    mkdirSync(join(path, "full"), { recursive: true });
    assert.throws(() => writeSecretFile(path, "new"));
    assert.deepEqual(readdirSync(folder), ["taken"]);
  });

  it("a new file does not overwrite one that is there", () => {
    const path = join(temporaryFolder(), "x");
    assert.equal(readIfThere(path), undefined);
    writeNewFile(path, "first");
    assert.throws(() => writeNewFile(path, "second"), { code: "EEXIST" });
    assert.equal(readIfThere(path), "first");
  });

  it("a JSON file has no fields when it is missing or damaged", () => {
    const path = join(temporaryFolder(), "x.json");
    assert.deepEqual(readJsonFields(path), {});
    for (const text of ["", '{"a":', "null", "1", '"a"']) {
      writeFileSync(path, text);
      assert.deepEqual(Object.keys(readJsonFields(path)), [], text);
    }
  });
});
