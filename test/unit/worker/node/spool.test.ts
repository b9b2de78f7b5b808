import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encode } from "../../../../shared/wire/codec.ts";
import { FileSpool } from "../../../../worker/node/spool.ts";

test("a spooled letter is read again, and anything else beside it is refused before it is read whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "nexus-spool-"));
  try {
    const spool = new FileSpool(folder);
    const letter = {
      subject: "ev.pc.job1.1.result",
      msgId: "job1.1.1.result.n",
      data: new Uint8Array(900_000).fill(1),
    };
    const name = spool.keep(letter);
    assert.deepEqual(spool.names(), [name]);
    assert.deepEqual({ ...spool.read(name), data: letter.data }, letter);
    writeFileSync(join(folder, "huge.letter"), Buffer.alloc(5 * 1024 ** 2));
    assert.throws(() => spool.read("huge.letter"), /^BadMessage: 5242880 bytes; at most/);
    writeFileSync(join(folder, "full.letter"), encode({ ...letter, data: Array(1000).fill(1) }));
    assert.throws(() => spool.read("full.letter"), /^BadMessage: more than 32 values/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
