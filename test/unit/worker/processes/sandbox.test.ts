import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Sandbox } from "../../../../worker/processes/sandbox.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a job whose Python lies above the keys reads that Python and its own files, and no key", () => {
  const home = temporaryFolder();
  const [keys, job, python] = [join(home, "state"), join(home, "state/job"), join(home, "lib")] as const;
  for (const folder of [keys, job, python]) mkdirSync(folder, { recursive: true });
  for (const folder of [keys, job, python]) writeFileSync(join(folder, "file"), folder);
  const sandbox = Sandbox.open({ readable: [], hidden: [keys] });
  const room = { writable: [], readable: [home, job], network: false, gpus: false };
  const read = (folder: string): string => {
    const [command = "", ...words] = sandbox.around(["cat", join(folder, "file")], room);
    return spawnSync(command, words, { encoding: "utf8" }).stdout;
  };
  assert.deepEqual([read(python), read(job), read(keys)], [python, job, ""]);
});

test("keys stay hidden in a folder that is reached by a link, under the name that it was given", () => {
  const root = temporaryFolder();
  const [real, linked] = [join(root, "export"), join(root, "home")] as const;
  mkdirSync(join(real, "state"), { recursive: true });
  for (const file of ["own", "state/key", "creds"]) writeFileSync(join(real, file), file);
  symlinkSync(real, linked);
  const hidden = ["state", "creds", "not/there/yet"].map((each) => join(linked, each));
  const sandbox = Sandbox.open({ readable: [linked], hidden });
  const read = (file: string): string => {
    const room = { writable: [], readable: [], network: false, gpus: false };
    const [command = "", ...words] = sandbox.around(["cat", join(linked, file)], room);
    return spawnSync(command, words, { encoding: "utf8" }).stdout;
  };
  assert.deepEqual([read("own"), read("state/key"), read("creds")], ["own", "", ""]);
  mkdirSync(join(real, "not/there/yet"), { recursive: true });
  writeFileSync(join(real, "not/there/yet/key"), "key");
  assert.equal(read("not/there/yet/key"), "", "a folder that came later");
});
