import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { detachedText, whatGoesOn } from "../../../../coordinator/tui/actions/farewell.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../coordinator/tui/terminal/styled.ts";
import type { ViewModel } from "../../../../coordinator/tui/view-model.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import type { Status } from "../../../../shared/wire/messages.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";
import { modelOf, screenOptions } from "../../../support/stories/shown-story.ts";
import { Screen } from "../../../support/terminal/app-screen.ts";

const lines = (model: ViewModel, width: number, height = 24): string[] =>
  frameLines(model, width, height, 1).map((line) => lineText(line).trimEnd());

const reason =
  "RuntimeError: the data set in /data/maze-2026 has 12 columns where the model expects 14; see the first line";

function allFailed(): JobStory {
  const story = new JobStory({ number: 1, settings: { totalRuns: 30 } });
  for (let i = 1; i <= 30; i += 1) story.endedWithout(story.started(`run1.${i}`, []), `run1.${i}`, "failed", reason);
  story.over("completed", "all runs have ended");
  return story;
}

describe("if every run fails", () => {
  test("if every run fails, the third line says how many and why, and the standings' place has the reason", () => {
    const model = modelOf(allFailed());
    for (const [width, height] of [
      [80, 24],
      [120, 40],
      [200, 60],
    ] as const) {
      const shown = lines(model, width, height);
      assert.match(shown[2] ?? "", /! 30 of 30 failed: RuntimeError: the data set/);
      const text = shown.slice(3).join(" ").replace(/ +/g, " ");
      assert.ok(text.includes(reason), `${width}: ${text}`);
      assert.match(text, /no run has completed, and 30 of 30 failed: /);
      assert.match(text, / 30 times, from 08:00:02 to 08:01:00:/);
      assert.doesNotMatch(shown.join("\n"), /0\+0|run set #/);
    }
    assert.match(lines(model, 200, 60)[2] ?? "", /the first line, since 08:00:02 {2}Enter goes there$/);
  });

  test("a job paused for its failures says that, and what makes it go on", () => {
    const story = allFailed();
    story.over("paused", `30 runs have failed, and none has completed; run1.30 was the last: ${reason}`);
    const model = modelOf(story, { flags: " --workspace lab" });
    const { search } = model;
    search.heard({ term: 9, leader: "", leaseMs: 30_000, workers: [], leases: [] }, 1);
    const text = lines(model, 120, 40).join("\n");
    assert.match(
      text,
      /\n {2}job1 is paused: 30 runs have failed, and none has completed; once that is mended, run:\n/,
    );
    assert.match(text, /\n {4}nexus resume job1 --workspace lab\n/);
    assert.equal(whatGoesOn(search, "lab"), "job1 stays paused, and nothing of it runs");
  });

  test("if the broker is away, the header says what to type if it stays so", () => {
    const model = modelOf(allFailed(), { flags: " --workspace lab" });
    model.search.isAway = true;
    const [first = "", second = ""] = lines(model, 120);
    assert.match(first, /BROKER AWAY: waiting for it; workers that still run go on/);
    assert.match(second, /^if it stays away: nexus-coord --workspace lab {2}best/);
  });

  test("a screen's header has three lines with and without trouble", () => {
    const calm = new JobStory({ number: 1 });
    calm.started("run1.1", []);
    for (const story of [calm, allFailed()]) assert.match(lines(modelOf(story), 80)[3] ?? "", /^─ Standings/);
  });
});

test("Enter goes to what is wrong while nothing can come of a search, and the key ! always does", async () => {
  const screen = new Screen();
  screen.press("!");
  assert.match(await screen.text(), /nothing is wrong/);
  screen.press("enter");
  assert.match(await screen.text(), /Run set/);
  screen.press("escape");
  const story = allFailed();
  const { search } = screen.model;
  search.job = null;
  search.state.jobs.delete(story.job);
  for (const event of story.events) search.happened(event, apply(search.state, event));
  search.showJob(story.job);
  screen.now += 2000;
  screen.press("1", "enter");
  const page = await screen.text();
  assert.match(page, / run1\.30 [\s\S]*error/);
  assert.ok(page.replace(/\s+/g, " ").includes(reason), page);
  screen.press("escape");
  assert.match(await screen.text(), /Runs 30 of 30 filter: failed/);
});

/** Two jobs on one worker, which has its slot taken by the second. */
function starved(): ViewModel {
  const first = new JobStory({ number: 1 });
  const model = modelOf(first);
  const { search } = model;
  const second = new JobStory({ number: 2 });
  const enrolled = { type: "worker-enrolled", worker: "node-1", publicKey: "U", host: "lab", op: "e", at: 1 } as const;
  second.started("run1.1", []);
  for (const event of [{ ...enrolled, worker: enrolled.worker as never }, ...second.events])
    search.happened(event, apply(search.state, event));
  search.showJob(first.job);
  const present = {
    silentMs: 0,
    slots: 1,
    opportunistic: false,
    noCode: false,
    targets: [],
    version: null,
    skewMs: null,
  };
  const status: Status = {
    term: 9,
    leader: "leader",
    leaseMs: 30_000,
    workers: [{ worker: enrolled.worker as never, ...present }],
    leases: [],
  };
  search.heard(status, 0);
  return model;
}

test("a job that waits because another has the workers says so, and asks for no worker", () => {
  const shown = lines(starved(), 120);
  const why = "waiting for a free slot on node-1, which is busy with job2";
  assert.ok(shown[2]?.includes(`! ${why}`), shown[2]);
  assert.ok(shown.slice(4).join("\n").includes(`  ${why}`));
  assert.doesNotMatch(shown.join("\n"), /nexus-worker/);
});

describe("who leaves", () => {
  test("a screen that is left does not say that a job without a leader or a broker goes on", () => {
    const { search } = starved();
    const options = { ...screenOptions, flags: " --workspace lab" };
    for (let now = 0; now <= 10_000; now += 1000) search.look(now);
    assert.match(whatGoesOn(search, "lab"), /^job1 starts no runs: no coordinator leads it/);
    assert.match(detachedText(search, options), /\n {2}to go on: nexus-coord --workspace lab$/);
    search.isAway = true;
    assert.match(whatGoesOn(search, "lab"), /^job1 starts no runs: its broker is away/);
  });

  test("a screen that is left after a job's end says which others go on, and what may follow it", () => {
    const { search } = starved();
    assert.match(whatGoesOn(search, "ws1"), /^job1 goes on .*; 1 run of job2 goes on$/);
    const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [1, 2])] });
    story.completed(story.started("run1.1", [0]), "run1.1", 1);
    story.over();
    const model = modelOf(story);
    const options = { ...screenOptions, flags: " --workspace lab" };
    assert.equal(whatGoesOn(model.search, "ws1"), "nothing is running; job1 is over");
    assert.equal(
      detachedText(model.search, options),
      [
        "nothing is running; job1 is over",
        "  to measure the best again: nexus confirm job1 --workspace lab",
        "  the spec with its values: nexus spec job1 --best --workspace lab",
      ].join("\n"),
    );
    const second = new JobStory({ number: 2 });
    second.started("run2.1", []);
    for (const event of second.events) model.search.happened(event, apply(model.search.state, event));
    model.search.showJob(story.job);
    assert.equal(whatGoesOn(model.search, "ws1"), "job1 is over; 1 run of job2 goes on");
    assert.match(detachedText(model.search, options), /\n {2}to see it: nexus-coord watch job2 --workspace lab\n/);
  });
});
