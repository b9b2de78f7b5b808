import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { cutOffAt, ExchangeCutOffError } from "../../../../../shared/broker/store/cut-off.ts";
import { checkStoreThere, StoreDamagedError, storeTroubles } from "../../../../../shared/broker/store/store-check.ts";
import { writeMark } from "../../../../../shared/broker/store/store-mark.ts";
import { type WorkspacePaths, workspaceAt, workspacePaths } from "../../../../../shared/machine/workspace.ts";
import type { Bus } from "../../../../../shared/ports.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

const created = "2026-11-28T00:00:00Z";

function workspace(): WorkspacePaths {
  const paths = workspacePaths("ws1", { HOME: temporaryFolder() });
  mkdirSync(paths.dir, { recursive: true });
  return paths;
}

/** A broker that tells how far its streams reach; `onAsked` runs after each answer was made. */
function broker(ends: () => { readonly JRN: number; readonly EV: number }, onAsked: () => void): Bus {
  const request = async (subject: string): Promise<Uint8Array> => {
    const last = ends()[subject.endsWith(".JRN") ? "JRN" : "EV"];
    onAsked();
    return Buffer.from(JSON.stringify({ created, state: { messages: last, first_seq: 1, last_seq: last } }));
  };
  return { request } as unknown as Bus; // only questions about streams are asked
}

describe("what is wrong with a store", () => {
  test("a store whose exchange was cut off is named with the folder that has it, and only that one", () => {
    const paths = workspace();
    const journalIn = (store: string): string => join(store, "jetstream/SWARM/streams/JRN");
    mkdirSync(journalIn(paths.store), { recursive: true });
    writeMark(paths, { store: created, journal: 5, evidence: 1 });
    const folder = join(paths.dir, "replaced-2026-11-28T00-00-00-000Z");
    mkdirSync(join(folder, "secrets"), { recursive: true });
    assert.equal(cutOffAt(paths), undefined);
    renameSync(paths.store, join(folder, "store"));
    const cutOff = (error: Error): boolean => {
      assert.ok(!(error instanceof StoreDamagedError), error.message);
      assert.match(
        error.message,
        /is damaged: it is empty, .*: an exchange of it was cut off, .* is in \S+replaced-2026/,
      );
      for (const part of ["store", "secrets"])
        assert.ok(error.message.includes(`mv ${join(folder, part)} ${paths.dir}\n`), error.message);
      return true;
    };
    assert.throws(() => checkStoreThere(paths), cutOff);
    copyFileSync(paths.storeMark, join(folder, "store-mark.json"));
    // What a server leaves that was started on the empty folder.
    mkdirSync(join(paths.store, "jetstream"), { recursive: true });
    assert.throws(() => checkStoreThere(paths), cutOff);
    // It has moved to peers, and only its old mark was left.
    mkdirSync(paths.secrets, { recursive: true });
    writeFileSync(paths.peers, "{}");
    assert.equal(cutOffAt(paths), undefined);
    rmSync(paths.peers);
    assert.equal(cutOffAt(paths), folder);
    // Another store has been there since, and is gone too.
    writeMark(paths, { store: created, journal: 6, evidence: 1 });
    assert.throws(() => checkStoreThere(paths), StoreDamagedError);
  });

  test("a shell takes the commands that put a store back whole, whatever its folder is called", () => {
    const paths = workspaceAt(join(temporaryFolder(), "my lab/nexus/ws1"));
    const folder = join(paths.dir, "replaced-2026-11-28T00-00-00-000Z");
    mkdirSync(join(folder, "store"), { recursive: true });
    const { message } = new ExchangeCutOffError(paths, folder, "it is empty");
    const command = `rm -rf '${paths.store}' && mv '${join(folder, "store")}' '${paths.dir}'`;
    assert.ok(message.includes(`\n    ${command}\n`), message);
  });

  test("a store has no troubles where records are stored and remembered while the broker is asked", async () => {
    const paths = workspace();
    const stored = { JRN: 3, EV: 1 };
    writeMark(paths, { store: created, journal: 3, evidence: 1 });
    const grow = (): void => {
      stored.JRN += 2;
      stored.EV += 1;
      writeMark(paths, { store: created, journal: stored.JRN, evidence: stored.EV });
    };
    assert.deepEqual(
      await storeTroubles(
        broker(() => stored, grow),
        paths,
      ),
      [],
    );
  });

  test("a journal that ends before what this machine remembers is a trouble of the store", async () => {
    const paths = workspace();
    writeMark(paths, { store: created, journal: 5, evidence: 1 });
    const [trouble] = await storeTroubles(
      broker(
        () => ({ JRN: 3, EV: 1 }),
        () => undefined,
      ),
      paths,
    );
    assert.match(trouble ?? "", /^the journal ends with record 3, but record 5 was stored/);
  });

  test("a store has no troubles where the mark is of another store", async () => {
    const paths = workspace();
    writeMark(paths, { store: "2026-01-01T00:00:00Z", journal: 5, evidence: 9 });
    assert.deepEqual(
      await storeTroubles(
        broker(
          () => ({ JRN: 3, EV: 1 }),
          () => undefined,
        ),
        paths,
      ),
      [],
    );
  });
});
