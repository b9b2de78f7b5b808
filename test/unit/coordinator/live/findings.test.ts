import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { evaluated } from "../../../../coordinator/cli/evaluate/eval.ts";
import { type Findings, findingsOf } from "../../../../coordinator/live/findings.ts";
import {
  type Evaluator,
  evaluatorThread,
  type FindingsAnswer,
  FindingsDesk,
  type FindingsQuestion,
} from "../../../../coordinator/live/findings-desk.ts";
import type { LiveSearch } from "../../../../coordinator/live/live-search.ts";
import { leadOf } from "../../../../shared/domain/evaluation/lead.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";
import { searchOf } from "../../../support/stories/shown-story.ts";

const lr = ordered("lr", [1, 2, 3, 4, 5]);

function story(runs: number): JobStory {
  const told = new JobStory({ number: 1, hyperparameters: [lr], settings: { totalRuns: 40 } });
  for (let i = 1; i <= runs; i += 1) complete(told, i);
  return told;
}

const complete = (told: JobStory, i: number): void =>
  told.completed(told.started(`run1.${i}`, [i % 5]), `run1.${i}`, 0.1 * (i % 5) + 0.01 * Math.sin(i));

/** An evaluator that answers only when the test says so. */
class Slow implements Evaluator {
  readonly asked: FindingsQuestion[] = [];
  #answer: (answer: FindingsAnswer) => void = () => undefined;
  stopped = 0;

  ask(question: FindingsQuestion): Promise<FindingsAnswer> {
    this.asked.push(question);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  async answer(findings: Findings | null, tookMs: number): Promise<void> {
    this.#answer({ findings, tookMs });
    await new Promise((resolve) => setImmediate(resolve));
  }

  stop(): void {
    this.stopped += 1;
  }
}

const foundIn = (search: LiveSearch): Findings => {
  const findings = search.table && findingsOf(search.table);
  assert.ok(findings);
  return findings;
};

describe("the findings beside a screen's frames", () => {
  test("findings are asked for when runs have ended, within a share of a core, and once a job is over", async () => {
    const told = story(12);
    const search = searchOf(told);
    const evaluator = new Slow();
    let changes = 0;
    const desk = new FindingsDesk(search, evaluator, () => {
      changes += 1;
    });
    const more = (): void => {
      const begun = told.events.length;
      complete(told, told.events.length);
      for (const event of told.events.slice(begun)) search.happened(event, apply(search.state, event));
    };
    desk.look(0);
    desk.look(500);
    assert.equal(evaluator.asked.length, 1, "one question at a time");
    await evaluator.answer(foundIn(search), 400);
    assert.equal(changes, 1);
    assert.equal(search.findings?.completed, 12);
    desk.look(20_000);
    assert.equal(evaluator.asked.length, 1, "nothing has ended since");
    more();
    desk.look(9999);
    assert.equal(evaluator.asked.length, 1, "it took 400 ms, so it rests for 10 s");
    desk.look(10_000);
    assert.equal(evaluator.asked.length, 2);
    await evaluator.answer(foundIn(search), 400);
    told.over();
    const [over] = told.events.slice(-1);
    assert.ok(over);
    search.happened(over, apply(search.state, over));
    desk.look(10_001);
    assert.equal(evaluator.asked.length, 3, "the last verdict comes at once");
    desk.stop();
    assert.equal(evaluator.stopped, 1);
  });

  test("the thread that finds gives its memory back before a long pause, and is asked again after it", async () => {
    const told = story(12);
    const search = searchOf(told);
    const evaluator = new Slow();
    const desk = new FindingsDesk(search, evaluator, () => undefined);
    desk.look(0);
    await evaluator.answer(foundIn(search), 500);
    assert.equal(evaluator.stopped, 1);
    const begun = told.events.length;
    complete(told, told.events.length);
    for (const event of told.events.slice(begun)) search.happened(event, apply(search.state, event));
    desk.look(12_500);
    await evaluator.answer(foundIn(search), 10);
    assert.deepEqual([evaluator.asked.length, evaluator.stopped, search.findings?.completed], [2, 1, 13]);
  });

  test("findings are not asked for where there is nothing to compare", () => {
    const evaluator = new Slow();
    const single = new JobStory({ number: 1, hyperparameters: [ordered("lr", [1])] });
    single.completed(single.started("run1.1", [0]), "run1.1", 1);
    for (const told of [story(0), single]) new FindingsDesk(searchOf(told), evaluator, () => undefined).look(0);
    assert.equal(evaluator.asked.length, 0);
  });

  test("the lead counts on from the findings as nexus eval would count it", () => {
    const told = story(12);
    const search = searchOf(told);
    search.hasDesk = true;
    assert.equal(search.lead, null);
    search.found(foundIn(search));
    assert.ok(search.table);
    assert.deepEqual(search.lead, leadOf(search.table));
  });

  test("findings about another job are not shown", () => {
    const search = searchOf(story(12));
    const findings = foundIn(search);
    search.found({ ...findings, job: new JobStory({ number: 2 }).job });
    assert.equal(search.findings, null);
  });

  test("findings come from a thread, and are what nexus eval says", async () => {
    const told = story(20);
    const search = searchOf(told);
    assert.ok(search.table);
    const thread = evaluatorThread();
    const found = new Promise<void>((resolve) => {
      new FindingsDesk(search, thread, resolve).look(0);
    });
    await found;
    thread.stop();
    const { verdict, history } = evaluated(search.table);
    const { estimates: _, ...said } = verdict;
    assert.deepEqual(search.findings?.verdict, said);
    assert.deepEqual(search.findings?.rows, history.rows);
  });
});
