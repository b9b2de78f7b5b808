import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";

const root = packageRoot();
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => posix.join("docs", name)),
];
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
