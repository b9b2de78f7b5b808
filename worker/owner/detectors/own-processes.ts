import { childrenOf } from "../../../shared/machine/process-tree.ts";
import type { OwnRuns } from "./detector.ts";

/** This process and all its descendants, as the kernel lists them. */
export class OwnProcesses implements OwnRuns {
  readonly #root: number;

  /** @param root  a process of Node's */
  constructor(root = process.pid) {
    this.#root = root;
  }

  pids(): readonly number[] {
    const pids = childrenOf(this.#root, [this.#root]);
    // The list grows while it is walked.
    for (const pid of pids) pids.push(...childrenOf(pid));
    return [this.#root, ...pids];
  }
}
