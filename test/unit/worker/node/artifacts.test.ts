import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { jobName, workerIdFrom } from "../../../../shared/domain/names.ts";
import { type Bus, BusError, type BusErrorReason } from "../../../../shared/ports.ts";
import { systemClock } from "../../../../shared/time/clock.ts";
import { artifactList } from "../../../../shared/wire/artifacts.ts";
import { decodeEvidence, encodeEvidence } from "../../../../shared/wire/messages.ts";
import { open } from "../../../../shared/wire/sealed-chunks.ts";
import { findFiles, uploadFiles } from "../../../../worker/node/artifacts.ts";
import { UnsentLines } from "../../../../worker/runner/unsent-lines.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

function folderWith(files: Readonly<Record<string, number>>): string {
  const folder = temporaryFolder();
  for (const [path, size] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), "");
    truncateSync(join(folder, path), size);
  }
  return folder;
}

describe("the files of a run", () => {
  test("the files of a run are all regular files below its folder but console.txt and repro_spec.yaml", () => {
    const folder = folderWith({ "b/model": 10, a: 5, "console.txt": 3, "repro_spec.yaml": 4, "b/console.txt": 1 });
    symlinkSync("/etc/passwd", join(folder, "link"));
    linkSync(join(folder, "a"), join(folder, "hard"));
    const { files, leftOut } = findFiles(folder);
    assert.deepEqual(files, [
      { path: "a", size: 5 },
      { path: "b/console.txt", size: 1 },
      { path: "b/model", size: 10 },
      { path: "hard", size: 5 },
    ]);
    assert.equal(leftOut, "link (not a file)");
    assert.deepEqual(findFiles(join(folder, "never-made")), { files: [], leftOut: "" });
  });

  test("the files of a run that exceed the limit together lose the largest, which the list names", () => {
    const folder = folderWith({ small: 10, large: 3 * 2 ** 20, middle: 2 ** 20 });
    const { files, leftOut } = findFiles(folder, 2 * 2 ** 20);
    assert.deepEqual(
      files.map(({ path }) => path),
      ["middle", "small"],
    );
    assert.equal(leftOut, "large (3.1 MB; a run may upload 2.1 MB)");
  });

  test("files of a run whose names some systems do not allow are left out", () => {
    const folder = folderWith({ "a:b": 1, "c\\d": 1, Same: 1, same: 2, good: 1 });
    const { files, leftOut } = findFiles(folder);
    assert.deepEqual(
      files.map(({ path }) => path),
      ["Same", "good"],
    );
    assert.match(leftOut, /"a:b" \(its name.*"c\\\\d" \(its name.*same \(its name differs/);
  });
});

test("the files of a run are found beside a folder that cannot be read, which is named", () => {
  const base = temporaryFolder();
  // Root may look into any folder, so it gives up its rights first.
  chmodSync(base, 0o777);
  const module = new URL("../../../../worker/node/artifacts.js", import.meta.url);
  const script = `const { findFiles } = await import(${JSON.stringify(module.href)});
    const { chmodSync, mkdirSync, writeFileSync } = await import("node:fs");
    if (process.getuid() === 0) process.setuid(65534);
    const run = process.argv[1] + "/run";
    for (const folder of ["/listed", "/closed"]) mkdirSync(run + folder, { recursive: true });
    for (const file of ["/closed/a", "/listed/a", "/model"]) writeFileSync(run + file, "x");
    chmodSync(run + "/closed", 0);
    chmodSync(run + "/listed", 0o400);
    process.stdout.write(JSON.stringify(findFiles(run)));
    for (const folder of ["/listed", "/closed"]) chmodSync(run + folder, 0o700);`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script, base], { encoding: "utf8" });
  const { files, leftOut } = JSON.parse(said) as ReturnType<typeof findFiles>; // what it printed
  assert.deepEqual(files, [{ path: "model", size: 1 }]);
  for (const folder of ["closed", "listed"]) assert.ok(leftOut.includes(`${folder} (EACCES`), leftOut);
});

describe("an upload", () => {
  const address = { worker: workerIdFrom("pc"), job: jobName(3), n: 4, attempt: 2, nonce: "nonce" };
  const never = new AbortController().signal;

  function store(fails: (subject: string, tries: number) => BusErrorReason | undefined = () => undefined) {
    const stored = new Map<string, Uint8Array>();
    const tries = new Map<string, number>();
    const bus = {
      store: async (subject: string, data: Uint8Array) => {
        const count = (tries.get(subject) ?? 0) + 1;
        tries.set(subject, count);
        const reason = fails(subject, count);
        if (reason) throw new BusError(reason, `told to: ${reason}`);
        stored.set(subject, data);
        return { seq: stored.size, duplicate: false };
      },
    } as unknown as Bus; // an upload uses nothing else of it
    const clock = { ...systemClock, pause: async () => undefined };
    return { stored, tries, ports: { bus, clock } };
  }

  test("an upload stores every file sealed, and its list, which travels with the result, opens them", async () => {
    const folder = folderWith({ "models/best": 600_000, empty: 0, note: 12 });
    const { stored, ports } = store();
    const list = await uploadFiles(ports, address, folder, never);
    assert.ok(list);
    assert.deepEqual(
      list.files.map(({ path, chunks }) => [path, chunks]),
      [
        ["empty", 0],
        ["models/best", 3],
        ["note", 1],
      ],
    );
    assert.deepEqual(
      [...stored.keys()],
      [0, 1, 2, 3].map((i) => `ck.pc.job3.4.2.files.${i}`),
    );
    const body = { attempt: 2, reports: [], hpmax: 1, iters: 1, metrics: {}, console: "", files: list };
    const arrived = decodeEvidence({ kind: "result" }, encodeEvidence(body)).files;
    assert.ok(arrived);
    assert.deepEqual(artifactList({ ...list, key: Uint8Array.from(list.key) }, "files"), {
      ...arrived,
      key: Uint8Array.from(arrived.key),
    });
    let next = 0;
    for (const file of arrived.files) {
      const pieces = Array.from({ length: file.chunks }, (_, i) => stored.get(`ck.pc.job3.4.2.files.${next + i}`));
      next += file.chunks;
      const content = open(
        pieces.filter((piece) => piece !== undefined),
        arrived.key,
        file,
      );
      assert.ok(Buffer.from(content).equals(readFileSync(join(folder, file.path))));
    }
  });

  test("an upload of an empty or missing folder is null", async () => {
    const { stored, ports } = store();
    assert.equal(await uploadFiles(ports, address, temporaryFolder(), never), null);
    assert.equal(await uploadFiles(ports, address, "/there/is/no/such/folder", never), null);
    assert.equal(stored.size, 0);
  });

  test("an upload repeats a store that fails for a moment", async () => {
    const { tries, ports } = store((_, count) => (count < 3 ? "not connected" : undefined));
    const list = await uploadFiles(ports, address, folderWith({ a: 1 }), never);
    assert.equal(list?.files.length, 1);
    assert.deepEqual([...tries.values()], [3]);
  });

  test("an upload leaves out a file that cannot be read, and none of the others", async () => {
    const folder = folderWith({ a: 1, b: 1, c: 1 });
    const { ports } = store(() => void rmSync(join(folder, "b"), { force: true }));
    const list = await uploadFiles(ports, address, folder, never);
    assert.deepEqual(
      list?.files.map(({ path }) => path),
      ["a", "c"],
    );
    assert.match(list?.leftOut ?? "", /^b \(ENOENT/);
  });

  test("an upload gives up what cannot be stored, and its list says why", async () => {
    const full = store((subject) => (subject.endsWith(".1") ? "full" : undefined));
    const list = await uploadFiles(full.ports, address, folderWith({ a: 1, b: 1, c: 1 }), never);
    assert.deepEqual(
      list?.files.map(({ path }) => path),
      ["a"],
    );
    assert.equal(list?.leftOut, "b and what follows, 2 in all (told to: full)");
    const silent = store(() => "no answer in time");
    assert.match((await uploadFiles(silent.ports, address, folderWith({ a: 1 }), never))?.leftOut ?? "", /^a and what/);
    const ending = await uploadFiles(store().ports, address, folderWith({ a: 1 }), AbortSignal.abort());
    assert.equal(ending?.leftOut, "a and what follows, 1 in all (the worker had to end)");
  });
});

describe("console lines that were not sent yet", () => {
  test("console lines that were not sent yet are returned once, complete while they fit", () => {
    const lines = new UnsentLines();
    assert.ok(lines.isEmpty);
    lines.add("one\n");
    lines.add("two\n");
    assert.ok(!lines.isEmpty);
    assert.equal(lines.take(), "one\ntwo\n");
    assert.equal(lines.take(), "");
    assert.ok(lines.isEmpty);
  });

  test("unsent console lines lose their middle beyond 32 KiB, and keep the first and the last", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "é", " "), maxLength: 3000 }).map((text) => `${text}\n`);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 60 }), (all) => {
        const lines = new UnsentLines();
        for (const each of all) lines.add(each);
        const text = lines.take();
        const whole = all.join("");
        assert.ok(text.length <= 33_000, `${text.length} characters`);
        if (whole.length <= 32 * 1024) {
          assert.equal(text, whole);
        } else {
          assert.match(text, /\n?\.\.\. \d+ characters left out \.\.\.\n/);
          assert.ok(whole.startsWith(text.slice(0, text.indexOf("... "))));
          assert.ok(text.endsWith(all.at(-1) ?? ""));
        }
      }),
    );
  });
});
