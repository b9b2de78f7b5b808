import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { quickFamilies } from "../../audit/families.ts";
import { Ground } from "../../audit/ground/ground.ts";
import { harmsOf } from "../../audit/run-family.ts";

/** The families of `npm run audit` that take only seconds, tried by raw clients of every role. */
describe("an audit", () => {
  const ground = new Ground();
  before(() => ground.start());
  after(() => ground.end());

  for (const family of quickFamilies) {
    it(`the audit's ${family.name} acts do no harm`, async () => assert.deepEqual(await harmsOf(ground, family), []));
  }
});
