import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { claim } from "../../audit/attacker/words.ts";
import { Ground, ids } from "../../audit/ground/ground.ts";
import { eventually } from "../../support/patience.ts";

describe("a worker that floods the broker", () => {
  const ground = new Ground();
  before(() => ground.start());
  after(() => ground.end());

  it("a worker that floods the broker is cut off, with the reason in the journal; others are answered", async () => {
    const flooder = await ground.as("worker");
    const victim = await ground.as("victim");
    victim.subscribe(`_INBOX_${ids.victim}.>`);
    await victim.sync();
    while (!flooder.isClosed) {
      for (let k = 0; k < 5000; k += 1) flooder.publish(`ev.${ids.worker}.flood`, "x");
      await flooder.sync();
    }
    const { output } = await ground.command(["list", "workers"]);
    assert.match(output, new RegExp(`${ids.worker} .*benched`));
    assert.match(
      (await ground.command(["view", "events", ids.worker])).output,
      /it (sent|stored) (far more than \d+ messages a second|more than the broker can hand on)/,
    );

    const inbox = `_INBOX_${ids.victim}.after`;
    victim.publish(`ask.${ids.victim}`, claim({ targets: ["nothing"] }), { reply: inbox });
    await eventually("the victim's answer", () => victim.messages.some(({ subject }) => subject === inbox));
    assert.ok(!victim.isClosed);
  });
});
