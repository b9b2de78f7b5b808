import assert from "node:assert/strict";
import { test } from "node:test";
import { seconds } from "../../../../../coordinator/cli/verbs/arguments.ts";

test("a time on nexus' command line is refused if a timer cannot wait so long", () => {
  assert.deepEqual([seconds("90"), seconds("2h"), seconds("24d")], [90, 7200, 2_073_600]);
  for (const text of ["25d", "9999h", "1e9", "soon"])
    assert.throws(() => seconds(text), /Expected a time such as .*, at most 24d\.$/, text);
});
