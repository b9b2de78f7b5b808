import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { describe, test } from "node:test";
import { storeTroubles } from "../../../../../shared/broker/store/store-check.ts";
import { writeMark } from "../../../../../shared/broker/store/store-mark.ts";
import { type WorkspacePaths, workspacePaths } from "../../../../../shared/machine/workspace.ts";
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
