import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../shared/components/component-defaults.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { quoted, Tmux } from "../support/terminal/tmux.ts";

/** A folder with the real build script and fake compilers; tsc waits until the test releases it. */
function builtFolder(): string {
  const folder = temporaryFolder();
  for (const file of ["build.mjs", "build-stamp.mjs"]) copyFileSync(join(packageRoot(), file), join(folder, file));
  writeFileSync(join(folder, "gather.mjs"), "export const gatherPrograms = async () => {};\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ bin: {} }));
  mkdirSync(join(folder, "bin"));
  const program = (name: string, text: string): void =>
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program("tsc", 'until [ -e go ]; do sleep 0.05; done; mkdir -p "$4"; echo compiled');
  program("asc", "true");
  return folder;
}

test("the first npx nexus, whose output npm hides, says what its build does and leaves nothing behind", async () => {
  const folder = builtFolder();
  const build = `${quoted(process.execPath)} build.mjs --if-changed > out.txt 2>&1; echo "exit=$?"`;
  const script = `cd ${quoted(folder)}; export PATH=${quoted(join(folder, "bin"))}:"$PATH"; ${build}; exec sleep 1000`;
  const pane = new Tmux().open([80, 10], script, { TERM: "xterm-256color" });
  await pane.shows(/^nexus: building, as at each first use: compiling \(1 of 3\)/m);
  writeFileSync(join(folder, "go"), "");
  const text = await pane.shows(/^exit=0$/m);
  assert.doesNotMatch(text, /building/);
  assert.ok(existsSync(join(folder, "dist", ".built")));
  assert.equal(readFileSync(join(folder, "out.txt"), "utf8"), "compiled\n", "a pipe gets no progress");
});
