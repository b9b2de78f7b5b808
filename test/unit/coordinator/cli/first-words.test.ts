import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommandLine } from "../../../../coordinator/cli/command-line.ts";
import { questionOf } from "../../../../coordinator/cli/control/control.ts";
import { namedTargets } from "../../../../coordinator/cli/control/control-targets.ts";
import { parentStatus } from "../../../../coordinator/words/status-words.ts";
import { exitCode } from "../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";

// Words that newcomers type, and what commands say of jobs that are over.

async function said(...words: string[]): Promise<string> {
  const texts: string[] = [];
  const output = { result: (text: string) => void texts.push(text), note: (text: string) => void texts.push(text) };
  assert.equal(await runCommandLine(words, output), exitCode.usage, words.join(" "));
  return texts.join("");
}

test("an unknown command is answered with where the commands are listed, or what it is called here", async () => {
  assert.match(await said("frobnicate"), /unknown command 'frobnicate'\n {2}to see the commands: nexus --help\n$/);
  assert.match(await said("kill", "job1"), /unknown command 'kill'\n.*here that is: nexus cancel\n$/s);
  assert.match(await said("rm", "job1"), /unknown command 'rm'\n.*here that is: nexus delete\n$/s);
  assert.match(await said("list", "trials"), /\n {2}to see the commands: nexus list --help\n$/);
  assert.match(await said("list", "runs", "--frob"), /\n {2}to see what it takes: nexus list runs --help\n$/);
  assert.match(await said("cancel"), /missing required argument 'targets'\n {2}to see what it takes: nexus cancel/);
});

test("cancelling asks nothing about jobs and runs that have ended", () => {
  const story = new JobStory({ number: 1, settings: { totalRuns: 2 } });
  story.completed(story.started("run1.1", []), "run1.1", 1, 1, {});
  const open = stateOf(story);
  const job = (state: typeof open) => namedTargets(["job1"], state, "ws1");
  const question = questionOf("cancel", job(open), open);
  assert.equal(question.isGrave, true);
  assert.equal(question.effects.length, 1);
  const runs = questionOf("cancel", namedTargets(["run1.1"], open, "ws1"), open);
  assert.deepEqual([runs.isGrave, runs.effects], [false, []]);
  story.over("completed");
  const over = stateOf(story);
  assert.deepEqual(questionOf("cancel", job(over), over), { verb: "cancel", effects: [], isGrave: false });
});

test("the status of parent runs that no worker took becomes their job's when it ends", () => {
  for (const state of ["completed", "cancelled"] as const) {
    const story = new JobStory({ number: 1, parents: 2, settings: { totalRuns: 1 } });
    const words = (): string[] => {
      const table = stateOf(story).jobs.get(story.job);
      return table ? table.parents.map((parent) => parentStatus(table, parent)) : [];
    };
    assert.deepEqual(words(), ["allocating", "allocating"]);
    story.over(state);
    assert.deepEqual(words(), [state, state]);
  }
});
