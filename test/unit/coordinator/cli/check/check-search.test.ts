import assert from "node:assert/strict";
import { test } from "node:test";
import { findingText, moduleAt } from "../../../../../coordinator/cli/check/check-search.ts";

test("nexus check-search loads a module by its whole name, in the root folder too", () => {
  assert.deepEqual(moduleAt("/my_search.js"), { module: "my_search.js", folder: "/" });
  assert.deepEqual(moduleAt("/home/ann/my_search.js"), { module: "my_search.js", folder: "/home/ann" });
});

test("nexus check-search tells an error once, and of later promises that it is the same error", () => {
  const tell = findingText();
  const trace = "it ended with exit code 1; its last lines:\nTypeError: x\n  at choose";
  const said = ["", trace, trace, "", "silent", trace, trace].map((problem, i) =>
    tell({ promise: `promise ${i}`, problem, note: "" }),
  );
  assert.deepEqual(said, [
    "holds   promise 0\n",
    "BROKEN  promise 1\n        it ended with exit code 1; its last lines:\n        TypeError: x\n          at choose\n",
    "BROKEN  promise 2\n        the same error\n",
    "holds   promise 3\n",
    "BROKEN  promise 4\n        silent\n",
    'BROKEN  promise 5\n        the same error as of "promise 1"\n',
    "BROKEN  promise 6\n        the same error\n",
  ]);
});
