import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { type GroupFiles, type RunGroup, RunGroups } from "../../../../../worker/processes/groups/run-groups.ts";
import { mustEnd, temporaryFolder } from "../../../../support/cleanup.ts";

const unit = "user.slice/user-1000.slice/user@1000.service/background.slice/nexus-worker-here.service";
const everywhere = ["type", "procs", "events", "freeze", "kill", "subtree_control"].map((name) => `cgroup.${name}`);
/** Files of a group below one that has enabled these controllers, as Linux 6.12 shows them. */
const filesOf: Readonly<Record<string, readonly string[]>> = {
  cpu: ["cpu.weight", "cpu.idle", "cpu.max"],
  memory: ["memory.high", "memory.max", "memory.current"],
  io: ["io.weight", "io.max"],
};

/** A tree as the kernel shows it to a user's service with `Delegate=yes`. */
class Tree implements GroupFiles {
  readonly groups: string;
  readonly proc: string;
  readonly pid = 4711;
  readonly own: string;

  constructor({ controllers = "cpu io memory pids", type = "domain", line = `0::/${unit}` } = {}) {
    const folder = temporaryFolder();
    this.groups = join(folder, "cgroup");
    this.proc = join(folder, "proc");
    this.own = join(this.groups, unit);
    mkdirSync(join(this.proc, "self"), { recursive: true });
    writeFileSync(join(this.proc, "self", "cgroup"), `${line}\n`);
    mkdirSync(this.own, { recursive: true });
    for (const name of everywhere) this.#write(this.own, name, "");
    this.#write(this.own, "cgroup.type", `${type}\n`);
    this.#write(this.own, "cgroup.controllers", `${controllers}\n`);
  }

  make(folder: string): void {
    mkdirSync(folder);
    // The test's own controllers file of the parent says what was enabled there last; a real one adds them up.
    const enabled = readFileSync(join(dirname(folder), "cgroup.controllers"), "utf8");
    for (const name of everywhere) this.#write(folder, name, "");
    this.#write(folder, "cgroup.controllers", enabled);
    for (const each of enabled.trim().split(" ")) for (const name of filesOf[each] ?? []) this.#write(folder, name, "");
  }

  /** Fails as the kernel does while the group has processes that were not ended. */
  remove(folder: string): void {
    const isBusy = this.read(folder, "cgroup.procs") !== "" && this.read(folder, "cgroup.kill") !== "1";
    if (isBusy) throw Object.assign(new Error("EBUSY: resource busy"), { code: "EBUSY" });
    rmSync(folder, { recursive: true });
  }

  read(...path: string[]): string {
    const file = join(...path);
    return existsSync(file) ? readFileSync(file, "utf8").trim() : "no such file";
  }

  #write(folder: string, name: string, text: string): void {
    writeFileSync(join(folder, name), text);
  }
}

const base = (tree: Tree): string => join(tree.own, "nexus-4711");

describe("groups of runs", () => {
  test("groups of runs are made in a service of the user's own, where the worker moves out of their way", () => {
    const tree = new Tree();
    const groups = RunGroups.open(tree);
    assert.deepEqual(groups?.controllers, ["cpu", "io", "memory"]);
    assert.equal(tree.read(base(tree), "worker", "cgroup.procs"), "4711");
    const group = groups?.add("ab12-3", true);
    const folder = join(base(tree), "runs", "ab12-3");
    assert.deepEqual(group?.words.slice(-1), [join(folder, "cgroup.procs")]);
    assert.equal(tree.read(folder, "cpu.idle"), "1");
    assert.equal(tree.read(folder, "io.weight"), "default 1");
    groups?.add("ab12-4", false);
    assert.equal(tree.read(base(tree), "runs", "ab12-4", "cpu.idle"), "");
  });

  test("a group of runs freezes, goes on, ends and vanishes as a whole", async () => {
    const tree = new Tree();
    const group = RunGroups.open(tree)?.add("ab12-3", true);
    const folder = join(base(tree), "runs", "ab12-3");
    writeFileSync(join(folder, "cgroup.procs"), "100\n101\n");
    group?.freeze(true);
    assert.equal(tree.read(folder, "cgroup.freeze"), "1");
    group?.freeze(false);
    assert.equal(tree.read(folder, "cgroup.freeze"), "0");
    await group?.remove();
    assert.ok(!existsSync(folder));
    await group?.remove();
    group?.freeze(false);
  });

  test("groups of runs use the controllers that the kernel has for them", () => {
    assert.deepEqual(RunGroups.open(new Tree({ controllers: "memory pids" }))?.controllers, ["memory"]);
  });

  test("a group of runs that the kernel cannot end whole is ended one by one, also when its worker dies", async () => {
    const tree = new Tree();
    const groups = RunGroups.open(tree);
    const add = (name: string): readonly [RunGroup, ChildProcess, Promise<unknown>] => {
      const group = groups?.add(name, true);
      const folder = join(base(tree), "runs", name);
      const program = spawn("sleep", ["1000"], { stdio: "ignore" });
      mustEnd(program.pid);
      rmSync(join(folder, "cgroup.kill"));
      writeFileSync(join(folder, "cgroup.procs"), `${program.pid}\n`);
      assert.ok(group);
      program.kill("SIGSTOP");
      return [group, program, once(program, "exit")];
    };
    const [group, program, ended] = add("ab12-3");
    // The guard's standard input has ended before it starts.
    const [shell, ...words] = group.guard;
    spawnSync(shell, words, { stdio: "ignore" });
    await ended;
    assert.equal(program.signalCode, "SIGKILL");
    const [second, other, gone] = add("ab12-4");
    const removed = second.remove();
    await gone;
    assert.equal(other.signalCode, "SIGKILL");
    writeFileSync(join(base(tree), "runs", "ab12-4", "cgroup.procs"), "");
    await removed;
    assert.ok(!existsSync(join(base(tree), "runs", "ab12-4")));
  });

  test("groups of a worker that was killed are ended, and those of one that lives are left alone", () => {
    const tree = new Tree();
    for (const [pid, worker] of [
      [1, ""],
      [2, "2\n"],
    ] as const) {
      const folder = join(tree.own, `nexus-${pid}`);
      for (const each of [folder, join(folder, "worker"), join(folder, "runs")]) tree.make(each);
      writeFileSync(join(folder, "worker", "cgroup.procs"), worker);
    }
    assert.ok(RunGroups.open(tree));
    assert.ok(!existsSync(join(tree.own, "nexus-1")));
    assert.ok(existsSync(join(tree.own, "nexus-2", "runs")));
    assert.ok(RunGroups.open(tree), "also with the number of one that has just ended");
  });

  test("groups of runs are not made with cgroup v1, in the whole system's group, or where it is forbidden", () => {
    assert.equal(RunGroups.open(new Tree({ line: "4:memory:/user" })), undefined);
    assert.equal(RunGroups.open(new Tree({ type: "threaded" })), undefined);
    assert.equal(RunGroups.open(new Tree({ line: "0::/" })), undefined);
    const old = new Tree();
    rmSync(join(old.own, "cgroup.freeze"));
    assert.equal(RunGroups.open(old), undefined, "nothing could be frozen there");
    const tree = new Tree();
    tree.make = () => {
      throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    };
    assert.equal(RunGroups.open(tree), undefined);
    assert.ok(!existsSync(base(tree)));
  });
});
