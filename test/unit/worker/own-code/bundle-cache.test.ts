import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { FoundFiles } from "../../../../coordinator/cli/submit/found-files.ts";
import { secretFor, sendBundle, storedPieces } from "../../../../coordinator/cli/submit/send-bundle.ts";
import type { PiecedBundle } from "../../../../shared/domain/code-bundle.ts";
import { emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import { UnreachableError, UsageError } from "../../../../shared/errors.ts";
import { BusError } from "../../../../shared/ports.ts";
import { Ending } from "../../../../shared/time/ending.ts";
import {
  type BundleFile,
  decodeList,
  encodeList,
  piecedBundle,
  pieceName,
  pieceNames,
  sealBundlePiece,
} from "../../../../shared/wire/bundles/pieced-bundle.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { newKey, sha256Of } from "../../../../shared/wire/sealed-chunks.ts";
import { bundlePiece } from "../../../../shared/wire/subjects.ts";
import { BundleCache } from "../../../../worker/own-code/bundle-cache.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { eventually } from "../../../support/patience.ts";
import { PieceStore } from "../../../support/piece-store.ts";

const unending = new Ending();
const log = { info: () => undefined, warn: () => undefined };

function folderWith(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function foundIn(folder: string): FoundFiles {
  const found = new FoundFiles(folder, { ignore: [], obeysGit: false });
  found.add(folder);
  return found;
}

const secret = newKey();

async function sent(store: PieceStore, folder: string): Promise<PiecedBundle> {
  const { bundle } = await sendBundle(store, foundIn(folder), secret, await storedPieces(store.bus));
  return bundle;
}

const cacheOf = (store: PieceStore, folder = temporaryFolder(), mostBytes = 1e9): BundleCache =>
  new BundleCache({ bus: store.bus, clock: store.clock, log }, folder, mostBytes);

/** Acts as a user other than root, to whom the folder then belongs: root could read everything. */
async function asOther(folder: string, act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return act();
  chownSync(folder, nobody, nobody);
  process.seteuid?.(nobody);
  try {
    await act();
  } finally {
    process.seteuid?.(0);
  }
}

const nobody = 65_534;

const contents = (folder: string, paths: readonly string[]): string[] =>
  paths.map((path) => sha256Of(readFileSync(join(folder, path))));

describe("a bundle", () => {
  const files = {
    "a.py": "a",
    "deep/er/large.bin": randomBytes(700_000),
    "empty.txt": "",
    "edge.bin": randomBytes(262_116),
    "lib.js": "export default 1",
  };

  test("a bundle arrives as it was, and a second one brings only what is new in it", async () => {
    const store = new PieceStore();
    const folder = folderWith(files);
    const first = await sent(store, folder);
    assert.deepEqual([first.files, first.bytes], [5, 700_000 + 262_116 + 1 + 16]);
    // A list, the small files, one full piece, and three of the large one.
    assert.deepEqual([store.stores, pieceNames(first).length], [6, 6]);
    const cache = cacheOf(store);
    const held = await cache.hold(first, false, unending);
    assert.deepEqual(contents(held.folder, Object.keys(files)), contents(folder, Object.keys(files)));
    assert.equal(readFileSync(join(held.folder, "package.json"), "utf8"), '{"type":"module"}\n', "as with small code");
    assert.equal(store.asked.length, 6);

    // Nothing is sent or asked for twice.
    assert.equal((await sent(store, folder)).sha256, first.sha256);
    await cache.hold(first, false, unending);
    assert.deepEqual([store.stores, store.asked.length], [6, 6]);

    writeFileSync(join(folder, "a.py"), "changed");
    const second = await sent(store, folder);
    assert.notEqual(second.sha256, first.sha256);
    assert.equal(store.stores, 8, "the list and the small files");
    const again = await cache.hold(second, true, unending);
    assert.equal(store.asked.length, 8);
    assert.equal(readFileSync(join(again.folder, "a.py"), "utf8"), "changed");
    assert.equal(statSync(join(again.folder, "a.py")).mode & 0o222, 0, "it is to be read only");
  });

  test("the names of a bundle's pieces depend on its secret, and a workspace without one makes a secret", () => {
    const sum = Buffer.alloc(32, 1);
    assert.notEqual(pieceName(secret, sum), pieceName(newKey(), sum));
    assert.equal(secretFor(emptyWorkspace()).length, 32);
  });

  test("a bundle whose transfer broke off goes on where it was, on either side", async () => {
    const store = new PieceStore();
    const folder = folderWith({ "large.bin": randomBytes(10_000_000) });
    // The broker is away after five pieces.
    store.trouble = () => (store.stores >= 5 ? new BusError("closed", "gone") : undefined);
    await assert.rejects(sent(store, folder), (error: Error) => {
      assert.ok(error instanceof UnreachableError);
      assert.match(
        error.message,
        /stopped answering after .*\n {2}type the same again: what arrived so far is not sent again/,
      );
      return true;
    });
    store.trouble = () => undefined;
    const bundle = await sent(store, folder);
    assert.equal(store.stores, pieceNames(bundle).length, "each once");

    const place = temporaryFolder();
    const killed = new Ending();
    store.trouble = () => {
      if (store.asked.length > 20) killed.abort();
      return store.asked.length > 20 ? new BusError("not connected", "killed") : undefined;
    };
    await assert.rejects(cacheOf(store, place).hold(bundle, false, killed), BusError);
    store.trouble = () => undefined;
    store.asked.length = 0;
    const held = await cacheOf(store, place).hold(bundle, false, unending);
    assert.deepEqual(contents(held.folder, ["large.bin"]), contents(folder, ["large.bin"]));
    assert.ok(store.asked.length <= pieceNames(bundle).length - 12, `${store.asked.length} were asked for again`);
    assert.deepEqual(readdirSync(place), [bundle.sha256], "nothing is left of the first try");
  });

  test("a bundle waits for a broker that is starting again", async () => {
    const store = new PieceStore();
    const folder = folderWith(files);
    let left = 2;
    store.trouble = () => (left-- > 0 ? new BusError("no answer in time", "starting") : undefined);
    const bundle = await sent(store, folder);
    left = 3;
    const held = await cacheOf(store).hold(bundle, false, unending);
    assert.deepEqual(contents(held.folder, ["edge.bin"]), contents(folder, ["edge.bin"]));
  });

  test("a bundle that the broker has no room for, or no right to, is explained", async () => {
    const store = new PieceStore();
    const folder = folderWith(files);
    store.trouble = () => new BusError("full", "no room");
    await assert.rejects(
      sent(store, folder),
      /store has no room for what the job brings along \(no room\); nothing was submitted\n {2}bring less/,
    );
    store.trouble = () => new BusError("refused", "no right");
    await assert.rejects(sent(store, folder), /lets this user store no code or data .*\n.*publish blob\.code\.\*/);
  });

  test("a broker without room is what is told, even if a file has changed; nothing stays under way", async () => {
    const store = new PieceStore();
    const folder = folderWith({ "a.bin": randomBytes(600_000) });
    const found = foundIn(folder);
    let stores = 0;
    store.trouble = () => {
      stores += 1;
      // The first piece is the list of files; no file is open yet.
      if (stores > 1) appendFileSync(join(folder, "a.bin"), "more");
      return new BusError("full", "no room");
    };
    const stored = new Set<string>();
    await assert.rejects(sendBundle(store, found, secret, stored), /store has no room for what the job brings along/);
    assert.ok(stores > 1, "a file was open");
    assert.equal(stored.size, 0);
  });

  test("a bundle one of whose files changes while it is read is not sent", async () => {
    const store = new PieceStore();
    const folder = folderWith({ "a.bin": randomBytes(600_000) });
    const found = foundIn(folder);
    store.trouble = (subject) => {
      if (subject !== "") appendFileSync(join(folder, "a.bin"), "more");
      return undefined;
    };
    await assert.rejects(sendBundle(store, found, secret, new Set()), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^a\.bin in .* changed while it was read; nothing was submitted\n/);
      return true;
    });
    rmSync(join(folder, "a.bin"));
    await assert.rejects(sendBundle(new PieceStore(), found, secret, new Set()), /a\.bin cannot be read \(ENOENT/);
  });
});

describe("a worker's cache", () => {
  test("a worker's cache keeps the newest bundles up to its limit, and what is in use", async () => {
    const store = new PieceStore();
    const bundles = [];
    for (let i = 0; i < 3; i += 1) bundles.push(await sent(store, folderWith({ "x.bin": randomBytes(400_000) })));
    const [one, two, three] = bundles as [PiecedBundle, PiecedBundle, PiecedBundle];
    const place = temporaryFolder();
    const cache = cacheOf(store, place, 900_000);
    const first = await cache.hold(one, false, unending);
    const second = await cache.hold(two, false, unending);
    second.release();
    utimesSync(join(place, two.sha256), 1000, 1000); // long ago
    const third = await cache.hold(three, false, unending);
    assert.deepEqual(readdirSync(place).sort(), [one.sha256, three.sha256].sort(), "two went for three");
    first.release();
    third.release();
    // Both bundles fit within the limit, so no more is deleted.
    (await cache.hold(one, false, unending)).release();
    assert.deepEqual(readdirSync(place).length, 2);
    assert.ok(existsSync(join(place, one.sha256)));
    // With a limit of 0, each bundle goes with its last user.
    const none = cacheOf(store, temporaryFolder(), 0);
    const [a, b] = [await none.hold(one, false, unending), await none.hold(one, false, unending)];
    a.release();
    assert.ok(existsSync(b.folder));
    b.release();
    b.release();
    await eventually("it has gone", () => !existsSync(b.folder));
  });

  test("a worker's cache deletes beside the runs, but nothing asked for meanwhile, also after a restart", async () => {
    const store = new PieceStore();
    const bundle = await sent(store, folderWith({ "x.bin": randomBytes(400_000) }));
    const place = temporaryFolder();
    mkdirSync(join(place, "old.gone", "deep"), { recursive: true });
    const cache = cacheOf(store, place, 0);
    const before = await cache.hold(bundle, false, unending);
    before.release();
    // Deleting does not block the worker: the folder is still there when release returns.
    assert.ok(existsSync(before.folder));
    const again = await cache.hold(bundle, false, unending);
    await eventually("the rest has gone", () => readdirSync(place).join() === bundle.sha256);
    assert.equal(readFileSync(join(again.folder, "x.bin")).length, 400_000);
    again.release();
    await eventually("all has gone", () => readdirSync(place).length === 0);
  });

  test("a worker's cache serves bundles beside a folder that a run has closed to everybody", async () => {
    const store = new PieceStore();
    const [one, two] = [
      await sent(store, folderWith({ "x.bin": randomBytes(400_000) })),
      await sent(store, folderWith({ "y.bin": randomBytes(400_000) })),
    ] as const;
    const place = temporaryFolder();
    await asOther(place, async () => {
      const warned: string[] = [];
      const told = { ...log, warn: (_: unknown, words?: string) => void warned.push(words ?? "") };
      // The first cache keeps what nobody uses; the second keeps nothing.
      const keeping = cacheOf(store, place);
      const first = await keeping.hold(one, false, unending);
      const close = (): void => {
        mkdirSync(join(first.folder, "closed", "inner"), { recursive: true });
        chmodSync(join(first.folder, "closed"), 0);
      };
      close();
      first.release();
      assert.ok(existsSync(join((await keeping.hold(two, false, unending)).folder, "y.bin")));
      const cache = new BundleCache({ bus: store.bus, clock: store.clock, log: told }, place, 0);
      const anew = await cache.hold(one, false, unending);
      assert.deepEqual(readdirSync(anew.folder), ["x.bin"]);
      close();
      anew.release();
      await eventually("it has gone as far as it can", () => !existsSync(anew.folder));
      assert.deepEqual(readdirSync((await cache.hold(one, false, unending)).folder), ["x.bin"]);
      assert.ok(warned.includes("what a job had brought along cannot be deleted"), warned.join());
      for (const name of readdirSync(place))
        if (name.endsWith(".gone")) chmodSync(join(place, name, "files", "closed"), 0o700);
    });
  });

  test("a worker's cache finds out what was damaged in it, and takes away what was added", async () => {
    const store = new PieceStore();
    const bundle = await sent(store, folderWith({ "x.bin": randomBytes(600_000), "a.py": "a" }));
    const place = temporaryFolder();
    const { folder } = await cacheOf(store, place).hold(bundle, false, unending);
    writeFileSync(join(folder, "sitecustomize.py"), "evil");
    mkdirSync(join(folder, "more"));
    store.asked.length = 0;
    await cacheOf(store, place).hold(bundle, false, unending);
    assert.deepEqual([readdirSync(folder).sort(), store.asked.length], [["a.py", "x.bin"], 0]);
    writeFileSync(join(folder, "a.py"), "b");
    await cacheOf(store, place).hold(bundle, false, unending);
    assert.deepEqual([readFileSync(join(folder, "a.py"), "utf8"), store.asked.length], ["a", 2]);
  });

  test("a worker's cache says which piece of a bundle is missing or not what it should be", async () => {
    const store = new PieceStore();
    const bundle = await sent(store, folderWith({ "x.bin": randomBytes(600_000) }));
    const [, first = "", second = ""] = pieceNames(bundle).map(bundlePiece);
    const bytes = store.stored.get(first) as Uint8Array;
    store.stored.set(first, store.stored.get(second) as Uint8Array);
    await assert.rejects(
      cacheOf(store).hold(bundle, false, unending),
      /is damaged, out of place or sealed with another key/,
    );
    store.stored.delete(first);
    await assert.rejects(
      cacheOf(store).hold(bundle, false, unending),
      /piece 2 of .* is not on the broker \(any more\); submit it again/,
    );
    store.stored.set(first, bytes);
    await cacheOf(store).hold(bundle, false, unending);
  });
});

describe("a bundle that somebody forged", () => {
  /** A bundle with a list of the test's choice. */
  function forged(
    store: PieceStore,
    files: readonly BundleFile[],
    about: Partial<PiecedBundle> = {},
    content = "",
  ): PiecedBundle {
    const parts = [encodeList(files), Buffer.from(content)].filter((part) => part.length > 0);
    const sums = parts.map((part) => Buffer.from(sha256Of(part), "hex"));
    for (const [i, part] of parts.entries()) {
      const sum = sums[i] as Buffer;
      store.stored.set(bundlePiece(pieceName(secret, sum)), sealBundlePiece(part, secret, sum));
    }
    const pieces = Buffer.concat(sums);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return {
      sha256: sha256Of(pieces),
      files: files.length,
      bytes,
      listBytes: parts[0]?.length ?? 0,
      secret,
      pieces,
      ...about,
    };
  }
  const file = (path: string, size: number): BundleFile => ({ path, isExecutable: false, size });

  test("a forged bundle is refused before anything of it is written", async () => {
    const store = new PieceStore();
    const refused = async (bundle: PiecedBundle, why: RegExp): Promise<void> => {
      const place = temporaryFolder();
      await assert.rejects(cacheOf(store, place).hold(bundle, false, unending), why);
      assert.deepEqual(readdirSync(join(place, `${bundle.sha256}.making`, "files")), []);
    };
    for (const path of ["../a", "/etc/a", "a//b", "a\\b", "."])
      await refused(forged(store, [file(path, 1)], {}, "x"), /path/);
    await refused(forged(store, [file("a", 1), file("a/b", 1)], {}, "xy"), /both a file and a folder/);
    await refused(forged(store, [file("a", 1), file("a", 1)], {}, "xy"), /other files than it says/);
    // A bomb: a small list that would fill the disk.
    await refused(forged(store, [file("a", 1_900_000_000)], {}, "x"), /make 72\d\d pieces; it has 2|other files/);
    await refused(forged(store, [file("a", 2)], { files: 2 }, "xy"), /other files than it says/);
    await refused(forged(store, [file("a", 2)], {}, "x"), /another length than its list says/);
  });

  test("a forged bundle does not even pass the wire", () => {
    const store = new PieceStore();
    const sound = forged(store, [file("a", 1)], {}, "x");
    assert.equal(piecedBundle(sound, "code").sha256, sound.sha256);
    const wrong: Partial<PiecedBundle>[] = [
      { sha256: "0".repeat(64) },
      { secret: new Uint8Array(31) },
      { pieces: sound.pieces.subarray(1) },
      { bytes: 2_000_000_001 },
      { files: 20_001 },
      { listBytes: 0 },
      { listBytes: 1e9 },
    ];
    for (const change of wrong)
      assert.throws(() => piecedBundle({ ...sound, ...change }, "code"), BadMessage, JSON.stringify(change));
    assert.throws(() => decodeList(Buffer.from("nothing"), sound), BadMessage);
  });
});
