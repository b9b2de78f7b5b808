import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Family } from "./act.ts";
import { Ground } from "./ground/ground.ts";
import { harmsOf } from "./run-family.ts";

/** Tests that the acts of some families of `npm run audit`, tried by raw clients of every role, do no harm. */
export function shortAudit(families: readonly Family[]): void {
  describe("a short audit", () => {
    // An act of evidence may come long after the runs that it is about were claimed, and nobody renews those.
    const ground = new Ground(["--lease", "1h"]);
    before(() => ground.start());
    after(() => ground.end());

    for (const family of families) {
      it(`the audit's ${family.name} acts do no harm`, async () => assert.deepEqual(await harmsOf(ground, family), []));
    }
  });
}
