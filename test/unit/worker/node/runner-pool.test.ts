import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RunnerPool } from "../../../../worker/node/runner-pool.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { taskOf } from "../../../support/processes/run-task.ts";
import { silentLog } from "../../../support/stories/reign.ts";

/** Takes the place of ours, and writes to its runner's pipe what no worker can read. */
const liar = `import { writeSync } from 'node:fs';
const metric = { short: "val", long: "value", decimals: 1, higherIsBetter: true, aggregation: "last" };
const run = () => {
  writeSync(3, Buffer.from([0, 0, 0, 2, 0xc1, 0xc1]));
  return new Promise((resolve) => setTimeout(resolve, 600_000));
};
export default () => ({ metrics: [metric], run });
`;

test("a runner that said what cannot be read executes no further run", async () => {
  const pool = new RunnerPool(silentLog);
  const task = taskOf("{component: processors/Probe_Proc, reports: 1, seconds: 0, value: *a}");
  const codeFolder = temporaryFolder();
  mkdirSync(join(codeFolder, "processors"));
  writeFileSync(join(codeFolder, "processors", "Probe_Proc.mjs"), liar);
  const kind = { lowPriority: false, cores: 1, network: false };
  try {
    const spoilt = await pool.run(kind, { ...task, codeFolder }, () => undefined).end;
    assert.ok(spoilt.type === "failed", spoilt.type);
    assert.match(spoilt.reason, /^the run told its worker what no run may tell: /);
    const next = await pool.run(kind, task, () => undefined).end;
    assert.ok(next.type === "done", "reason" in next ? next.reason : next.type);
  } finally {
    await pool.close();
  }
});
