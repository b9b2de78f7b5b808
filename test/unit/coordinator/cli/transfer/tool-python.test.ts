import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { codeWords, pythonWith } from "../../../../../coordinator/cli/transfer/tool-python.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

test("Python that nexus export starts imports nothing of the current folder, in versions before 3.11 too", () => {
  const folder = temporaryFolder();
  for (const name of ["json.py", "contextlib.py"]) writeFileSync(join(folder, name), 'open("executed", "w")\n');
  const { PYTHONSAFEPATH: _, ...env } = process.env;
  const { status } = spawnSync("python3", [...codeWords("import json, contextlib, importlib.util")], {
    ...{ cwd: folder, env },
  });
  assert.deepEqual([status, existsSync(join(folder, "executed"))], [0, false]);
  assert.match(pythonWith("json", env), /^python/);
});
