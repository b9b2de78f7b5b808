import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configurationKey } from "../../../../../shared/domain/hyperparameter.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

/** Claims and completes runs until no more is given; the job has 8 configurations. `result` may depend on the trial's number. */
async function search(
  settings: Partial<JobSettings>,
  result: (configuration: readonly number[], n: number) => number,
): Promise<Story> {
  const story = new Story({ totalRuns: 60, ...settings });
  for (let i = 0; i < 60; i += 1) {
    const n = await story.claim(i % 2 === 0 ? alice : bob);
    if (typeof n !== "number") break;
    const { configuration = [] } = story.table.trial(n) ?? {};
    story.say(i % 2 === 0 ? alice : bob, n, "result", result(configuration, n));
  }
  story.check();
  return story;
}

const times = (story: Story): number[] => [...story.table.runSets].map(({ ended }) => ended);
const value = ([a = 0, b = 0]: readonly number[]): number => a + b / 10;
const searches = ["random", "grid", "dgd", "bayesian"] as const;

describe("a search whose settings always give the same result", () => {
  for (const hpTuning of searches) {
    test(`a ${hpTuning} search runs nothing twice once results are known to repeat, and ends when all has run`, async () => {
      const { table, test: told } = await search({ hpTuning }, value);
      assert.equal(table.state, "completed");
      assert.equal(
        table.reason,
        "every configuration has been tried, and none runs twice: the same settings have always given the same result",
      );
      assert.equal(table.runSets.size, 8);
      assert.ok(table.ended < 40, `${table.ended} runs of 8 configurations`);
      const whys = told.events.flatMap((event) => (event.type === "assigned" ? [event.why] : []));
      const known = whys.findIndex((why) =>
        why.endsWith("none runs twice: the same settings have always given the same result"),
      );
      // The others have tried all 8 before five have run twice.
      if (hpTuning === "random" || hpTuning === "dgd") assert.ok(known > 0, whys.join("\n"));
      for (const why of known < 0 ? [] : whys.slice(known)) assert.match(why, /none runs twice/);
    });

    test(`a ${hpTuning} search goes on repeating configurations where results differ`, async () => {
      const { table } = await search({ hpTuning }, (configuration, n) => value(configuration) + (n % 3) / 7);
      assert.equal(table.ended, 60);
      assert.equal(table.state, "completed");
      assert.match(table.reason, /all 60 runs have ended/);
    });

    test(`with repeat: never, a ${hpTuning} search runs each configuration once from the beginning`, async () => {
      const story = await search(
        { hpTuning, repeat: "never" },
        (configuration, n) => value(configuration) + (n % 3) / 7,
      );
      assert.equal(story.table.reason, "every configuration has been tried, and none runs twice: repeat is never");
      assert.deepEqual(times(story), new Array(8).fill(1));
    });
  }

  test("with repeat: never, what still runs runs once too, and a cancelled run may come again", async () => {
    const story = new Story({ totalRuns: 60, hpTuning: "random", repeat: "never" });
    const open: number[] = [];
    for (let i = 0; i < 7; i += 1) open.push(Number(await story.claim(i % 2 === 0 ? alice : bob)));
    await story.doRuns("cancel", open[3] ?? 0);
    await story.renew(bob, open[3] ?? 0);
    const again = [await story.claim(bob), await story.claim(bob)].map(Number);
    const key = (n: number): string => configurationKey(story.table.trial(n)?.configuration ?? []);
    assert.equal(new Set([...open, ...again].map(key)).size, 8);
    assert.ok(again.some((n) => key(n) === key(open[3] ?? 0)));
    assert.match(String(await story.claim(workerIdFrom("carol"))), /^wait/);
    assert.equal(story.table.state, "stopping");
    story.check();
  });

  test("hp_tuning: false repeats its configuration even with repeat: never", async () => {
    const { table } = await search({ hpTuning: false, totalRuns: 9, repeat: "never" }, () => 1);
    assert.equal(table.ended, 9);
  });
});
