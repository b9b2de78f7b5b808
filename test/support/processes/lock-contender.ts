import { closeSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { takeLock } from "../../../shared/machine/lock-file.ts";

/**
 * One of several processes that want the same lock, over and over: `lock-contender.js <lock> <times>`. Whoever has it
 * makes sure to be alone, and then leaves the lock as a dead owner would. Ends with code 1 when it was not alone.
 */
const [path = "", times = ""] = process.argv.slice(2);
const inside = `${path}.inside`;
for (let left = Number(times); left > 0; ) {
  const attempt = takeLock(path, `contender ${process.pid}`);
  if (!attempt.ok) continue;
  left--;
  closeSync(openSync(inside, "wx"));
  // Long enough for another to act on what it read before.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  rmSync(inside);
  const { owner } = attempt.lock;
  const dead = `${path}.${process.pid}.dead`;
  writeFileSync(dead, JSON.stringify({ ...owner, identity: { ...owner.identity, boot: "an earlier boot" } }));
  renameSync(dead, path);
}
