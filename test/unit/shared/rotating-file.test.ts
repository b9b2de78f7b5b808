import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileLog } from "../../../shared/log.ts";
import { RotatingFile } from "../../../shared/rotating-file.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

test("a log file never grows beyond its limit, and three older files are kept", () => {
  const folder = temporaryFolder();
  const path = join(folder, "logs", "coordinator.log");
  const log = fileLog(path, "test", { mostBytes: 2000 });
  for (let i = 0; i < 500; i += 1) log.warn({ i }, "a line about junk");
  const names = readdirSync(join(folder, "logs")).sort();
  assert.deepEqual(names, ["coordinator.log", "coordinator.log.1", "coordinator.log.2", "coordinator.log.3"]);
  for (const name of names) {
    assert.ok(statSync(join(folder, "logs", name)).size <= 2000);
    assert.equal(statSync(join(folder, "logs", name)).mode & 0o077, 0);
  }
  const numbers = names
    .reverse()
    .flatMap((name) =>
      readFileSync(join(folder, "logs", name), "utf8")
        .trim()
        .split("\n"),
    )
    .map((line) => (JSON.parse(line) as { i: number }).i);
  assert.equal(numbers.at(-1), 499);
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => 500 - numbers.length + i),
  );
});

test("a log file that another process has moved is not moved again, and an older one is continued", () => {
  const path = join(temporaryFolder(), "worker.log");
  writeFileSync(path, "before\n");
  const one = new RotatingFile(path, { mostBytes: 20 });
  one.write("one\n");
  assert.equal(readFileSync(path, "utf8"), "before\none\n");
  renameSync(path, `${path}.1`);
  writeFileSync(path, "other\n");
  one.write("a longer line\n");
  assert.equal(readFileSync(path, "utf8"), "other\na longer line\n");
  assert.equal(existsSync(`${path}.2`), false);
});
