import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { screenNames } from "../../../../../coordinator/tui/keys.ts";
import type { AnyList } from "../../../../../coordinator/tui/lists/list-view.ts";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import type { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import { lossStory, turnedSign } from "../../../../support/stories/loss-search.ts";
import { modelOf } from "../../../../support/stories/shown-story.ts";

const frame = (model: ViewModel, width = 120, height = 40): string =>
  frameLines(model, width, height, 1)
    .map((line) => lineText(line).trimEnd())
    .join("\n");

describe("under goal: minimize", () => {
  test("under goal: minimize, no screen, page or glossary has the loss with its sign turned", () => {
    const model = modelOf(lossStory());
    for (const [width, height] of [
      [80, 24],
      [120, 40],
      [200, 60],
    ] as const) {
      for (const screen of screenNames) {
        model.show(screen);
        for (const help of [false, true]) {
          model.isHelpOpen = help;
          const text = frame(model, width, height);
          assert.doesNotMatch(text, turnedSign, text);
          assert.doesNotMatch(text, /hpmax(?! that a new run)/, text);
        }
        model.isHelpOpen = false;
      }
      for (const page of [
        { kind: "run", n: 3 },
        { kind: "run set", key: "1.2" },
      ] as const) {
        model.open(page);
        assert.doesNotMatch(frame(model, width, height), turnedSign);
        assert.match(frame(model, width, height), /loss 0\.(?:25|41)/);
        model.pages = [];
      }
    }
  });

  test("under goal: minimize, lists are sorted by the loss with the lowest first", () => {
    const model = modelOf(lossStory());
    frame(model);
    const { runs } = model.lists;
    runs.sortBy("loss", 1);
    assert.deepEqual(
      runs.rows.map(({ trial }) => trial.run),
      ["run1.3", "run1.2", "run1.1"],
    );
    runs.setFilter("loss<=0.5", 1);
    assert.equal(runs.rows.length, 2);
    const { standings } = model.lists;
    for (const name of ["loss", "loss+2sd", "top"]) {
      standings.sortBy(null, 1);
      standings.sortBy(name, 1);
      assert.deepEqual(
        standings.rows.map(({ key }) => key),
        ["1.2", "0.0"],
        name,
      );
    }
    const [first] = standings.rows;
    assert.ok(first);
    assert.ok(Number(JSON.parse(standings.copyOf(first).text).loss) > 0);
  });

  test("under goal: minimize, filters and copies have the loss that a list shows, also hidden ones", () => {
    const story = lossStory();
    story.judged("rejected", [1]);
    const model = modelOf(story);
    frame(model);
    const { runs, jobs } = model.lists;
    const passing = (list: AnyList, text: string): number => {
      list.setFilter(text, 1);
      return list.rows.length;
    };
    assert.deepEqual([passing(runs, "rejected<0.5"), passing(runs, "rejected=0.75")], [0, 1]);
    model.show("Jobs");
    frame(model);
    const [job] = jobs.rows;
    assert.ok(job);
    const { best } = JSON.parse(jobs.copyOf(job).text);
    assert.ok(best > 0.2 && best < 0.6, String(best));
    assert.deepEqual([passing(jobs, "best<0.2"), passing(jobs, "best<0.6")], [0, 1]);
  });
});
