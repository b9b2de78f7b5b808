import assert from "node:assert/strict";
import { test } from "node:test";

test("an empty NEXUS_WORKSPACE names no workspace: a coordinator leads the usual one", async () => {
  process.env["NEXUS_WORKSPACE"] = "";
  const { program } = await import("../../../coordinator/program.ts");
  assert.equal(program.getOptionValue("workspace"), "ws1");
});
