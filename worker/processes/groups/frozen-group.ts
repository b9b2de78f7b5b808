import { spawn } from "node:child_process";
import type { RunGroup } from "./run-groups.ts";

/** A runner's group, suspended until `thaw`. As with FrozenProcess, a guard ends it if this process ends before. */
export class FrozenGroup {
  readonly #group: RunGroup;
  readonly #guard;

  constructor(group: RunGroup) {
    this.#group = group;
    group.freeze(true);
    const [command, ...words] = group.guard;
    this.#guard = spawn(command, words, {
      stdio: ["pipe", "ignore", "ignore"],
      // In its own process group, so that Ctrl-C in a terminal does not reach it before us.
      detached: true,
    });
    // Without a guard, the group is frozen anyway.
    this.#guard.on("error", () => undefined);
    this.#guard.stdin?.on("error", () => undefined);
    this.#guard.unref();
  }

  /** Continues it; call it once. */
  thaw(): void {
    this.#guard.kill("SIGKILL");
    this.#group.freeze(false);
  }
}
