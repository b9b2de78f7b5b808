import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageChoice, rememberPackage } from "../../../../coordinator/endpoint/package-choice.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a start that hands out the package as remembered writes nothing, and needs no space on the disk", () => {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  const file = join(paths.dir, "package-port");
  rememberPackage(paths, "auto");
  assert.ok(!existsSync(file), "it is auto unless something else was typed");
  rememberPackage(paths, 8080);
  assert.equal(packageChoice(paths, undefined), 8080);
  const { ino } = statSync(file);
  rememberPackage(paths, 8080);
  assert.equal(statSync(file).ino, ino);
  rememberPackage(paths, "auto");
  assert.equal(packageChoice(paths, undefined), "auto");
});
