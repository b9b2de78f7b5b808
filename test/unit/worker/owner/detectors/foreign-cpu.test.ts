import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Found } from "../../../../../worker/owner/detectors/detector.ts";
import { ForeignCpu } from "../../../../../worker/owner/detectors/foreign-cpu.ts";
import { KernelCounts } from "../../../../../worker/owner/detectors/kernel-counts.ts";
import { RecordedTree } from "../../../../support/recorded-tree.ts";

/** A machine; each look says how many ticks (1/100 s) its programs took since the last one. */
class Machine {
  readonly #tree = new RecordedTree();
  readonly #cpu: ForeignCpu;
  #all = { user: 1000, nice: 500, system: 300 };
  readonly #own = new Map<number, { user: number; system: number; childUser: number; nice: number }>();
  #now = 0;

  constructor(isSign = true) {
    this.process(1, 0, 0);
    this.#cpu = new ForeignCpu(
      this.#tree.files,
      new KernelCounts(this.#tree.files),
      { pids: () => [...this.#own.keys()] },
      { sign: isSign, load: !isSign },
    );
  }

  /** Adds processor time to one of our own processes. */
  process(pid: number, user: number, niceness: number, childUser = 0): void {
    const before = this.#own.get(pid) ?? { user: 0, system: 0, childUser: 0, nice: niceness };
    this.#own.set(pid, { ...before, user: before.user + user, childUser: before.childUser + childUser });
  }

  end(pid: number): void {
    this.#own.delete(pid);
  }

  /** Looks a quarter of a second later. */
  look(user: number, nice = 0, system = 0): Found {
    this.#all = { user: this.#all.user + user, nice: this.#all.nice + nice, system: this.#all.system + system };
    this.#tree.write(
      "/proc/stat",
      `cpu  ${this.#all.user} ${this.#all.nice} ${this.#all.system} 90 0 0 0 0 0 0\ncpu0 1`,
    );
    for (const [pid, { user: own, system: inKernel, childUser, nice: niceness }] of this.#own) {
      const fields = `S 1 1 1 0 -1 0 0 0 0 0 ${own} ${inKernel} ${childUser} 0 20 ${niceness} 1 0`;
      this.#tree.write(`/proc/${pid}/stat`, `${pid} (a (b) c) ${fields}`);
    }
    this.#now += 250;
    return this.#cpu.look({ wall: this.#now, monotonic: this.#now });
  }
}

describe("other programs' use of the processor", () => {
  test("other programs' use of the processor is a sign after half a second of half a core", () => {
    const machine = new Machine();
    machine.look(0);
    assert.equal(machine.look(2).use, undefined, "a desktop that nobody touches");
    assert.equal(machine.look(25).use, undefined, "whose it was is known from the next look on");
    assert.deepEqual(machine.look(25).use, { at: 1000, what: "other programs use 1.0 cores" });
    assert.equal(machine.look(1).use?.at, 1250, "in half a second");
    assert.equal(machine.look(1).use?.at, 1250);
  });

  test("other programs' use is a sign at the second look, beside runs that wait for a processor too", () => {
    const machine = new Machine();
    machine.process(7, 0, 19);
    machine.look(0, 50);
    machine.look(0, 50);
    machine.process(7, 15, 19);
    assert.equal(machine.look(10, 40).use, undefined, "it has begun between the two looks");
    machine.process(7, 25, 19);
    assert.ok(machine.look(24, 25).use, "the kernel counts a tick more or less");
  });

  test("our having been busy a moment before is no sign of other programs' use of the processor", () => {
    const machine = new Machine();
    machine.process(7, 0, 0);
    machine.look(0);
    machine.look(0);
    machine.process(7, 40, 0);
    machine.look(42);
    assert.equal(machine.look(12).use, undefined, "others use half a core less a tick");
    assert.equal(machine.look(12).use, undefined);
  });

  test("our own use of the processor is no sign, at whatever priority", () => {
    for (const niceness of [0, 19]) {
      const machine = new Machine();
      machine.process(7, 0, niceness);
      machine.look(0);
      for (let i = 0; i < 8; i += 1) {
        machine.process(7, 50, niceness);
        const { use } = niceness === 0 ? machine.look(50) : machine.look(0, 50);
        assert.equal(use, undefined);
      }
    }
  });

  test("other programs' use is seen beside nice runs of ours that take all that is left", () => {
    const machine = new Machine();
    machine.process(7, 0, 19);
    machine.look(0);
    for (let i = 0; i < 3; i += 1) {
      machine.process(7, 25, 19);
      machine.look(25, 25);
    }
    machine.process(7, 25, 19);
    assert.match(machine.look(25, 25).use?.what ?? "", /other programs use 1.0 cores/);
  });

  test("other programs' use of the processor is no sign when it is nice", () => {
    const machine = new Machine();
    machine.look(0);
    for (let i = 0; i < 8; i += 1) assert.equal(machine.look(0, 50).use, undefined);
  });

  test("a run of ours that ends is not taken for another's, whether its parent gets its time or not", () => {
    const machine = new Machine();
    machine.process(7, 100_000, 0);
    machine.look(0);
    for (let i = 0; i < 4; i += 1) {
      machine.process(7, 50, 0);
      assert.equal(machine.look(50).use, undefined);
    }
    // The parent of the ended run gets all of its time.
    machine.end(7);
    machine.process(1, 0, 0, 100_200);
    assert.equal(machine.look(20).use, undefined);
    machine.process(8, 0, 0);
    for (let i = 0; i < 4; i += 1) {
      machine.process(8, 50, 0);
      assert.equal(machine.look(50).use, undefined);
    }
    machine.end(8);
    assert.equal(machine.look(50).use, undefined, "nobody waited for it");
    assert.equal(machine.look(1).use, undefined);
  });

  test("the mean of other programs' use of the processor over a minute is the load", () => {
    const machine = new Machine(false);
    machine.look(0);
    machine.look(0);
    for (let i = 0; i < 240; i += 1) machine.look(25);
    const { load = 0, use } = machine.look(25);
    assert.ok(load > 0.6 && load < 0.7, `${load}`);
    assert.equal(use, undefined, "only the load was wanted");
  });

  test("nobody knows other programs' use of the processor without /proc/stat", () => {
    const tree = new RecordedTree();
    const cpu = new ForeignCpu(
      tree.files,
      new KernelCounts(tree.files),
      { pids: () => [] },
      { sign: true, load: true },
    );
    assert.deepEqual(cpu.look({ wall: 0, monotonic: 0 }), {});
  });
});
