import assert from "node:assert/strict";
import { test } from "node:test";
import { workerFields } from "../../../../coordinator/runs/worker-fields.ts";
import { alice, Story } from "../../../support/stories/control-story.ts";

for (const [first, then] of [
  ["reject", "accept"],
  ["accept", "reject"],
] as const) {
  test(`a list of workers has no count below 0 after nexus ${then} for a forgotten one of a name`, async () => {
    const story = new Story({ totalRuns: 9 });
    const judge = async (kind: "reject" | "accept"): Promise<void> => {
      const answer = await story.order({ kind, job: story.job, trials: [], worker: alice, reason: "" });
      assert.ok(answer.ok, answer.reason);
    };
    for (let n = 1; n <= 3; n += 1) story.say(alice, Number(await story.claim(alice)), "result", n);
    if (first === "reject") await judge("reject");
    void story.test.reign.record({ type: "worker-forgotten", worker: alice, by: "ann", op: "o1" });
    assert.equal(await story.claim(alice, "another boot"), 4);
    await judge(then);
    const record = story.test.reign.state.workers.get(alice) ?? assert.fail();
    const shown = workerFields("ws1", new Map(), undefined, true).flatMap(({ name, value }) =>
      name === "completed" || name === "rejected" ? [value(record)] : [],
    );
    assert.deepEqual(shown, then === "accept" ? [3, 0] : [0, 3]);
    story.check();
  });
}
