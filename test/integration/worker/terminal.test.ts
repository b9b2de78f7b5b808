import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../support/patience.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("what a failing program prints moves nothing on the terminal of the worker's owner", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const worker = swarm.worker("pc", ["--slots", "1"]);
  const program = String.raw`console.error("\u001b[2J\u009b1mboo\u202e"); process.exit(3);`;
  const job = await swarm.submit(writeProgramSpec(swarm.folder, "nasty", { total_runs: 1, retries: 0 }, program));
  await swarm.when("the run fails", job, (table) => table.ended === 1);
  await eventually("the worker says so", () => worker.output().includes("ended with exit code 3"));
  assert.match(worker.output(), /failed: .* ended with exit code 3: {2}?\[2J ?1mboo/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  assert.doesNotMatch(worker.output(), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});
