import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { LinkError, linkInside, readInside, writeInside } from "../../../../shared/machine/inside.ts";

const base = mkdtempSync(join(tmpdir(), "nexus-inside-"));
after(() => rmSync(base, { recursive: true }));
const root = join(base, "root");
const outside = join(base, "outside");
mkdirSync(join(root, "folder"), { recursive: true });
mkdirSync(outside);
writeFileSync(join(outside, "secret"), "not yours");
writeFileSync(join(root, "folder/file"), "yours", { mode: 0o700 });
symlinkSync(outside, join(root, "linkdir"));
symlinkSync("../outside", join(root, "folder/deep"));
symlinkSync(join(outside, "secret"), join(root, "link"));
symlinkSync(join(outside, "new"), join(root, "dangling"));
symlinkSync(root, join(base, "alias"));

const isLink = (error: unknown): boolean => error instanceof LinkError && error.code === "ELOOP";

describe("files below a folder", () => {
  test("files below a folder are read and written, also through a link to the folder itself", () => {
    for (const at of [root, join(base, "alias")]) {
      assert.deepEqual(readInside(at, "folder/file"), { bytes: Buffer.from("yours"), isExecutable: true });
      writeInside(at, "new/deeper/file", "text");
      assert.equal(readFileSync(join(root, "new/deeper/file"), "utf8"), "text");
      assert.equal(statSync(join(root, "new/deeper/file")).mode & 0o777, 0o600);
    }
    assert.throws(() => readInside(root, "folder/none"), { code: "ENOENT" });
    assert.throws(() => readInside(root, "folder"), /is not a file/);
    assert.throws(() => readInside(root, "../outside/secret"), RangeError);
    assert.throws(() => writeInside(root, "/etc/passwd", ""), RangeError);
  });

  test("files below a folder are not read through a link at any part of the path", () => {
    for (const path of ["link", "linkdir/secret", "folder/deep/secret", "linkdir"]) {
      assert.throws(() => readInside(root, path), isLink, path);
    }
    assert.equal(linkInside(root, "folder/deep/secret"), "folder/deep");
    assert.equal(linkInside(root, "linkdir/a/b"), "linkdir");
    assert.equal(linkInside(root, "folder/file"), undefined);
    assert.equal(linkInside(root, "none/at/all"), undefined);
  });

  test("files below a folder are not written through a link; one in the place of the file is replaced", () => {
    assert.throws(() => writeInside(root, "linkdir/new", "x"), isLink);
    assert.throws(() => writeInside(root, "folder/deep/a/b", "x"), isLink);
    for (const path of ["link", "dangling"]) {
      writeInside(root, path, "mine");
      assert.ok(!lstatSync(join(root, path)).isSymbolicLink());
    }
    assert.equal(readFileSync(join(outside, "secret"), "utf8"), "not yours");
    assert.ok(!existsSync(join(outside, "new")));
  });

  test("reading a file below a folder does not wait for a pipe that has no writer", () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    assert.throws(() => readInside(root, "pipe"), /is not a file/);
  });
});
