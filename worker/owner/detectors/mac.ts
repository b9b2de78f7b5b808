import { execFile } from "node:child_process";
import type { Log } from "../../../shared/log.ts";
import { type Detector, type Found, type Now, newOrLast, type Use } from "./detector.ts";

/** What macOS's own tools say. @throws Error if they cannot be started */
export type AskTool = (command: string, words: readonly string[]) => Promise<string>;

export const askTool: AskTool = (command, words) =>
  new Promise((resolve, reject) => {
    execFile(command, [...words], { timeout: 5000, maxBuffer: 1 << 20 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });

/** From a failure to the next question. */
const againMs = 60_000;

/** Asks a tool of macOS every so often, and keeps what its answer means. */
class MacTool implements Detector {
  readonly name: string;
  readonly everyMs: number;
  readonly #ask: () => Promise<Found>;
  readonly #log: Pick<Log, "warn">;
  readonly #untold: (now: Now) => Found;
  #found: Found | undefined;
  #isAsking = false;
  #isFailureTold = false;
  #askAt = Number.NEGATIVE_INFINITY;

  /** @param untold  what counts until it has answered, and from a failure to its next answer */
  constructor(
    name: string,
    everyMs: number,
    log: Pick<Log, "warn">,
    ask: () => Promise<Found>,
    untold: (now: Now) => Found,
  ) {
    this.#untold = untold;
    this.name = name;
    this.everyMs = everyMs;
    this.#ask = ask;
    this.#log = log;
  }

  look(now: Now): Found {
    if (!this.#isAsking && now.monotonic >= this.#askAt) {
      this.#isAsking = true;
      void this.#ask()
        .then(
          (found) => {
            this.#found = newOrLast(this.#found ?? {}, found);
            this.#isFailureTold = false;
          },
          (error: unknown) => {
            this.#found = undefined;
            this.#askAt = now.monotonic + againMs;
            if (!this.#isFailureTold) this.#log.warn(`${this.name}: ${String(error)}; it is asked again every minute`);
            this.#isFailureTold = true;
          },
        )
        .finally(() => {
          this.#isAsking = false;
        });
    }
    return this.#found ?? this.#untold(now);
  }

  close(): void {}
}

/** Keyboard, mouse and touchpad of a Mac, by ioreg. Each look starts a process, so it looks only twice a second. */
export function macIdle(ask: AskTool, now: () => Now, log: Pick<Log, "warn">): Detector {
  let use: Use | undefined;
  const idle = async (): Promise<Found> => {
    const answer = await ask("/usr/sbin/ioreg", ["-c", "IOHIDSystem", "-r", "-d", "1", "-k", "HIDIdleTime"]);
    const idleMs = hidIdleMs(answer);
    if (idleMs === undefined) throw new Error("ioreg tells no HIDIdleTime");
    const at = now().monotonic - idleMs;
    if (!use || at > use.at) use = { at, what: "somebody uses its keyboard or pointer" };
    return { use };
  };
  // While it does not answer, somebody may sit in front of it.
  return new MacTool("desktop", 500, log, idle, ({ monotonic }) => ({
    use: { at: monotonic, what: "somebody may use its desktop" },
  }));
}

/** Milliseconds since the last event of an input device, from ioreg's nanoseconds; undefined if the answer has none. */
export function hidIdleMs(answer: string): number | undefined {
  const nanoseconds = /"HIDIdleTime"\s*=\s*(\d+)/.exec(answer)?.[1];
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;
}

/** Whether a MacBook runs on battery, or a Mac on a UPS, by pmset. */
export function macPower(ask: AskTool, log: Pick<Log, "warn">): Detector {
  const power = async (): Promise<Found> => {
    const [, source] = /drawing from '(\w+) Power'/.exec(await ask("/usr/bin/pmset", ["-g", "batt"])) ?? [];
    if (source === undefined) throw new Error("pmset tells no power source");
    return { onBattery: source !== "AC" };
  };
  return new MacTool("power", 10_000, log, power, () => ({ onBattery: null }));
}
