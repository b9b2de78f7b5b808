import assert from "node:assert/strict";
import { test } from "node:test";
import { isForOthers } from "../../../../worker/joining/given-line.ts";

test("a file with a join line is for others if everybody may read it, or the group of a file of ours", () => {
  const [own, root] = [1000, 0];
  assert.equal(isForOthers({ mode: 0o100600, uid: own }, own), false);
  assert.equal(isForOthers({ mode: 0o100640, uid: own }, own), true);
  assert.equal(isForOthers({ mode: 0o100604, uid: own }, own), true);
  assert.equal(isForOthers({ mode: 0o100440, uid: root }, own), false, "a secret of Kubernetes");
  assert.equal(isForOthers({ mode: 0o100444, uid: root }, own), true);
});
