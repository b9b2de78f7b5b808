import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { pause } from "../../../shared/time/deadline.ts";

/**
 * The kernel's groups of processes (cgroup v2), one for each runner, where this worker may make some: in a systemd unit with
 * `Delegate=yes`, as `nexus-worker install-service` writes it, or in a container. A group is frozen and ended as a whole, whatever its
 * processes have done to hide. What the owner allows (--memory, --cpu-share) is kept without groups: a limit of the kernel's would
 * end a run that the worker hands back with its state, and hold only where there are groups.
 *
 *   the worker's own group/nexus-PID/worker    this process, as a group with controllers may hold none itself
 *                         /nexus-PID/runs/MARK  a runner and all that it starts
 */
const controllers = ["cpu", "io", "memory"];

/** Where the kernel shows its groups. A folder that is made there has files at once, and is removed with them. */
export interface GroupFiles {
  readonly groups: string;
  readonly proc: string;
  readonly pid: number;
  make(folder: string): void;
  remove(folder: string): void;
}

const system: GroupFiles = {
  groups: "/sys/fs/cgroup",
  proc: "/proc",
  pid: process.pid,
  make: (folder) => mkdirSync(folder),
  remove: (folder) => rmdirSync(folder),
};

/** What was ended is gone within milliseconds, unless it waits for a disk; then the group stays until the worker's next start. */
const longestEndMs = 10_000;
const lookMs = 5;

/** One runner's group. */
export class RunGroup {
  readonly #folder: string;
  readonly #files: GroupFiles;

  constructor(folder: string, files: GroupFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  /** Words before a command that put it and all that it starts into the group. */
  get words(): readonly string[] {
    return ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', join(this.#folder, "cgroup.procs")];
  }

  /** A shell that ends everything in the group, even what is frozen, once its standard input has ended. */
  get guard(): readonly [string, ...string[]] {
    const oneByOne = 'while read -r pid; do kill -KILL "$pid"; done <"$0/cgroup.procs"';
    const end = `if [ -e "$0/cgroup.kill" ]; then echo 1 >"$0/cgroup.kill"; else ${oneByOne}; fi`;
    return ["/bin/sh", "-c", `read -r _; ${end}`, this.#folder];
  }

  freeze(isFrozen: boolean): void {
    tryWrite(join(this.#folder, "cgroup.freeze"), isFrozen ? "1" : "0");
  }

  /** Ends what is left in the group, and removes the group once that has gone. */
  async remove(): Promise<void> {
    endAll(this.#folder);
    const limit = performance.now() + longestEndMs;
    while (!remove(this.#files, this.#folder) && performance.now() < limit) await pause(lookMs);
  }
}

export class RunGroups {
  readonly #base: string;
  readonly #files: GroupFiles;
  /** What the kernel shares out by group here: some of "cpu", "io", "memory". */
  readonly controllers: readonly string[];

  private constructor(base: string, files: GroupFiles, available: readonly string[]) {
    this.#base = base;
    this.#files = files;
    this.controllers = available;
  }

  /** Undefined where this process may make no groups: no cgroup v2, not delegated, or the group of the whole system. */
  static open(files: GroupFiles = system): RunGroups | undefined {
    const path = /^0::(\/.*)$/m.exec(textOf(join(files.proc, "self/cgroup")))?.[1];
    if (path === undefined) return undefined;
    const own = join(files.groups, path);
    // The group of the whole system has no type.
    if (textOf(join(own, "cgroup.type")).trim() !== "domain") return undefined;
    // Before Linux 5.2: runs would continue while the owner is present.
    if (!existsSync(join(own, "cgroup.freeze"))) return undefined;
    for (const name of readdirSync(own)) if (/^nexus-\d+$/.test(name)) endForgotten(files, join(own, name));
    const base = join(own, `nexus-${files.pid}`);
    try {
      for (const folder of [base, join(base, "worker"), join(base, "runs")]) {
        // The folder of an earlier process with this pid may not have vanished yet.
        if (!existsSync(folder)) files.make(folder);
      }
      // Only the group's owner may move processes into it.
      write(join(base, "worker", "cgroup.procs"), String(files.pid));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      removeTree(files, base);
      return undefined;
    }
    const folders = [own, base, join(base, "runs")];
    const available = controllers.filter((each) => folders.every((folder) => enable(folder, each)));
    return new RunGroups(base, files, available);
  }

  /**
   * A new group; one of low priority gets only what nothing else in this worker's group wants. Undefined if the kernel
   * makes no more: a runner does without.
   */
  add(name: string, isLow: boolean): RunGroup | undefined {
    const folder = join(this.#base, "runs", name);
    try {
      this.#files.make(folder);
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
    if (isLow) {
      // Since Linux 5.15 as SCHED_IDLE; before, the lowest weight.
      if (!tryWrite(join(folder, "cpu.idle"), "1")) tryWrite(join(folder, "cpu.weight"), "1");
      tryWrite(join(folder, "io.weight"), "default 1");
    }
    return new RunGroup(folder, this.#files);
  }
}

/** Ends and removes the groups of a killed worker; those of another living worker are left alone. */
function endForgotten(files: GroupFiles, base: string): void {
  if (textOf(join(base, "worker", "cgroup.procs")).trim() !== "") return;
  const runs = join(base, "runs");
  const groups = existsSync(runs) ? readdirSync(runs, { withFileTypes: true }) : [];
  for (const each of groups) if (each.isDirectory()) endAll(join(runs, each.name));
  removeTree(files, base);
}

/** Ends all processes of a group: since Linux 5.14 at once, before one by one. */
function endAll(folder: string): void {
  if (tryWrite(join(folder, "cgroup.kill"), "1")) return;
  for (const pid of textOf(join(folder, "cgroup.procs")).split("\n").filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      // It has ended, or is another user's.
      if (!["ESRCH", "EPERM"].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    }
  }
}

/** Writes to a file of the kernel; never makes one. */
function write(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_TRUNC);
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** False if there is no such file, or the kernel refuses. */
function tryWrite(file: string, text: string): boolean {
  try {
    write(file, text);
    return true;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

/** False if this group holds other processes (the owner's shell), or does not have the controller. */
function enable(folder: string, controller: string): boolean {
  if (!textOf(join(folder, "cgroup.controllers")).trim().split(" ").includes(controller)) return false;
  return tryWrite(join(folder, "cgroup.subtree_control"), `+${controller}`);
}

const forbidden = new Set(["EACCES", "EPERM", "EROFS", "EBUSY", "ENOENT", "EINVAL", "EOPNOTSUPP", "ENOSPC", "EAGAIN"]);
const isForbidden = (error: unknown): boolean =>
  error instanceof Error && "code" in error && forbidden.has(String(error.code));

function removeTree(files: GroupFiles, folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(files, join(folder, entry.name));
  }
  remove(files, folder);
}

/** False if it still has processes. */
function remove(files: GroupFiles, folder: string): boolean {
  try {
    files.remove(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "EBUSY" || code === "ENOTEMPTY") return false;
    throw error;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // no such file: no such group
  }
}
