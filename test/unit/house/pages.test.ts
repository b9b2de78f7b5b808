import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";

const root = packageRoot();
const under = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => posix.join(folder, name));
const pages = [...readdirSync(root), ...under("docs"), ...under("test/fixtures")].filter((name) =>
  name.endsWith(".md"),
);
const linesOf = (page: string): string[] => readFileSync(join(root, page), "utf8").trimEnd().split("\n");
/** Files that a page tells people to write. */
const toBeWritten = /\/(My_Proc|mine\.ts$)/;

test("every file of ours that a page names by its path is there", () => {
  const named = pages.flatMap((page) =>
    [
      ...readFileSync(join(root, page), "utf8").matchAll(
        /`((?:coordinator|shared|specs|test|worker)\/[\w./-]+\.\w+)`/g,
      ),
    ].map(([, path = ""]) => ({ page, path })),
  );
  assert.ok(named.length > 30, `${named.length} paths found`);
  assert.deepEqual(
    named.filter(({ path }) => !toBeWritten.test(path) && !existsSync(join(root, path))),
    [],
  );
});

test("README and ARCHITECTURE have less than 200 lines", () => {
  for (const page of ["README.md", "ARCHITECTURE.md"]) {
    const lines = linesOf(page).length;
    assert.ok(lines < 200, `${page}: ${lines} lines`);
  }
});

test("no line of ARCHITECTURE has more than 120 columns", () => {
  assert.deepEqual(
    linesOf("ARCHITECTURE.md").filter((line) => line.length > 120),
    [],
  );
});
