import { parseArgs } from "node:util";

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly workers: number;
  /** Mean time between two faults, milliseconds. */
  readonly everyMs: number;
  readonly leaseSeconds: number;
  /** Number of faults; Infinity: as many as come in `minutes`. */
  readonly faults: number;
  readonly checkpointSeconds: number;
  readonly runSeconds: number;
}

export const help = `npm run chaos -- [options]

Runs a real search with real processes in a folder of its own, breaks something every second, and holds what is left in the
store against every promise. Ends only what it started.

  --minutes N       how long things break (default 3); then all is mended and the search ends by itself, ten runs later
  --faults N        end after so many faults, however long that takes
  --seed N          what breaks, and when (default 1)
  --workers N       workers of two slots each, every one behind a proxy of its own (default 4)
  --every S         mean seconds between two faults (default 0.9)
  --lease S         (default 3)
  --checkpoint S    checkpoint_every (default 1)
  --run-seconds S   how long one run trains (default 2)
`;

const flags = {
  minutes: { usual: 3, least: 0.05 },
  faults: { usual: Number.POSITIVE_INFINITY, least: 1 },
  seed: { usual: 1, least: 0 },
  workers: { usual: 4, least: 1 },
  every: { usual: 0.9, least: 0.05 },
  lease: { usual: 3, least: 1 },
  checkpoint: { usual: 1, least: 0.1 },
  "run-seconds": { usual: 2, least: 0.1 },
} as const;
type Flag = keyof typeof flags;
const mostMinutes = 120;

/** Undefined if help was requested. @throws Error that names the wrong option */
export function parseChaos(args: readonly string[]): ChaosOptions | undefined {
  const text = { type: "string" } as const;
  const names = Object.keys(flags) as Flag[];
  const parsed = parseArgs({
    args: [...args],
    options: { ...Object.fromEntries(names.map((name) => [name, text])), help: { type: "boolean", short: "h" } },
  });
  const values: Readonly<Record<string, string | boolean | undefined>> = parsed.values;
  if (values["help"]) return undefined;
  const number = (name: Flag): number => {
    const { usual, least } = flags[name];
    const found = values[name];
    if (found === undefined) return usual;
    const value = Number(found);
    if (!Number.isFinite(value) || value < least)
      throw new Error(`--${name}: expected a number from ${least}, found ${String(found)}`);
    return value;
  };
  return {
    minutes: values["faults"] !== undefined && values["minutes"] === undefined ? mostMinutes : number("minutes"),
    faults: number("faults"),
    seed: Math.floor(number("seed")),
    workers: Math.floor(number("workers")),
    everyMs: 1000 * number("every"),
    leaseSeconds: number("lease"),
    checkpointSeconds: number("checkpoint"),
    runSeconds: number("run-seconds"),
  };
}

/** The command that repeats a chaos run. */
export function commandOf(options: ChaosOptions): string {
  const given: Readonly<Record<Flag, number>> = {
    minutes: options.minutes,
    faults: options.faults,
    seed: options.seed,
    workers: options.workers,
    every: options.everyMs / 1000,
    lease: options.leaseSeconds,
    checkpoint: options.checkpointSeconds,
    "run-seconds": options.runSeconds,
  };
  const words = (Object.keys(flags) as Flag[]).flatMap((name) =>
    given[name] === flags[name].usual ? [] : [`--${name} ${given[name]}`],
  );
  return ["npm run chaos --", ...words].join(" ");
}
