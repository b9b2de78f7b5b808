import assert from "node:assert/strict";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unpackState } from "../../../../worker/node/incoming-state.ts";
import { OpenFiles } from "../../../../worker/node/open-files.ts";
import { filesToSave } from "../../../../worker/runner/run-folder.ts";
import { decodeRun, encodeRun, encodeRunBefore, type SavedRun } from "../../../../worker/runner/run-state.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const run: SavedRun = {
  stage: 2,
  iters: 10,
  hours: 0.5,
  summary: { value: 1, count: 2 },
  metrics: { "s1-rew": Number.NaN, "s1-loss": 1e9, "s2-x": 70_000 },
  state: new Uint8Array(70_000).fill(3),
};

const cut = async function* (bytes: Uint8Array, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield Buffer.from(bytes.subarray(at, at + length));
};

async function all(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const part of parts) found.push(Buffer.from(part));
  return Buffer.concat(found);
}

function folders(): { directory: string; stateDirectory: string; other: string } {
  const root = temporaryFolder();
  const [directory, stateDirectory] = [join(root, "runs"), join(root, "states")];
  for (const folder of [directory, stateDirectory]) mkdirSync(folder);
  return { directory, stateDirectory, other: join(root, "other") };
}

describe("a state with large files", () => {
  for (const length of [1, 7, 1000, 1e6])
    test(`a state with large files comes back as it was, in pieces of ${length} bytes, and reads like any other`, async () => {
      const { directory, stateDirectory, other } = folders();
      mkdirSync(join(directory, "deep"));
      // One-byte pieces take long, so there are fewer bytes.
      const large = Buffer.alloc(length === 1 ? 3_000 : 100_000, "weights");
      const saved = length === 1 ? { ...run, state: run.state.subarray(0, 3_000) } : run;
      writeFileSync(join(directory, "deep", "large.bin"), large);
      writeFileSync(join(stateDirectory, "empty"), "");
      const files = [
        { isOwn: true, path: "deep/large.bin", size: large.length },
        { isOwn: false, path: "empty", size: 0 },
      ];
      const tail = OpenFiles.open({ directory, stateDirectory }, files);
      const small = { note: Uint8Array.of(1, 2) };
      const before = encodeRunBefore(saved, small, files.length);
      const whole = Buffer.concat([before, await all(tail.read(4096))]);
      assert.equal(whole.length, before.length + tail.size);
      tail.close();
      const read = decodeRun(whole);
      assert.deepEqual(Object.keys(read.files), ["note", "deep/large.bin", "empty"], "earlier versions read it");
      const head = decodeRun(await unpackState(cut(whole, length), other));
      assert.deepEqual({ ...head.run, state: new Uint8Array(head.run.state) }, saved);
      assert.deepEqual(head.files, {});
      assert.deepEqual(readFileSync(join(other, "deep/large.bin")), large);
      assert.deepEqual([...readFileSync(join(other, "note"))], [1, 2]);
      assert.equal(readFileSync(join(other, "empty")).length, 0);
    });

  test("a state that is cut off, goes on, climbs or is none is refused", async () => {
    const { other } = folders();
    const whole = encodeRun(run, { a: new Uint8Array(100) });
    const refused = (bytes: Uint8Array, why: RegExp): Promise<void> =>
      assert.rejects(unpackState(cut(bytes, 1000), other), why);
    await refused(whole.subarray(0, -1), /ends before its time/);
    await refused(Buffer.concat([whole, Buffer.of(0)]), /goes on behind its files/);
    await refused(encodeRun(run, { "../x": new Uint8Array(1) }), /path is not allowed/);
    await refused(Buffer.from("nothing"), /has no mapping/);
    await refused(Buffer.of(0x81, 0xa1, 0x61, 0xc1), /holds what no state holds/);
    const deep = Buffer.concat([Buffer.of(0x81, 0xa1, 0x61), Buffer.alloc(10, 0x91), Buffer.of(1)]);
    await refused(deep, /within/);
  });
});

describe("files that are held open", () => {
  const size = 3000;
  const one = (path: string) => [{ isOwn: true, path, size }];

  test("files held open are read as they were, though they are replaced, deleted or renamed", async () => {
    const { directory, stateDirectory } = folders();
    const at = (name: string): string => join(directory, name);
    for (const name of ["replaced", "deleted", "temporary"]) writeFileSync(at(name), Buffer.alloc(size, name));
    const names = ["replaced", "deleted", "temporary"];
    const open = OpenFiles.open(
      { directory, stateDirectory },
      names.flatMap((path) => one(path)),
    );
    writeFileSync(at("new"), "new");
    renameSync(at("new"), at("replaced"));
    rmSync(at("deleted"));
    writeFileSync(at("temporary"), Buffer.alloc(size, "more"), { flag: "a" });
    renameSync(at("temporary"), at("final"));
    const bytes = (await all(open.read(1000))).toString();
    for (const name of names) assert.ok(bytes.includes(Buffer.alloc(size, name).toString()), name);
    open.close();
  });

  test("files held open and written to in place are found out, with what to do", async () => {
    const { directory, stateDirectory } = folders();
    const path = join(directory, "model.bin");
    writeFileSync(path, Buffer.alloc(size));
    utimesSync(path, 1, 1);
    const open = OpenFiles.open({ directory, stateDirectory }, one("model.bin"));
    writeFileSync(path, Buffer.alloc(size, 1), { flag: "r+" });
    await assert.rejects(all(open.read(1000)), /"model.bin" changed while it was read: .*then rename it/);
    open.close();
    const again = OpenFiles.open({ directory, stateDirectory }, one("model.bin"));
    writeFileSync(path, "");
    await assert.rejects(all(again.read(1000)), /ends after 0 of 3000 bytes/);
    again.close();
  });

  test("links, and files of another size than was said, are not held open", () => {
    const { directory, stateDirectory, other } = folders();
    writeFileSync(other, Buffer.alloc(size));
    symlinkSync(other, join(directory, "link"));
    assert.throws(() => OpenFiles.open({ directory, stateDirectory }, one("link")), /links are not followed/);
    writeFileSync(join(directory, "short"), "short");
    assert.throws(() => OpenFiles.open({ directory, stateDirectory }, one("short")), /had 3000 bytes and has 5/);
    assert.throws(() => OpenFiles.open({ directory, stateDirectory }, one("gone")), /ENOENT/);
  });

  test("files too large for one message are saved apart, and a link is named, not followed", () => {
    const { directory, stateDirectory, other } = folders();
    writeFileSync(other, Buffer.alloc(20e6));
    linkSync(other, join(directory, "a"));
    linkSync(other, join(stateDirectory, "b"));
    writeFileSync(join(directory, "note"), "small");
    symlinkSync(other, join(directory, "link"));
    const { small, large, leftOut } = filesToSave(directory, stateDirectory);
    assert.deepEqual(Object.keys(small), ["note"]);
    assert.deepEqual(
      large.map(({ isOwn, path, size: bytes }) => [isOwn, path, bytes]),
      [
        [true, "a", 20e6],
        [false, "b", 20e6],
      ],
    );
    assert.deepEqual(leftOut, ["link (not a file)"]);
  });
});
