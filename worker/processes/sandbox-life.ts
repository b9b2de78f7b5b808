import type { Readable } from "node:stream";
import { identify, isAlive, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { pause } from "../../shared/time/deadline.ts";

/** The end of a sandbox takes milliseconds, unless a process in it waits for a disk. */
const longestEndMs = 10_000;
const lookMs = 5;

/**
 * The first process of a sandbox. When it ends, the kernel ends all others there, and it is gone only after them. bubblewrap's own
 * process, our child, may be gone before.
 */
export class SandboxLife {
  #first: ProcessIdentity | undefined;

  /** @param info  where bubblewrap gives the pid of the first process (`--info-fd`) */
  constructor(info: Readable) {
    let text = "";
    info.setEncoding("utf8");
    info.on("error", () => undefined);
    info.on("data", (chunk: string) => {
      if (text.length > 1000) return;
      text += chunk;
      const pid = /"child-pid": (\d+)/.exec(text)?.[1];
      if (pid !== undefined) this.#first ??= identify(Number(pid));
    });
  }

  /** Ends everything in it. False if nothing is known of it yet. */
  end(): boolean {
    if (!this.#first || !isAlive(this.#first)) return false;
    process.kill(this.#first.pid, "SIGKILL");
    return true;
  }

  /** Resolves when nothing in it runs any more. */
  async gone(): Promise<void> {
    this.end();
    const limit = performance.now() + longestEndMs;
    while (this.#first && isAlive(this.#first) && performance.now() < limit) await pause(lookMs);
  }
}
