import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { inOrder, longest } from "../../run-order.ts";

const tests = readdirSync(fileURLToPath(new URL("../../", import.meta.url)), {
  recursive: true,
  encoding: "utf8",
}).filter((path) => path.endsWith(".test.js"));

describe("the order in which test files run", () => {
  it("the order of test files leaves no file out and runs none twice", () => {
    assert.deepEqual(inOrder(tests).flat().toSorted(), tests.toSorted());
  });

  it("the order of test files begins with those that take longest, each in a process of its own", () => {
    const first = inOrder(tests).slice(0, longest.length);
    assert.deepEqual(
      first,
      longest.map((name) => [`${name}.test.js`]),
    );
  });

  it("npm test and npm run system together run every folder of tests, and .ci/run runs both", () => {
    const root = packageRoot();
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const run = [scripts["test"], scripts["system"]].flatMap((script) =>
      /run\.js \d+ (.*)$/.exec(script ?? "")?.[1]?.split(" "),
    );
    assert.deepEqual(run.toSorted(), [...new Set(tests.map((path) => path.split("/")[0]))].toSorted());
    assert.match(readFileSync(join(root, ".ci/run"), "utf8"), /\nrun_tests test\nrun_tests run system\n/);
  });

  it("only files of unit tests share a process", () => {
    const shared = inOrder(tests).filter((paths) => paths.length > 1);
    assert.ok(shared.length > 0);
    for (const path of shared.flat()) assert.match(path, /^unit\//);
  });
});
