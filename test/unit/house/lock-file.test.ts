import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
}

test("every package of the lock file has a checksum, and comes from nowhere but npm's registry", () => {
  const text = readFileSync(join(packageRoot(), "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
  const locked = Object.entries(packages).filter(([path]) => path !== "");
  assert.ok(locked.length > 100);
  for (const [path, { integrity, resolved }] of locked) {
    assert.match(integrity ?? "", /^sha512-[A-Za-z0-9+/]{86}==$/, path);
    // Without this field npm asks the registry that it is set to, and compares the checksum.
    assert.ok(resolved === undefined || resolved.startsWith("https://registry.npmjs.org/"), path);
  }
});
