import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const built = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

test("a program whose help nobody reads to its end has not failed", async () => {
  for (const path of ["coordinator/cli/main.js", "coordinator/main.js", "worker/main.js"]) {
    const child = spawn(process.execPath, [built(path), "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = await once(child, "close");
    assert.deepEqual([code, said], [0, ""], path);
  }
});
