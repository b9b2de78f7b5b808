import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { inOrder, longest } from "../../run-order.ts";

const tests = readdirSync(fileURLToPath(new URL("../../", import.meta.url)), {
  recursive: true,
  encoding: "utf8",
}).filter((path) => path.endsWith(".test.js"));

describe("the order in which test files run", () => {
  it("leaves no file out and runs none twice", () => {
    assert.deepEqual(inOrder(tests).flat().toSorted(), tests.toSorted());
  });

  it("begins with the files that take longest, each in a process of its own", () => {
    const first = inOrder(tests).slice(0, longest.length);
    assert.deepEqual(
      first,
      longest.map((name) => [`${name}.test.js`]),
    );
  });

  it("lets only unit tests share a process", () => {
    const shared = inOrder(tests).filter((paths) => paths.length > 1);
    assert.ok(shared.length > 0);
    for (const path of shared.flat()) assert.match(path, /^unit\//);
  });
});
