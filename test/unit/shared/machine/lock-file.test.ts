import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { explainLock, isLockSilent, type LockOwner, takeLock } from "../../../../shared/machine/lock-file.ts";
import { ownIdentity } from "../../../../shared/machine/process-identity.ts";
import { mustEnd, temporaryFolder } from "../../../support/cleanup.ts";

const lockPath = (): string => join(temporaryFolder(), "x.lock");

/** An owner that held the lock before the machine was restarted. */
const deadOwner = (): LockOwner => ({
  identity: { ...ownIdentity(), boot: "an earlier boot" },
  purpose: "a test",
  host: "lab3",
  since: "2026-11-23T10:11:12.000Z",
  nonce: "0123456789abcdef",
});
const elsewhereOwner = (): LockOwner => ({ ...deadOwner(), identity: { ...ownIdentity(), scope: "lab3" } });

function take(path: string): Extract<ReturnType<typeof takeLock>, { ok: true }>["lock"] {
  const attempt = takeLock(path, "a test");
  assert.ok(attempt.ok);
  return attempt.lock;
}

describe("a lock file", () => {
  it("a lock file has one owner, names it, and is free after its release", () => {
    const path = lockPath();
    const lock = take(path);
    assert.ok(lock.isMine());
    const second = takeLock(path, "another");
    assert.ok(!second.ok);
    assert.equal(second.owner.identity.pid, process.pid);
    assert.equal(second.owner.purpose, "a test");
    assert.equal(second.liveness, "alive");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    lock.release();
    assert.ok(!existsSync(path));
    take(path).release();
  });

  it("a lock file leaves no other file behind", () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify(deadOwner()));
    const lock = take(path);
    takeLock(path, "another");
    assert.deepEqual(readdirSync(join(path, "..")), ["x.lock"]);
    lock.release();
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });

  it("a lock file passes from a dead owner, and from an unreadable file", () => {
    for (const content of [JSON.stringify(deadOwner()), "", "{", '{"pid":1}', "null"]) {
      const path = lockPath();
      writeFileSync(path, content);
      const lock = take(path);
      assert.ok(lock.isMine());
      lock.release();
    }
  });

  it("a lock file passes even if a process died while taking it over", () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify(deadOwner()));
    writeFileSync(`${path}.break`, JSON.stringify(deadOwner()));
    take(path).release();
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });

  it("a lock file passes from an owner on another machine only if that owner was found silent", () => {
    const path = lockPath();
    const owner = elsewhereOwner();
    writeFileSync(path, JSON.stringify(owner));
    const attempt = takeLock(path, "a test");
    assert.ok(!attempt.ok);
    assert.equal(attempt.liveness, "elsewhere");
    assert.ok(!takeLock(path, "a test", "some other nonce").ok);
    const granted = takeLock(path, "a test", owner.nonce);
    assert.ok(granted.ok);
    granted.lock.release();
  });

  it("a lock file is not removed by an owner from whom it was taken", () => {
    const path = lockPath();
    const lock = take(path);
    writeFileSync(path, JSON.stringify(elsewhereOwner()));
    assert.ok(!lock.isMine());
    lock.release();
    assert.ok(existsSync(path));
  });

  it("a lock file is silent only while nobody touches it", async () => {
    const path = lockPath();
    const lock = take(path);
    utimesSync(path, new Date(0), new Date(0));
    const touched = isLockSilent(path, 2000, 5);
    lock.touch();
    assert.equal(await touched, false);
    assert.equal(await isLockSilent(path, 40, 5), true);
    const removed = isLockSilent(path, 2000, 5);
    lock.release();
    assert.equal(await removed, false);
  });

  it("a lock file is explained: who has it, since when, where, and what to type", () => {
    const text = explainLock("/w/broker.lock", deadOwner(), "alive");
    for (const part of [
      "a test",
      String(process.pid),
      "lab3",
      "2026-11-23T10:11:12",
      "/w/broker.lock",
      `kill ${process.pid}`,
    ]) {
      assert.ok(text.includes(part), `${part} in: ${text}`);
    }
    assert.match(explainLock("/w/broker.lock", elsewhereOwner(), "elsewhere"), /on that machine.*rm \/w\/broker\.lock/);
    assert.match(
      explainLock("/my lab/broker.lock", elsewhereOwner(), "elsewhere"),
      /type: rm '\/my lab\/broker\.lock'$/,
    );
  });

  it("a lock file has one owner at a time when several processes take it over from dead ones", async () => {
    const program = fileURLToPath(new URL("../../../support/processes/lock-contender.js", import.meta.url));
    const path = lockPath();
    const contenders = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [program, path, "80"], { stdio: ["ignore", "ignore", "inherit"] }),
    );
    for (const { pid } of contenders) mustEnd(pid);
    const ends = (await Promise.all(contenders.map((contender) => once(contender, "exit")))) as [number | null][];
    assert.deepEqual(
      ends.map(([code]) => code),
      [0, 0, 0],
    );
  });
});
