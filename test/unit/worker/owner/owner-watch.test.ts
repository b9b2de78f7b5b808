import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Lending } from "../../../../worker/node/lending.ts";
import { CpuQuota } from "../../../../worker/owner/cpu-quota.ts";
import type { Detector, Found, Use } from "../../../../worker/owner/detectors/detector.ts";
import type { Lender } from "../../../../worker/owner/lender.ts";
import { MemoryQuota } from "../../../../worker/owner/memory-quota.ts";
import { OwnerWatch, type WatchPorts } from "../../../../worker/owner/owner-watch.ts";
import { Pretence } from "../../../../worker/owner/pretence.ts";
import { type Rules, usualRules } from "../../../../worker/owner/rules.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";

const minute = 60_000;

/** A worker in simulated time, which writes down what it is told. */
class Told implements Lender {
  running = 0;
  readonly lent: string[] = [];
  slots = 0;
  most = Number.POSITIVE_INFINITY;
  readonly throttled: boolean[] = [];
  readonly handedBack: string[] = [];
  finished = 0;
  lend({ word, why }: Lending): void {
    this.lent.push(why === "" ? word : `${word}: ${why}`);
  }
  resize(slots: number): void {
    this.slots = slots;
  }
  limitRuns(most: number): void {
    this.most = most;
  }
  throttle(isThrottled: boolean): void {
    this.throttled.push(isThrottled);
  }
  handBackNewest(reason: string): string {
    this.handedBack.push(reason);
    return "run1.1";
  }
  finishAfter(): void {}
  finish(): void {
    this.finished += 1;
  }
}

/** An owner whose signs the test makes. */
class Watched {
  readonly #timeline = new Timeline();
  readonly clock = new SimProcess(this.#timeline, "worker", "seed").clock;
  readonly told = new Told();
  readonly said: string[] = [];
  /** What the one detector knows, and how often it was asked. */
  found: Found = {};
  looks = 0;
  closed = 0;
  used = 0;
  taken: number | null = 0;
  changed: { rules: Rules } | { problem: string } | undefined;
  readonly watch: OwnerWatch;

  constructor(rules: Partial<Rules>, { hasDetector = true, pretendMs = 0 } = {}) {
    const detector: Detector = {
      name: "test",
      everyMs: 250,
      look: () => {
        this.looks += 1;
        return this.found;
      },
      close: () => {
        this.closed += 1;
      },
    };
    const tell = (text: string): void => void this.said.push(text);
    const ports: WatchPorts = {
      clock: this.clock,
      log: silentLog,
      lender: this.told,
      source: {
        path: "worker.yaml",
        poll: () => {
          const { changed } = this;
          this.changed = undefined;
          return changed;
        },
      },
      detectors: () => (hasDetector ? [detector] : []),
      memory: new MemoryQuota(this.told, () => this.used),
      cpu: new CpuQuota(this.told, () => this.taken, 4),
      pretence: pretendMs === 0 ? null : new Pretence(pretendMs, tell, () => [this.told.running, this.told.running]),
      tell,
    };
    this.watch = new OwnerWatch(ports, { ...usualRules, ...rules });
    this.watch.start();
  }

  async live(ms: number): Promise<void> {
    const end = this.#timeline.now + ms;
    this.#timeline.plan(null, end, () => undefined);
    await this.#timeline.run(() => this.#timeline.now >= end);
  }

  use(what = "somebody types at pts/3"): void {
    const use: Use = { at: this.clock.monotonic(), what };
    this.found = { use };
  }
}

describe("the watch over an owner", () => {
  test("the owner's watch freezes within a look of the first sign, thaws within one of the idle time's end", async () => {
    const owner = new Watched({ whenIdle: minute });
    await owner.live(5000);
    assert.deepEqual(owner.told.lent, []);
    owner.use();
    await owner.live(250);
    assert.deepEqual(owner.told.lent, ["frozen: somebody types at pts/3"]);
    await owner.live(minute - 260);
    assert.equal(owner.told.lent.length, 1);
    await owner.live(510);
    assert.deepEqual(owner.told.lent.slice(1), ["open"]);
  });

  test("the owner's watch looks four times a second while it lends, and twice while the owner is there", async () => {
    const owner = new Watched({ whenIdle: minute });
    await owner.live(10_000);
    assert.ok(Math.abs(owner.looks - 40) <= 2, `${owner.looks} looks`);
    owner.use();
    await owner.live(1000);
    owner.looks = 0;
    await owner.live(10_000);
    assert.ok(Math.abs(owner.looks - 20) <= 2, `${owner.looks} looks`);
    await owner.live(minute);
    owner.looks = 0;
    await owner.live(10_000);
    assert.ok(Math.abs(owner.looks - 40) <= 2, `${owner.looks} looks`);
  });

  test("what keeps the machine from being lent at the start is told before anything is claimed", () => {
    const owner = new Watched({ hours: [{ from: 0, to: 1, days: [] }] });
    assert.deepEqual(owner.told.lent, ["closed: its owner does not lend it at this hour"]);
  });

  test("the owner's watch has runs handed back after yield-after", async () => {
    const owner = new Watched({ whenIdle: minute, yieldAfter: 2 * minute });
    for (let i = 0; i < 9; i += 1) {
      owner.use();
      await owner.live(minute / 4);
    }
    assert.deepEqual(owner.told.lent, ["frozen: somebody types at pts/3", "closed: somebody types at pts/3"]);
  });

  test("without a rule that needs it, the owner's watch looks at the file alone", async () => {
    const owner = new Watched({}, { hasDetector: false });
    await owner.live(minute);
    assert.deepEqual([owner.looks, owner.told.lent], [0, []]);
  });

  test("the owner's watch obeys a changed file at once, and keeps its rules where the file is broken", async () => {
    const owner = new Watched({ whenIdle: minute, slots: 4 });
    owner.use();
    await owner.live(1000);
    owner.changed = { problem: "worker.yaml:1:1: this is no rule" };
    await owner.live(2000);
    assert.deepEqual(owner.said, ["worker.yaml:1:1: this is no rule"]);
    assert.equal(owner.told.lent.length, 1);
    owner.changed = { rules: { ...usualRules, slots: 2 } };
    await owner.live(1000);
    assert.deepEqual(owner.told.lent.slice(1), ["open"], "no rule asks whether somebody is there");
    assert.equal(owner.told.slots, 2);
    assert.equal(owner.closed, 1, "what the old rules looked at");
    assert.equal(owner.said.at(-1), "worker.yaml has changed: lends always, whether you use this machine or not");
  });

  test("the owner's watch finishes once its time is over", async () => {
    const owner = new Watched({ until: { kind: "after", ms: minute } });
    owner.told.running = 2;
    await owner.live(minute - 1000);
    assert.equal(owner.told.finished, 0);
    await owner.live(2 * minute);
    assert.equal(owner.told.finished, 1);
    assert.deepEqual(owner.said, ["its time is over (--until): finishing 2 runs, taking no more"]);
  });

  test("a pretended owner comes once a run is in hand, stays for his time, and is gone", async () => {
    const owner = new Watched({}, { hasDetector: false, pretendMs: 5000 });
    await owner.live(3000);
    assert.deepEqual(owner.told.lent, []);
    owner.told.running = 2;
    await owner.live(250);
    assert.deepEqual(owner.told.lent, ["frozen: its owner pretends to use it"]);
    await owner.live(6000);
    assert.deepEqual(owner.told.lent.slice(1), ["open"]);
    assert.deepEqual(owner.said, [
      "pretending for 5 s that its owner is there",
      "all 2 processes of its runs stand still after 0 ms",
      "pretending that its owner is gone; from now on only real signs count",
    ]);
  });
});

describe("the limit of memory", () => {
  test("runs above --memory cost the newest one, and one more is taken only when there is room", async () => {
    const owner = new Watched({ memory: 1000e6 });
    owner.told.running = 4;
    owner.used = 1200e6;
    await owner.live(1500);
    assert.deepEqual(owner.told.handedBack, ["its 4 runs took 1200 MB of memory, more than --memory, 1000 MB"]);
    assert.equal(owner.told.most, 3);
    await owner.live(5000);
    assert.equal(owner.told.handedBack.length, 1, "it has not gone yet");
    owner.told.running = 3;
    owner.used = 900e6;
    await owner.live(5000);
    assert.equal(owner.told.most, 3, "a fourth would not fit");
    owner.used = 600e6;
    await owner.live(1500);
    assert.equal(owner.told.most, 4);
  });

  test("a run too large for --memory alone is handed back, and none is taken for a while", async () => {
    const owner = new Watched({ memory: 1000e6 });
    owner.told.running = 1;
    owner.used = 2000e6;
    await owner.live(1500);
    assert.deepEqual([owner.told.handedBack.length, owner.told.most], [1, 0]);
    owner.told.running = 0;
    owner.used = 0;
    await owner.live(9 * minute);
    assert.equal(owner.told.most, 0);
    await owner.live(2 * minute);
    assert.equal(owner.told.most, 1);
  });

  test("the limit on runs goes with the rule --memory", async () => {
    const owner = new Watched({ memory: 1000e6 });
    owner.told.running = 2;
    owner.used = 2000e6;
    await owner.live(1500);
    assert.equal(owner.told.most, 1);
    owner.changed = { rules: usualRules };
    await owner.live(2000);
    assert.equal(owner.told.most, Number.POSITIVE_INFINITY);
  });
});

describe("a share of the processor", () => {
  test("--cpu-share is what runs get over some seconds, however many threads they have", async () => {
    // A quarter of four cores is one.
    const owner = new Watched({ cpuShare: 0.25 });
    let taken = 0;
    const seconds = 60;
    for (let i = 0; i < seconds * 4; i += 1) {
      // While they may, runs take all four.
      const isFrozen = owner.told.throttled.at(-1) ?? false;
      owner.taken = isFrozen ? 0 : 1;
      taken += owner.taken;
      await owner.live(250);
    }
    assert.ok(taken > seconds * 0.9 && taken < seconds * 1.1, `${taken} s in ${seconds} s`);
    assert.equal(owner.told.slots, 1);
  });

  test("what runs took while there was no --cpu-share is not charged when there is one again", () => {
    const told = new Told();
    let [all, counted] = [0, 0];
    const taken = (): number => {
      const more = all - counted;
      counted = all;
      return more;
    };
    const quota = new CpuQuota(told, taken, 4);
    quota.look(0.5, 0);
    quota.look(null, 1000);
    all += 14_400;
    quota.look(0.5, 3_601_000);
    quota.look(0.5, 3_602_000);
    assert.deepEqual(told.throttled, []);
    all += 7;
    quota.look(0.5, 3_603_000);
    assert.deepEqual(told.throttled, [true]);
  });

  test("runs that take less than --cpu-share are never stopped", async () => {
    const owner = new Watched({ cpuShare: 0.5 });
    owner.taken = 0.4;
    await owner.live(minute);
    assert.deepEqual(owner.told.throttled, []);
  });
});
