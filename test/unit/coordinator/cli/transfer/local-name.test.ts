import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { localName, localNames } from "../../../../../coordinator/cli/transfer/local-name.ts";

describe("the name of a file of a run on this machine", () => {
  const names: readonly [string, string][] = [
    ["models/best.model", "models/best.model"],
    ["Füße/größe 2.txt", "Füße/größe 2.txt"],
    ["a..b/c-d.e", "a..b/c-d.e"],
    [".ssh/authorized_keys", "_.ssh/authorized_keys"],
    ["-rf", "_-rf"],
    ["a/--help", "a/_--help"],
    ["~root", "_~root"],
    ["invoice\u202efdp.exe", "invoice_fdp.exe"],
    ["a\u2066b\u200bc\ufeff", "a_b_c_"],
    ["a\u0085b\u009b2J", "a_b_2J"],
    ["line\u2028two", "line_two"],
    ["aux", "_aux"],
    ["x/NUL.txt", "x/_NUL.txt"],
    ["com1.tar.gz", "_com1.tar.gz"],
    ["console.txt", "console.txt"],
  ];
  for (const [path, name] of names) {
    test(`a run's file ${JSON.stringify(path)} is named ${JSON.stringify(name)} on this machine`, () =>
      assert.equal(localName(path), name));
  }

  test("no two files get one name where case does not count; a safe name is not changed again", () => {
    const given = (...paths: string[]): (string | undefined)[] => {
      const names = localNames(paths);
      assert.deepEqual(localNames([...paths].reverse()), names);
      return paths.map((path) => names.get(path));
    };
    assert.deepEqual(given(".a", "_.a", "_.A-2", "-", "b"), ["_.a-3", "_.a", "_.A-2", "_-", "b"]);
    assert.deepEqual(given("x/A.txt", "x/a.txt", "x/a.TXT-2"), ["x/A.txt", "x/a.txt-3", "x/a.TXT-2"]);
    assert.deepEqual(given("caf\u00e9", "cafe\u0301"), ["caf\u00e9-2", "cafe\u0301"]);
    const part = fc.string({ minLength: 1, maxLength: 6, unit: "binary" }).map((text) => text.replaceAll("/", "x"));
    const paths = fc.uniqueArray(fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")));
    fc.assert(
      fc.property(paths, (all) => {
        const names = [...localNames(all).values()];
        for (const name of names) assert.equal(localName(name), name);
        assert.equal(new Set(names.map((name) => name.normalize("NFC").toLowerCase())).size, all.length);
      }),
    );
  });
});
