import assert from "node:assert/strict";
import { test } from "node:test";

test("an empty NEXUS_WORKSPACE names no workspace: a worker belongs to the usual one", async () => {
  process.env["NEXUS_WORKSPACE"] = "";
  const { program } = await import("../../../worker/flags.ts");
  assert.equal(program.getOptionValue("workspace"), "ws1");
});
