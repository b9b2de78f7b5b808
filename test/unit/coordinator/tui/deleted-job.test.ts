import assert from "node:assert/strict";
import { test } from "node:test";
import { screenNames } from "../../../../coordinator/tui/keys.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../coordinator/tui/terminal/styled.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { modelOf } from "../../../support/stories/shown-story.ts";

test("every screen goes on when the shown job is deleted under it, with another job or with none", () => {
  for (const hasOther of [true, false]) {
    for (const screen of screenNames) {
      const story = new JobStory({ number: 1 });
      const n = story.started("run1.1", []);
      story.completed(n, "run1.1", 0.5);
      story.over();
      const model = modelOf(story);
      const { search } = model;
      const frame = (): string => frameLines(model, 120, 30, search.now).map(lineText).join("\n");
      if (hasOther) {
        for (const event of new JobStory({ number: 2 }).events) search.happened(event, apply(search.state, event));
        search.showJob(story.job);
      }
      model.show(screen);
      model.open({ kind: "run", n });
      assert.match(frame(), /job1/, screen);
      const seen = story.events.length;
      story.deleted();
      for (const event of story.events.slice(seen)) search.happened(event, apply(search.state, event));
      assert.equal(model.page, undefined);
      assert.equal(model.notice(search.now), "job1 was deleted by ann");
      model.unsay();
      search.look(search.now + 5000);
      const text = frame();
      assert.match(text, hasOther ? /job2/ : /no job\b(?! yet)/, screen);
      if (screen !== "Events") assert.doesNotMatch(text, /job1|run1\.1/, screen);
    }
  }
});
