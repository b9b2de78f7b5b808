import assert from "node:assert/strict";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

test("a build is needed again once a source is another, and not because of what no build reads", async () => {
  const url = pathToFileURL(join(packageRoot(), "build-stamp.mjs")).href;
  const { stampOf } = (await import(url)) as { readonly stampOf: (root: string) => string };
  const root = temporaryFolder();
  const file = join(root, "worker", "node", "node.ts");
  mkdirSync(join(root, "worker", "node"), { recursive: true });
  writeFileSync(file, "1");
  writeFileSync(join(root, "package.json"), "{}");
  const stamps = new Set<string>();
  const changed = (what: string): void => {
    const stamp = stampOf(root);
    assert.ok(!stamps.has(stamp), what);
    assert.equal(stampOf(root), stamp);
    stamps.add(stamp);
  };
  changed("a first look");
  writeFileSync(file, "12");
  changed("another size");
  utimesSync(file, 1, 1);
  changed("another time");
  writeFileSync(join(root, "worker", "more.ts"), "");
  changed("one more");
  rmSync(join(root, "worker", "more.ts"));
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  changed("another package.json");
  const before = stampOf(root);
  writeFileSync(join(root, "README.md"), "text");
  mkdirSync(join(root, "dist"));
  writeFileSync(join(root, "dist", "a.ts"), "");
  assert.equal(stampOf(root), before);
});
