import { closeSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { takeLock } from "../../../shared/machine/lock-file.ts";

/**
 * One of several processes that take the same lock repeatedly: `lock-contender.js <lock> <times>`. The holder checks
 * that it is alone, then leaves the lock as a dead owner would. Ends with code 1 if it was not alone.
 */
const [path = "", times = ""] = process.argv.slice(2);
const inside = `${path}.inside`;
for (let left = Number(times); left > 0; ) {
  const attempt = takeLock(path, `contender ${process.pid}`);
  if (!attempt.ok) continue;
  left--;
  closeSync(openSync(inside, "wx"));
  // 2 ms: long enough for another process to act on what it read before.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  rmSync(inside);
  const { owner } = attempt.lock;
  const dead = `${path}.${process.pid}.dead`;
  writeFileSync(dead, JSON.stringify({ ...owner, identity: { ...owner.identity, boot: "an earlier boot" } }));
  renameSync(dead, path);
}
