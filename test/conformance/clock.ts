import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Clock, EndSignal } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { Ending } from "../../shared/time/ending.ts";
import { SimProcess } from "../simulate/sim-process.ts";
import { eventually } from "../support/patience.ts";
import { runningTimeline } from "./running-timeline.ts";

interface ClockRig {
  readonly clock: Clock;
  /** Stops the clock's process for `ms`; resolves when it runs again. */
  standStill(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ClockImplementation {
  readonly name: string;
  /** Whether a timer keeps its operating system process alive. A simulated process is none. */
  readonly keepsProcesses: boolean;
  readonly start: () => ClockRig;
}

export const clockImplementations: readonly ClockImplementation[] = [
  {
    name: "the system",
    keepsProcesses: true,
    start: () => ({
      clock: systemClock,
      standStill: async (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
      stop: async () => undefined,
    }),
  },
  {
    name: "the simulator",
    keepsProcesses: false,
    start: () => {
      const { timeline, stop } = runningTimeline();
      const process = new SimProcess(timeline, "one", "one");
      return {
        clock: process.clock,
        standStill: (ms) =>
          new Promise((resolve) => {
            process.freeze();
            timeline.plan(null, timeline.now + ms, () => {
              process.thaw();
              resolve();
            });
          }),
        stop,
      };
    },
  },
];

/** A call may come up to 1 ms early; half a millisecond more for the reading of the clock. */
const earlyMs = 1.5;

export function clockSuite({ name, keepsProcesses, start }: ClockImplementation): void {
  const check = (title: string, body: (rig: ClockRig) => Promise<void>): void => {
    test(title, async () => {
      const rig = start();
      try {
        await body(rig);
      } finally {
        await rig.stop();
      }
    });
  };

  describe(`the clock of ${name}`, { concurrency: 4 }, () => {
    check("monotonic time never goes back, and wall time is whole milliseconds since 1970", async ({ clock }) => {
      let last = clock.monotonic();
      for (let i = 0; i < 50; i += 1) {
        await clock.pause(1);
        const now = clock.monotonic();
        assert.ok(now >= last);
        last = now;
      }
      assert.ok(Number.isInteger(clock.wall()) && clock.wall() > Date.UTC(2020));
    });

    check("a pause takes its time, and 0 is as soon as possible", async ({ clock }) => {
      for (const ms of [0, 0.5, 1, 20]) {
        const startedAt = clock.monotonic();
        await clock.pause(ms);
        assert.ok(clock.monotonic() - startedAt >= ms - earlyMs, `${ms} ms`);
      }
    });

    check("a pause ends when its signal aborts, and leaves no listener on it", async ({ clock }) => {
      for (const make of [() => new AbortController(), () => new Ending()]) {
        const end = make();
        const signal = "signal" in end ? end.signal : end;
        let isOver = false;
        const pausing = clock.pause(1e9, signal).then(() => {
          isOver = true;
        });
        await clock.pause(5);
        assert.ok(!isOver);
        end.abort();
        await pausing;
        await clock.pause(1e9, signal);
      }
      const counted = countingSignal();
      await clock.pause(1, counted);
      assert.equal(counted.listeners, 0);
    });

    check("a clock's `after` fires once, never within the call that asked for it", async ({ clock }) => {
      let calls = 0;
      const startedAt = clock.monotonic();
      let calledAt = 0;
      clock.after(10, () => {
        calls += 1;
        calledAt = clock.monotonic();
      });
      clock.after(0, () => {
        calls += 10;
      });
      assert.equal(calls, 0);
      await eventually("both are called", () => calls === 11);
      assert.ok(calledAt - startedAt >= 10 - earlyMs);
      await clock.pause(30);
      assert.equal(calls, 11);
    });

    check("calls that a clock was asked for with the same delay come in the order asked for", async ({ clock }) => {
      const order: number[] = [];
      for (let i = 0; i < 20; i += 1) clock.after(5, () => order.push(i));
      await eventually("all are called", () => order.length === 20);
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
    });

    check("a cancelled timer does not fire, however often it is cancelled", async ({ clock }) => {
      let calls = 0;
      const count = (): void => {
        calls += 1;
      };
      const one = clock.after(5, count);
      const many = clock.every(5, count);
      const far = clock.after(2 ** 31 - 1, count);
      for (const timer of [one, many, far, one]) timer.cancel();
      await clock.pause(30);
      assert.equal(calls, 0);
      const done = clock.after(1, count);
      await eventually("it is called", () => calls === 1);
      done.cancel();
    });

    check("a clock's `every` fires until cancelled, also from within its action", async ({ clock }) => {
      let calls = 0;
      const startedAt = clock.monotonic();
      const timer = clock.every(5, () => {
        calls += 1;
        if (calls === 4) timer.cancel();
      });
      await eventually("it was called four times", () => calls === 4);
      assert.ok(clock.monotonic() - startedAt >= 4 * (5 - earlyMs));
      await clock.pause(30);
      assert.equal(calls, 4);
    });

    check(
      "after a standstill each due call runs once, and missed turns of `every` are not made up for",
      async (rig) => {
        const { clock } = rig;
        let [once, turns] = [0, 0];
        const startedAt = clock.monotonic();
        clock.after(5, () => {
          once += 1;
        });
        const timer = clock.every(10, () => {
          turns += 1;
        });
        await rig.standStill(500);
        await eventually("it goes on", () => once > 0 && turns > 0);
        const awakeMs = clock.monotonic() - startedAt - 500;
        timer.cancel();
        assert.equal(once, 1);
        assert.ok(turns <= 2 + awakeMs / (10 - earlyMs), `${turns} turns`);
      },
    );

    check("an unreferenced timer still fires while its process lives", async ({ clock }) => {
      let calls = 0;
      const timer = clock.after(2, () => {
        calls += 1;
      });
      assert.equal(timer.unref(), timer);
      const turning = clock.every(2, () => {
        calls += 1;
      });
      assert.equal(turning.unref(), turning);
      await eventually("both are called", () => calls > 3);
      turning.cancel();
    });

    test(
      keepsProcesses
        ? "a timer keeps its process alive, unless told not to"
        : "no timer keeps a simulation alive (difference from the system's clock)",
      async () => {
        if (keepsProcesses) {
          assert.equal(lastWords("after(2000, () => console.log('called'))"), "called");
          assert.equal(lastWords("after(1e9, () => console.log('called')).unref()"), "");
          assert.equal(lastWords("every(1e9, () => console.log('called')).unref()"), "");
          return;
        }
        const { clock, stop } = start();
        clock.after(1e9, () => assert.fail("it was waited for"));
        clock.every(1e9, () => assert.fail("it was waited for"));
        await stop();
      },
    );
  });
}

/** What a process prints if this call of the system's clock is its whole program. */
function lastWords(call: string): string {
  const clock = fileURLToPath(new URL("../../shared/time/clock.js", import.meta.url));
  const code = `import { systemClock } from ${JSON.stringify(clock)}; systemClock.${call};`;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  assert.equal(status, 0);
  return stdout.trim();
}

function countingSignal(): EndSignal & { listeners: number } {
  return {
    aborted: false,
    listeners: 0,
    addEventListener() {
      this.listeners += 1;
    },
    removeEventListener() {
      this.listeners -= 1;
    },
  };
}
