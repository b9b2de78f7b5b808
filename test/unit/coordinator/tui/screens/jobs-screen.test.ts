import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { JobLooks } from "../../../../../coordinator/live/job-looks.ts";
import { LiveSearch } from "../../../../../coordinator/live/live-search.ts";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { jobName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { WorkerStatus } from "../../../../../shared/wire/messages.ts";
import { JobStory, storyStart } from "../../../../support/stories/job-story.ts";
import { screenOptions } from "../../../../support/stories/shown-story.ts";

const dials = [{ name: "lr", ordered: true, values: [1, 2, 3], tuned: 1 }];

const presence = (worker: string, more: Partial<WorkerStatus> = {}): WorkerStatus => ({
  worker: workerIdFrom(worker),
  silentMs: 100,
  slots: 4,
  opportunistic: false,
  noCode: false,
  targets: [],
  version: "1.2.0",
  skewMs: null,
  ...more,
});

/** A workspace of several jobs in one journal, looked at by a screen. */
function shown(stories: readonly JobStory[], workers: readonly WorkerStatus[], options = {}): ViewModel {
  const state = emptyWorkspace();
  const wall = Math.max(...stories.map(({ at }) => at), storyStart);
  const search = new LiveSearch({ wall: () => wall });
  const events: JournalEvent[] = workers.map(({ worker }, i) => ({
    type: "worker-enrolled",
    worker,
    publicKey: "",
    host: "lab",
    op: `enrol-${i}`,
    at: storyStart,
  }));
  events.push(...stories.flatMap((story) => story.events));
  for (const event of events) {
    apply(state, event);
    search.happened(event, state);
  }
  search.live(state);
  const model = new ViewModel(search, { ...screenOptions, ...options });
  const [first] = stories;
  if (first) search.showJob(first.job);
  search.heard({ term: 1, leader: "leader", leaseMs: 30_000, workers: [...workers], leases: [] }, 1000);
  return model;
}

/** Seven jobs: over, searching, paused, cancelled, one for a target that nobody serves, one that is limited, one that failed. */
function workspace(): ViewModel {
  const settings = { totalRuns: 8 };
  const over = new JobStory({ number: 1, hyperparameters: dials, settings: { totalRuns: 3 } });
  for (let i = 1; i <= 3; i += 1) {
    over.started(`run1.${i}`, [i % 3]);
    over.completed(i, `run1.${i}`, 0.1 * i);
  }
  over.over("completed", "all 3 runs have ended");
  const searching = new JobStory({ number: 2, hyperparameters: dials, settings, firstParent: 2 });
  for (let i = 1; i <= 6; i += 1) searching.started(`run2.${i}`, [i % 3]);
  for (let i = 1; i <= 4; i += 1) searching.completed(i, `run2.${i}`, 0.01 * i);
  const paused = new JobStory({ number: 3, hyperparameters: dials, settings, firstParent: 3 });
  paused.over("paused", "paused by ann");
  const cancelled = new JobStory({ number: 4, hyperparameters: dials, settings, firstParent: 4 });
  cancelled.over("cancelled", "cancelled by ann");
  const starved = new JobStory({ number: 5, settings: { ...settings, computeTarget: "gpus" }, firstParent: 5 });
  const limited = new JobStory({
    number: 6,
    settings: { ...settings, computeNodes: 1, runsPerNode: 3 },
    firstParent: 6,
  });
  limited.started("run6.1", []);
  const failing = new JobStory({ number: 7, hyperparameters: dials, settings, firstParent: 7 });
  for (let i = 1; i <= 2; i += 1) {
    failing.started(`run7.${i}`, [i % 3]);
    failing.endedWithout(i, `run7.${i}`, "failed", "CUDA out of memory");
  }
  const workers = [presence("node-2"), presence("node-6"), presence("node-7", { targets: ["cpus"] })];
  return shown([over, searching, paused, cancelled, starved, limited, failing], workers);
}

const linesOf = (model: ViewModel, width: number, height: number, now = 2000): string[] =>
  frameLines(model, width, height, now).map((line) => lineText(line).trimEnd());

describe("the jobs screen", () => {
  for (const [width, height] of [
    [80, 24],
    [120, 40],
    [200, 60],
  ] as const) {
    test(`the jobs screen looks as it was approved at ${width}x${height}`, () => {
      const model = workspace();
      model.show("Jobs");
      // After these frames the best of every job has been found.
      for (let now = 2000; now < 3000; now += 100) linesOf(model, width, height, now);
      const text = `${linesOf(model, width, height, 3000).join("\n")}\n`;
      const file = join(packageRoot(), "test", "fixtures", "screens", `jobs-${width}x${height}.txt`);
      if (process.env["GOLDEN"] === "write") writeFileSync(file, text);
      assert.equal(text, readFileSync(file, "utf8"));
    });
  }

  test("the header says which of the jobs is shown, and nothing where there is one", () => {
    const model = workspace();
    assert.match(linesOf(model, 120, 30)[0] ?? "", /^job1 {2}spec {2}job 1 of 7 {2}COMPLETED/);
    model.search.showJob(jobName(6));
    assert.match(linesOf(model, 120, 30)[0] ?? "", /^job6 {2}spec {2}job 6 of 7 {2}RUNNING/);
    const alone = shown([new JobStory({ number: 1 })], []);
    assert.match(linesOf(alone, 120, 30)[0] ?? "", /^job1 {2}spec {2}RUNNING/);
  });

  test("the header says that no worker has joined, and which screen says how one does", () => {
    const joining = { commands: ["nexus-worker nexus://lab"], opening: null };
    const header = (workers: readonly WorkerStatus[], options = {}): string =>
      linesOf(shown([new JobStory({ number: 1 })], workers, options), 120, 30)[0] ?? "";
    assert.match(header([]), / {2}no worker has joined {2}/);
    assert.match(header([], { joining }), / {2}no worker has joined; 3 says how {2}/);
    assert.match(header([presence("node-2")], { joining }), / {2}workers 0 busy 1 idle/);
  });

  test("a job's slots are those of workers that may take its runs, within what the job lets itself have", () => {
    const model = workspace();
    const looks = new JobLooks(model.search);
    const allowed = (number: number): number | undefined => {
      const table = model.search.state.jobs.get(jobName(number));
      return table && looks.of(table).slotsAllowed;
    };
    // All three workers; for "gpus", only those that serve every target; one node of three runs.
    assert.deepEqual([2, 5, 6].map(allowed), [12, 8, 3]);
    assert.equal(allowed(1), undefined);
  });

  test("of hundreds of jobs only those in sight are looked at, and no frame waits for a job's best", () => {
    const stories = Array.from({ length: 300 }, (_, i) => {
      const story = new JobStory({ number: i + 1, hyperparameters: dials, firstParent: i + 1 });
      story.started(`run${i + 1}.1`, [0]);
      story.completed(1, `run${i + 1}.1`, 0.5);
      return story;
    });
    const model = shown(stories, [presence("node-1")]);
    model.show("Jobs");
    const text = linesOf(model, 120, 30).join("\n");
    assert.match(text, /Jobs 300 /);
    assert.match(text, /> job300 .*\n {2}job299 /);
    assert.match(text, /1-\d+ of 300 ▼/);
    // On a screen, frames do not wait for the best of a job: side work finds it, one job at a time.
    const { sideWork } = model.search;
    sideWork.takenBy(() => undefined);
    const looks = new JobLooks(model.search);
    const tables = [...model.search.state.jobs.values()].slice(10, 20);
    const known = (): number => tables.filter((table) => looks.bestOf(table) !== undefined).length;
    model.search.look(3000);
    assert.equal(known(), 0);
    assert.equal(sideWork.step(), true);
    assert.equal(known(), 1);
    while (sideWork.isOpen) sideWork.step();
    assert.equal(known(), 10);
  });

  test("the screen of an empty workspace says what to type, with the words that reach it", () => {
    const model = shown([], [], { flags: " --workspace lab" });
    for (const screen of ["Jobs", "Standings"] as const) {
      model.show(screen);
      const text = linesOf(model, 100, 24).join("\n");
      assert.match(text, /nexus run search\.yaml --workspace lab {3}starts the search; it appears here/, screen);
      assert.match(text, /nexus init +writes a first spec/);
    }
  });
});
