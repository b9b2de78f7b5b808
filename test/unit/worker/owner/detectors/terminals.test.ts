import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConsoleKeys } from "../../../../../worker/owner/detectors/console-keys.ts";
import type { Now } from "../../../../../worker/owner/detectors/detector.ts";
import { KernelCounts } from "../../../../../worker/owner/detectors/kernel-counts.ts";
import { Terminals } from "../../../../../worker/owner/detectors/terminals.ts";
import { RecordedTree } from "../../../../support/recorded-tree.ts";

/** Seconds since 1970 at which the worker started. */
const start = 1_795_000_000;
const at = (seconds: number): Now => ({ wall: (start + seconds) * 1000, monotonic: seconds * 1000 });
const alone = { pids: () => [1] };

describe("terminals", () => {
  test("a terminal is used when a program reads what was typed, not when it prints", () => {
    const tree = new RecordedTree({ "/dev/pts/3": "", "/dev/pts/ptmx": "" });
    tree.touch("/dev/pts/3", start - 600, start - 600);
    const terminals = new Terminals(tree.files, alone);
    assert.deepEqual(terminals.look(at(0)).use, { at: -600_000, what: "somebody types at pts/3" });
    tree.touch("/dev/pts/3", start - 600, start + 1);
    assert.equal(terminals.look(at(1)).use?.at, -600_000, "it printed");
    tree.touch("/dev/pts/3", start + 2, start + 1);
    assert.equal(terminals.look(at(2)).use?.at, 2000);
    assert.equal(terminals.look(at(60)).use?.at, 2000);
  });

  test("a key typed at a terminal is new however the clock was put", () => {
    const tree = new RecordedTree({ "/dev/pts/3": "" });
    tree.touch("/dev/pts/3", start - 600, start);
    const terminals = new Terminals(tree.files, alone);
    terminals.look(at(0));
    // The clock is put forward by an hour after the key.
    tree.touch("/dev/pts/3", start, start);
    const { use } = terminals.look({ wall: (start + 3600) * 1000, monotonic: 250 });
    assert.equal(use?.at, 0);
    // And back by a day.
    tree.touch("/dev/pts/3", start - 86_400, start);
    assert.equal(terminals.look({ wall: (start - 86_400) * 1000, monotonic: 500 }).use?.at, 500);
  });

  test("a terminal that opens counts as used, and one that closes is forgotten", () => {
    const tree = new RecordedTree({ "/dev/pts/0": "" });
    tree.touch("/dev/pts/0", start - 600, start);
    const terminals = new Terminals(tree.files, alone);
    terminals.look(at(0));
    tree.write("/dev/pts/1", "");
    tree.touch("/dev/pts/1", start + 5, start + 5);
    assert.deepEqual(terminals.look(at(5)).use, { at: 5000, what: "somebody types at pts/1" });
    tree.remove("/dev/pts/1");
    assert.equal(terminals.look(at(6)).use?.at, 5000);
  });

  test("of the consoles the one that has the keyboard counts", () => {
    const tree = new RecordedTree({ "/sys/class/tty/tty0/active": "tty2", "/dev/tty1": "", "/dev/tty2": "" });
    for (const name of ["tty1", "tty2"]) tree.touch(`/dev/${name}`, start - 600, start);
    const terminals = new Terminals(tree.files, alone);
    terminals.look(at(0));
    tree.touch("/dev/tty1", start + 1, start);
    assert.equal(terminals.look(at(1)).use?.at, -600_000);
    tree.touch("/dev/tty2", start + 2, start);
    assert.deepEqual(terminals.look(at(2)).use, { at: 2000, what: "somebody types at tty2" });
  });
});

describe("built-in keyboards", () => {
  const stat = (...counts: number[]): string => `cpu  1 2 3 4 5 6 7 0 0 0\nintr 999 ${counts.join(" ")}\nctxt 5`;
  const interrupts = `           CPU0       CPU1
  0:         35          0   IO-APIC   2-edge      timer
  1:      53419          0   IO-APIC   1-edge      i8042
  8:          0          0   IO-APIC   8-edge      rtc0
NMI:          0          0   Non-maskable interrupts`;

  test("a built-in keyboard is used when its interrupt counts on", () => {
    const tree = new RecordedTree({ "/proc/interrupts": interrupts, "/proc/stat": stat(35, 10, 0) });
    const keys = new ConsoleKeys(tree.files, new KernelCounts(tree.files));
    assert.deepEqual(keys.look(at(0)), {}, "what was before nobody knows");
    tree.write("/proc/stat", stat(99, 10, 7));
    assert.deepEqual(keys.look(at(1)), {}, "others counted on");
    tree.write("/proc/stat", stat(99, 12, 7));
    assert.deepEqual(keys.look(at(2)).use, { at: 2000, what: "somebody uses its keyboard or pointer" });
    assert.equal(keys.look(at(3)).use?.at, 2000);
  });

  test("a server has no built-in keyboard", () => {
    const tree = new RecordedTree({ "/proc/interrupts": " 25:  1  IO-APIC  virtio0", "/proc/stat": stat(1) });
    assert.deepEqual(new ConsoleKeys(tree.files, new KernelCounts(tree.files)).look(at(0)), {});
    assert.deepEqual(new ConsoleKeys(new RecordedTree().files, new KernelCounts(tree.files)).look(at(0)), {});
  });
});
