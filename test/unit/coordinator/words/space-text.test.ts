import assert from "node:assert/strict";
import { test } from "node:test";
import { spaceText } from "../../../../coordinator/words/space-text.ts";
import type { Hyperparameter } from "../../../../shared/domain/hyperparameter.ts";
import type { JobSettings } from "../../../../shared/domain/runspec/job-settings.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";

function textOf(hyperparameters: readonly Hyperparameter[], settings: Partial<JobSettings> = {}): string {
  const [table] = stateOf(new JobStory({ number: 1, hyperparameters, settings })).jobs.values();
  return spaceText(table ?? assert.fail());
}

test("a search says how many combinations conditions and constraints leave", () => {
  const layers = ordered("layers", [0, 1, 2]);
  const dropout = { ...ordered("dropout", [0.1, 0.2, 0.3]), onlyWhen: ["*layers > 0"] };
  assert.equal(textOf([layers, dropout]), "7 of 9 combinations are searched (only_when)");
  const where = ["*layers + *dropout < 2.25"];
  assert.equal(textOf([layers, dropout], { where }), "6 of 9 combinations are searched (only_when and where)");
  assert.equal(
    textOf([layers, ordered("lr", [1, 2])], { where: ["*layers < 2"] }),
    "4 of 6 combinations are searched (where)",
  );
  assert.equal(textOf([layers, ordered("lr", [1, 2])]), "");
  assert.equal(textOf([layers, dropout], { hpTuning: false }), "");
});

test("a number of combinations that is too large to count is estimated, and said to be", () => {
  const many = Array.from({ length: 8 }, (_, i) => ordered(`h${i}`, [...Array(10).keys()]));
  const where = [`${many.map(({ name }) => `*${name}`).join(" + ")} <= 36`];
  assert.match(textOf(many, { where }), /^about 5\.\de7 of 1\.0e8 combinations are searched \(where\)$/);
});
