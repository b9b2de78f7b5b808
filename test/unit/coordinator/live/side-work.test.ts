import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Lately } from "../../../../coordinator/live/lately.ts";
import { SideWork } from "../../../../coordinator/live/side-work.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import type { Steps } from "../../../../shared/domain/steps.ts";
import { SimulatedSearch } from "../../../support/stories/simulated-search.ts";

describe("work beside the frames", () => {
  test("side work is done at once while nobody takes its steps, and a step at a time where somebody does", () => {
    const work = new SideWork();
    const done: string[] = [];
    function* steps(name: string): Steps {
      done.push(`${name}1`);
      yield;
      done.push(`${name}2`);
    }
    const [a, b] = [{}, {}];
    work.ask(a, () => steps("a"));
    assert.deepEqual(done.splice(0), ["a1", "a2"]);
    let woken = 0;
    const leave = work.takenBy(() => {
      woken += 1;
    });
    work.ask(a, () => steps("a"));
    work.ask(b, () => steps("b"));
    work.ask(a, () => steps("a"));
    assert.deepEqual([done.length, woken, work.isOpen], [0, 2, true]);
    assert.deepEqual([work.step(), work.step(), work.step(), work.step()], [false, true, false, true]);
    assert.deepEqual(done.splice(0), ["a1", "a2", "b1", "b2"]);
    assert.deepEqual([work.step(), work.isOpen], [false, false]);
    work.ask(a, () => steps("a"));
    work.step();
    leave();
    assert.equal(work.isOpen, false, "what was begun is dropped");
    work.ask(a, () => steps("a"));
    assert.deepEqual(done, ["a1", "a1", "a2"]);
  });

  test("a recent value is made at once at first, later beside the frames, and less often if it is dear", () => {
    const work = new SideWork();
    work.takenBy(() => undefined);
    let time = 0;
    const lately = new Lately(work, {
      make: ({ at }: { at: number }) => {
        time += 10;
        return at;
      },
      versionOf: ({ at }) => at,
      clock: () => time,
    });
    const source = { at: 1 };
    assert.equal(lately.of(source, 0), 1);
    source.at = 2;
    assert.equal(lately.of(source, 499), 1);
    assert.equal(work.isOpen, false, "10 ms are 2% of 500");
    assert.equal(lately.of(source, 500), 1);
    work.step();
    assert.equal(lately.of(source, 500), 2);
    assert.equal(lately.of(source, 5000), 2);
    assert.equal(work.isOpen, false, "nothing has changed");
    assert.equal(lately.of({ at: 7 }, 5001), 7, "of another there is nothing to show yet");
  });

  test("model, standings and time left are made beside the frames; until then, frames show the last ones", () => {
    const swarm = new SimulatedSearch({ runs: 300, workers: 5, learns: true }, 1e12);
    const { model } = swarm;
    const { search } = model;
    search.sideWork.takenBy(() => undefined);
    const frame = (now: number): string =>
      frameLines(model, 200, 60, now)
        .map((line) => line.map(({ text }) => text).join(""))
        .join("\n");
    const finish = (): void => {
      while (search.sideWork.isOpen) search.sideWork.step();
    };
    frame(0);
    finish();
    const { leader } = search;
    const made = search.table?.model.now;
    for (let i = 0; i < 40; i += 1) swarm.complete();
    const rowsBefore = model.lists.standings.rows;
    const text = frame(60_000);
    assert.ok(text.includes(`runs ${search.table?.ended}/`), "what costs nothing is new");
    assert.equal(search.leader, leader);
    assert.equal(model.lists.standings.rows, rowsBefore);
    finish();
    assert.notEqual(search.table?.model.now, made);
    assert.notEqual(search.leader, leader);
    assert.notEqual(model.lists.standings.rows, rowsBefore);
    const of = (all: string): string => all.split("\n").slice(0, 2).join("\n");
    assert.equal(of(frame(60_001)), of(frame(60_002)), "and then it stays");
  });
});
