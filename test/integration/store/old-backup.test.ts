import assert from "node:assert/strict";
import { before, test } from "node:test";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { exitCode } from "../../../shared/errors.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { oldForms, oldJson, told } from "../../support/stories/old-forms.ts";

/**
 * An earlier version's backup is restored into an empty folder. There is no coordinator: each command starts a broker.
 */
const folder = temporaryFolder();
const expected = oldJson<{
  readonly told: unknown;
  readonly restored: Readonly<Record<string, unknown>>;
  readonly verified: unknown;
  readonly runs: unknown;
}>("expected.json");

const said = async (...words: readonly string[]): Promise<Record<string, unknown>[]> => {
  const { code, stdout, stderr } = await nexus(words, folder);
  assert.equal(code, exitCode.done, `${stdout}${stderr}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

before(async () => {
  const [restored] = await said("restore", `${oldForms}/ws1.nexus`, "--json");
  const { file: _1, seconds: _2, searches, ...rest } = restored ?? {};
  assert.deepEqual(rest, expected.restored);
  assert.deepEqual(searches, [], "none of its jobs has a program that chooses");
});

test("a backup of an earlier version restores its jobs, runs and workers", async () => {
  const link = await linkWorkspace(workspacePaths("ws1", { XDG_DATA_HOME: `${folder}/data` }), "viewer");
  try {
    assert.deepEqual(told(await readJournal(link.bus)), expected.told);
  } finally {
    await link.close();
  }
});

test("the runs of a restored backup of an earlier version are listed as before", async () => {
  const columns = "job,run,status,iters,hpmax,a,b";
  assert.deepEqual(await said("list", "runs", "--all", "--json", "--columns", columns), expected.runs);
});

test("every promise of a search holds for a restored backup of an earlier version", async () => {
  assert.deepEqual(await said("verify", "--json"), expected.verified);
});
