import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BackupWriter } from "../../../../../shared/broker/copies/backup-file.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

test("a backup that cannot even be begun leaves nothing behind", () => {
  const folder = temporaryFolder();
  const program = {
    toJSON: () => {
      throw new Error("no space left");
    },
  } as unknown as string; // as if the disk took no more
  const header = { version: 1, workspace: "ws1", at: "2026-11-29T08:00:00Z", program } as const;
  assert.throws(() => new BackupWriter(join(folder, "a.nexus"), header), /no space left/);
  assert.deepEqual(readdirSync(folder), []);
});
