import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Node's own modules that take longest to load (2026-11-28, Node 24): HTTP 40 ms, TLS 17 ms. */
const expensive = [
  "NativeModule http",
  "NativeModule https",
  "NativeModule tls",
  "NativeModule internal/deps/undici/undici",
];

for (const program of ["coordinator/main", "coordinator/cli/main", "worker/main"]) {
  test(`${program} starts without HTTP and TLS`, () => {
    const url = new URL(`../../../${program}.js`, import.meta.url);
    const starts = `
      process.once("exit", () => console.error(JSON.stringify(process.moduleLoadList)));
      await import(${JSON.stringify(url.href)});`;
    const words = ["--input-type=module", "--eval", starts, fileURLToPath(url), "--help"];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.match(stdout, /^Usage: /);
    const loaded = new Set(JSON.parse(stderr) as string[]);
    assert.ok(loaded.has("NativeModule net"));
    assert.deepEqual(
      expensive.filter((each) => loaded.has(each)),
      [],
    );
  });
}
