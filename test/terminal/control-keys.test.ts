import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type Pane, Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();
const { swarm } = search;
let pane: Pane;

before(async () => {
  // No run ends by itself while a question about it is open.
  await search.start(3600);
  pane = tmux.open([120, 40], search.script(), { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await pane.shows(/^job1 +maze +RUNNING[\s\S]*▶ Standings/);
});

test("control keys ask with effect, count and command; Enter alone changes nothing; y does", async () => {
  const asked = await pane.answers(["P"], /pauses job1: 2 running runs go on, nothing new starts \(4998 to come\)/);
  assert.match(asked, /the same in a shell: nexus pause job1/);
  await pane.says(["Enter"], /nothing was changed/);
  assert.equal((await swarm.table(search.job)).state, "searching");
  await pane.answers(["P"], /really\?/);
  await pane.answers(["y"], /^job1 +maze +PAUSED/);
  await pane.answers(["R"], /resumes job1/);
  await pane.answers(["y"], /^job1 +maze +RUNNING/);
});

test("a run is cancelled by X and y, not by X and Enter, and no other run with it", async () => {
  await pane.answers(["2"], /▶ Runs/);
  await pane.answers(["/", "C-u", "status=running", "Enter"], /Runs 2 of 2 filter: status=running/);
  const asked = await pane.answers(["g", "X"], /cancels run1\.\d+ now: without a result/);
  const run = /cancels (run1\.\d+) now/.exec(asked)?.[1];
  await pane.says(["Enter"], /nothing was changed/);
  assert.equal((await swarm.table(search.job)).outcomes.cancelled, 0);
  await pane.answers(["X"], new RegExp(`cancels ${run} now`));
  await pane.says(["y"], new RegExp(`done: cancels ${run}`));
  const { outcomes, state } = await swarm.when("it has ended", search.job, ({ outcomes }) => outcomes.cancelled > 0);
  assert.deepEqual([outcomes.cancelled, state], [1, "searching"]);
});

test("a worker that ends in good order has left, at once and in that word", async () => {
  const leaving = swarm.worker("lab-2", ["--slots", "1"]);
  await pane.answers(["Escape", "3"], /lab-2 +● busy +1\/1/);
  leaving.child.kill("SIGTERM");
  const text = await pane.shows(/lab-2 +\. left/);
  assert.doesNotMatch(text, /lab-2 is lost/);
  await pane.shows(/worker lab-2 has left: the worker got SIGTERM/);
});

test("a whole job is cancelled only when its name is typed", async () => {
  // Without a coordinator there is nothing to ask.
  await pane.shows(/^job1 +maze +RUNNING/);
  await pane.answers(["Escape", "q"], /\[c\] cancel job1/);
  await pane.answers(["c"], /type job1 and Enter/);
  // A part of the name is not the name.
  await pane.answers(["job", "Enter"], /type job1 and Enter.*job_/);
  await pane.says(["Escape"], /nothing was changed/);
  assert.equal((await swarm.table(search.job)).state, "searching");
  await pane.shows(/^job1 +maze +RUNNING/);
  await pane.answers(["q"], /\[c\] cancel job1/);
  await pane.answers(["c"], /type job1 and Enter/);
  pane.press("job1", "Enter");
  await pane.shows(/exit=0/);
  await swarm.when("the job is over", search.job, ({ isOver }) => isOver);
});
