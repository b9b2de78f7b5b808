import { parseArgs } from "node:util";

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly workers: number;
  /** Mean time between two faults, milliseconds. */
  readonly everyMs: number;
  readonly leaseSeconds: number;
}

export const help = `npm run chaos -- [options]

Runs a real search with real processes in a folder of its own, breaks something every second, and holds what is left in the
store against every promise. Ends only what it started.

  --minutes N   how long things break (default 3); then all is mended and the search ends
  --seed N      what breaks, and when (default 1)
  --workers N   workers of two slots each, every one behind a proxy of its own (default 4)
  --every S     mean seconds between two faults (default 0.9)
  --lease S     (default 3)
`;

export function parseChaos(args: readonly string[]): ChaosOptions | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: text,
      seed: text,
      workers: text,
      every: text,
      lease: text,
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const number = (name: "minutes" | "seed" | "workers" | "every" | "lease", usual: number, least: number): number => {
    const value = values[name] === undefined ? usual : Number(values[name]);
    if (!Number.isFinite(value) || value < least)
      throw new Error(`--${name}: expected a number from ${least}, found ${String(values[name])}`);
    return value;
  };
  return {
    minutes: number("minutes", 3, 0.05),
    seed: Math.floor(number("seed", 1, 0)),
    workers: Math.floor(number("workers", 4, 1)),
    everyMs: 1000 * number("every", 0.9, 0.05),
    leaseSeconds: number("lease", 3, 1),
  };
}
