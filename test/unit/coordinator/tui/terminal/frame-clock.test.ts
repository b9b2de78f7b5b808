import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FrameClock } from "../../../../../coordinator/tui/terminal/frame-clock.ts";

describe("frames", () => {
  function clock(options: { cost?: number; drained?: boolean } = {}) {
    const state = { now: 0, frames: 0, rate: 0, cost: options.cost ?? 1, drained: options.drained ?? true };
    const frames = new FrameClock({
      draw: () => {
        state.frames += 1;
        return state.cost;
      },
      isDrained: () => state.drained,
      now: () => state.now,
      onRate: (rate) => {
        state.rate = rate;
      },
    });
    const run = (ms: number, isChanging = true): number => {
      const before = state.frames;
      for (const end = state.now + ms; state.now < end; state.now += 125) {
        if (isChanging) frames.change();
        frames.tick();
      }
      return state.frames - before;
    };
    return { state, run };
  }

  test("frames are at most eight a second, one if nothing changes, none while the last has not left", () => {
    const { state, run } = clock();
    assert.equal(run(4000), 32);
    assert.equal(run(4000, false), 4);
    state.drained = false;
    assert.equal(run(4000), 0);
    state.drained = true;
    assert.ok(run(4000) > 28);
  });

  test("frames are one a second if nobody has pressed a key for ten minutes", () => {
    const { state, run } = clock();
    state.now = 600_001;
    assert.equal(run(4000), 4);
  });

  test("frames are fewer while they cost too much, and as many as before when that is over", () => {
    const { state, run } = clock({ cost: 40 });
    assert.equal(run(2000), 16, "the first ones are not judged");
    assert.equal(state.rate, 0);
    run(4000);
    assert.ok(state.rate > 0 && state.rate <= 2, `${state.rate}`);
    state.cost = 2;
    run(60_000);
    assert.equal(state.rate, 0);
    assert.ok(run(4000) > 28);
  });
});
