import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { usualQuotas } from "../../../../shared/domain/quotas.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { quotaReader, readQuotaFile, setQuotas } from "../../../../shared/machine/quota-file.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a typing error in the file of quotas changes none of them, and loses none when another is typed", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  const told: string[] = [];
  const limits = quotaReader(paths, (problem) => told.push(problem));
  assert.equal(limits().openRuns, usualQuotas.openRuns);
  setQuotas(paths, ["runs=256", "evidence=80%"]);
  assert.equal(limits().openRuns, 256);
  for (const text of ['{"runs": "256", "evidence": "80%",}', "", '["runs"]', "7"]) {
    writeFileSync(paths.quotas, text);
    for (let i = 0; i < 2; i += 1) assert.equal(limits().openRuns, 256, text);
    assert.deepEqual(limits().evidence, { share: 0.8 });
    const problem = /quotas\.json: expected a JSON object such as .*, found (no JSON \(.*\)|something else)\n/;
    for (const each of [() => readQuotaFile(paths), () => setQuotas(paths, ["starts=1/60"])])
      assert.throws(each, (error: Error) => error instanceof UsageError && problem.test(error.message), text);
    assert.equal(readFileSync(paths.quotas, "utf8"), text);
  }
  assert.equal(told.length, 3, told.join("\n"));
  writeFileSync(paths.quotas, '{"runs": 128}');
  assert.equal(limits().openRuns, 128);
  assert.deepEqual(limits().evidence, usualQuotas.evidence);
});
