import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os, { homedir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cacheFolder, dropOldCode, isOnlyOurs, keepCode } from "../../../../shared/machine/kept-code.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const program = fileURLToPath(new URL("../../../../coordinator/cli/main.js", import.meta.url));
const canKeep = Number(process.versions.node.split(".")[0]) >= 22;

/** What `nexus --version` prints in an environment without the variables of the test runner. */
const version = (env: NodeJS.ProcessEnv): string =>
  execFileSync(process.execPath, [program, "--version"], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ...env },
  });

describe("the engine's code of our programs", () => {
  test("the engine's code is kept in a folder of the user's cache that nobody else can write", () => {
    const cache = temporaryFolder();
    const first = version({ XDG_CACHE_HOME: cache });
    const folder = join(cache, "nexus", "code");
    assert.equal(existsSync(folder), canKeep);
    if (canKeep) {
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.ok(readdirSync(folder, { recursive: true }).length > 1);
    }
    assert.equal(version({ XDG_CACHE_HOME: cache }), first);
  });

  test("programs do without the engine's code where nothing can be written", () => {
    const place = join(temporaryFolder(), "home");
    mkdirSync(place);
    assert.match(version({ HOME: "/dev/null" }), /^\d+\.\d+\.\d+/);
    assert.match(version({ HOME: place, XDG_CACHE_HOME: "relative" }), /^\d+\.\d+\.\d+/);
    assert.equal(existsSync(join(place, ".cache", "nexus")), canKeep);
  });

  test("programs do without the engine's code where a user id has neither a home nor a name", async (t) => {
    const homeless = t.mock.method(os, "homedir", () => {
      throw new Error("ENOENT: no such file or directory, uv_os_homedir");
    });
    syncBuiltinESMExports();
    const { HOME, XDG_CACHE_HOME, ...others } = process.env;
    const before = process.env;
    process.env = others;
    try {
      assert.throws(() => cacheFolder({}), /uv_os_homedir/);
      keepCode();
      await dropOldCode({}, Date.now());
    } finally {
      process.env = before;
      homeless.mock.restore();
      syncBuiltinESMExports();
    }
  });

  test("the engine's code is not read from a folder that others can write, or have put there", () => {
    const [cache, theirs] = [temporaryFolder(), temporaryFolder()];
    const folder = join(cache, "nexus", "code");
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o770);
    assert.match(version({ XDG_CACHE_HOME: cache }), /^\d+\.\d+\.\d+/);
    assert.deepEqual(readdirSync(folder), []);
    rmdirSync(folder);
    symlinkSync(theirs, folder);
    assert.match(version({ XDG_CACHE_HOME: cache }), /^\d+\.\d+\.\d+/);
    assert.deepEqual(readdirSync(theirs), []);
  });

  test("the engine's code goes when unused for a month or too large, and only if the folder is ours", async () => {
    const cache = temporaryFolder();
    const folder = join(cache, "nexus", "code", "v24-x64");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const now = 1e12;
    const day = 86_400_000;
    const add = (name: string, bytes: number, daysAgo: number): void => {
      writeFileSync(join(folder, name), "");
      truncateSync(join(folder, name), bytes);
      utimesSync(join(folder, name), (now - daysAgo * day) / 1000, (now - daysAgo * day) / 1000 - 1e6);
    };
    for (const [name, bytes, daysAgo] of [
      ["new", 60e6, 0],
      ["week", 40e6, 7],
      ["fortnight", 40e6, 14],
      ["old", 1000, 31],
    ] as const)
      add(name, bytes, daysAgo);
    await dropOldCode({ XDG_CACHE_HOME: cache }, now);
    assert.deepEqual(readdirSync(folder).sort(), ["new", "week"]);
    await dropOldCode({ XDG_CACHE_HOME: join(cache, "gone") }, now);
    chmodSync(join(cache, "nexus", "code"), 0o777);
    await dropOldCode({ XDG_CACHE_HOME: cache }, now + 365 * day);
    assert.deepEqual(readdirSync(folder).sort(), ["new", "week"]);
  });

  test("the engine's code is not read from a folder in whose place others could put another", () => {
    const cache = temporaryFolder();
    const env = { XDG_CACHE_HOME: cache };
    const folder = join(cache, "nexus", "code");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const isOurs = (): boolean => isOnlyOurs(folder, env);
    assert.ok(isOurs());
    // Whoever may write above it can rename it: `nexus`, made by another in a cache that many share, or that cache itself.
    chmodSync(join(cache, "nexus"), 0o777);
    assert.ok(!isOurs());
    chmodSync(join(cache, "nexus"), 0o700);
    chmodSync(cache, 0o777);
    assert.ok(!isOurs());
    chmodSync(cache, 0o1777);
    assert.ok(isOurs(), "as /tmp is: others can only add");
  });

  const notRoot = process.geteuid?.() === 0 ? false : "only root may give a folder away";
  test("the engine's code is not read from a folder that is somebody else's", { skip: notRoot }, () => {
    const cache = temporaryFolder();
    const env = { XDG_CACHE_HOME: cache };
    const folder = join(cache, "nexus", "code");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const isOurs = (): boolean => isOnlyOurs(folder, env);
    assert.ok(isOurs());
    chownSync(join(cache, "nexus"), 12345, 12345);
    assert.ok(!isOurs());
    chownSync(join(cache, "nexus"), 0, 0);
    chownSync(cache, 12345, 12345);
    assert.ok(!isOurs());
  });

  test("the user's cache is where the system's rules say", () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "/var/cache/me", HOME: "/home/me" }), "/var/cache/me/nexus");
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "here", HOME: "/home/me" }), "/home/me/.cache/nexus");
    assert.equal(cacheFolder({}), join(homedir(), ".cache", "nexus"));
  });
});
