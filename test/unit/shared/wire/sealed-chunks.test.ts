import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { artifactList, pathProblem } from "../../../../shared/wire/artifacts.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { chunkBytes, chunkCount, newKey, open, sealChunks } from "../../../../shared/wire/sealed-chunks.ts";

const key = newKey();

test("sealed bytes are opened again, whatever their length, from pieces that fit", () => {
  const content = chunkBytes - 28;
  for (const size of [0, 1, content - 1, content, content + 1, 3 * content + 17]) {
    const bytes = randomBytes(size);
    const { chunks, sum } = sealChunks(bytes, key);
    assert.deepEqual(sum, { size, sha256: createHash("sha256").update(bytes).digest("hex"), chunks: chunkCount(size) });
    assert.ok(chunks.every(({ length }) => length <= chunkBytes));
    assert.deepEqual(open(chunks, key, sum), bytes);
  }
});

test("sealed pieces show nothing of the bytes, and sealing twice gives other pieces", () => {
  const bytes = Buffer.from("the model's weights, in the clear");
  const [first] = sealChunks(bytes, key).chunks;
  const [second] = sealChunks(bytes, key).chunks;
  assert.ok(first && second && !Buffer.from(first).equals(second));
  assert.ok(!Buffer.from(first).includes("weights"));
});

test("a sealed list of pieces that was changed, reordered, cut or added to in any way is refused", () => {
  const bytes = randomBytes(3 * chunkBytes);
  const { chunks, sum } = sealChunks(bytes, key);
  const refuses = (changed: readonly Uint8Array[], with_ = key, of = sum): void =>
    assert.throws(() => open(changed, with_, of), BadMessage);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: chunks.length - 1 }),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      (i, at, bit) => {
        const changed = chunks.map((chunk) => Buffer.from(chunk));
        const piece = changed[i] ?? Buffer.alloc(1);
        const place = at % piece.length;
        piece[place] = (piece[place] ?? 0) ^ (1 << bit);
        refuses(changed);
      },
    ),
    { numRuns: 30 },
  );
  refuses(chunks, newKey());
  refuses([...chunks].reverse());
  refuses(chunks.slice(1));
  refuses([...chunks, randomBytes(100)]);
  refuses(chunks, key, { ...sum, size: sum.size - 1 });
  refuses(chunks, key, { ...sum, sha256: "0".repeat(64) });
  // Pieces of other bytes sealed with the same key, each valid in itself.
  const other = sealChunks(randomBytes(3 * chunkBytes), key);
  refuses(chunks.map((chunk, i) => (i === 1 ? (other.chunks[1] ?? chunk) : chunk)));
});

test("only clean paths below the run's folder are taken for artifacts", () => {
  for (const path of ["console.txt", "models/best.model", "tb/events.out.tfevents.1.host", "ä b/c-d_e"])
    assert.equal(pathProblem(path), undefined, path);
  const bad = [
    "",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a//b",
    "a/",
    "./a",
    "a\\b",
    "C:x",
    "a\u0000b",
    "a\nb",
    "a ",
    "b.",
    "x".repeat(201),
  ];
  for (const path of bad) assert.ok(pathProblem(path), JSON.stringify(path));
});

test("a list of artifacts is checked as a whole", () => {
  const file = (path: string, size = 10, chunks = chunkCount(size)) => ({ path, size, sha256: "a".repeat(64), chunks });
  const list = (files: unknown, more = {}) => ({ blob: "files", key, files, leftOut: "", ...more });
  const good = list([file("a"), file("b/c")]);
  assert.deepEqual(artifactList(good, "files"), good);
  for (const wrong of [
    list([file("a"), file("A")]),
    list([file("a"), file("a/b")]),
    list([file("../a")]),
    list([file("a", 10, 2)]),
    list([file("a", -1, 0)]),
    list([{ ...file("a"), sha256: "xyz" }]),
    list([file("a", 2 ** 31)]),
    list(Array.from({ length: 1001 }, (_, i) => file(`f${i}`))),
    list([file("a")], { key: key.subarray(1) }),
    list([file("a")], { blob: "a.b" }),
    list([file("a")], { leftOut: 5 }),
  ])
    assert.throws(() => artifactList(wrong, "files"), BadMessage, JSON.stringify(wrong).slice(0, 100));
});
