import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openFolders } from "../../../../worker/processes/remove-folder.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a folder whose rights were taken away below is deleted, by a worker that is not root too", () => {
  const base = temporaryFolder();
  // Root may look into any folder, so it gives up its rights first.
  chmodSync(base, 0o777);
  const module = fileURLToPath(new URL("../../../../worker/processes/remove-folder.js", import.meta.url));
  const script = `const { removeFolder } = await import(process.argv[1]);
    const { chmodSync, mkdirSync, writeFileSync } = await import("node:fs");
    if (process.getuid() === 0) process.setuid(65534);
    const run = process.argv[2];
    mkdirSync(run + "/closed/deep", { recursive: true });
    mkdirSync(run + "/fixed");
    for (const name of ["closed/deep/big", "fixed/big"]) writeFileSync(run + "/" + name, "x");
    chmodSync(run + "/closed/deep", 0);
    chmodSync(run + "/closed", 0);
    chmodSync(run + "/fixed", 0o500);
    removeFolder(run);
    removeFolder(run);`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script, module, join(base, "run")]);
  assert.equal(existsSync(join(base, "run")), false);
});

test("opening folders changes no file, and nothing that a link in them names", () => {
  const [base, elsewhere] = [temporaryFolder(), temporaryFolder()];
  mkdirSync(join(base, "closed"), { mode: 0 });
  mkdirSync(join(elsewhere, "theirs"), { mode: 0o500 });
  writeFileSync(join(base, "file"), "x", { mode: 0o400 });
  symlinkSync(join(elsewhere, "theirs"), join(base, "link"));
  openFolders(base);
  openFolders(join(base, "link"));
  const modes = [join(base, "closed"), join(base, "file"), join(elsewhere, "theirs")].map(
    (each) => lstatSync(each).mode,
  );
  assert.deepEqual(
    modes.map((mode) => mode & 0o777),
    [0o700, 0o400, 0o500],
  );
});
