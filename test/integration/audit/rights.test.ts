import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { listening } from "../../audit/acts/listening.ts";
import { publishing } from "../../audit/acts/publishing.ts";
import { Ground } from "../../audit/ground/ground.ts";
import { harmsOf } from "../../audit/run-family.ts";

/** What of `npm run audit` takes only seconds: who may say and hear what at the broker, tried by raw clients of every role. */
describe("an audit of who may say and hear what", () => {
  const ground = new Ground();
  before(() => ground.start());
  after(() => ground.end());

  for (const family of [publishing, listening]) {
    it(`finds no harm in ${family.name}`, async () => {
      assert.deepEqual(await harmsOf(ground, family), []);
    });
  }
});
