import { parseArgs } from "node:util";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";

/** Kinds of faults; each is switched on by its name. */
export const faultKinds = [
  "lost",
  "returned",
  "frozen",
  "slow",
  "lying",
  "flapping",
  "cut",
  "broken",
  "lossy",
  "clocks",
  "coordinator",
  "broker",
  "orders",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface SimulationOptions {
  readonly workers: number;
  readonly slots: number;
  readonly trials: number;
  readonly seed: number;
  readonly faults: ReadonlySet<FaultKind>;
  /** Mean time between two faults of one worker, milliseconds. */
  readonly workerFaultMs: number;
  /** Mean time between two faults of the coordinators, and of the broker, milliseconds. */
  readonly coordinatorFaultMs: number;
  readonly brokerFaultMs: number;
  /** Mean time between two orders of an operator, milliseconds. */
  readonly orderMs: number;
  readonly leaseMs: number;
  /** Mean time of a run's training, milliseconds. */
  readonly trainingMs: number;
  readonly reports: number;
  readonly search: string;
  /** Default: none. */
  readonly pruning?: string;
  /** Share of runs whose own code fails; 1 in 100 when left out. A job that pauses for them is resumed at once. */
  readonly fails?: number;
  /** Called with every journal record as it is stored. */
  readonly onRecord?: (event: JournalEvent) => void;
  /** Whether the broker stores messages that it should refuse, to show that the checks notice. */
  readonly isUnfenced?: boolean;
}

const defaults = {
  slots: 2,
  workerFaultMs: 1_800_000,
  coordinatorFaultMs: 300_000,
  brokerFaultMs: 600_000,
  orderMs: 120_000,
  leaseMs: 30_000,
  trainingMs: 20_000,
  reports: 4,
} as const;

export const help = `npm run simulate -- [options]

  --workers N      machines, each with --slots (default 100; the coordinators and the broker are beside them)
  --slots N        trials at once on each (default ${defaults.slots})
  --trials N       total_runs of the job (default 20 for each slot)
  --seed N         everything follows from it; the same seed gives the same journal, byte for byte (default 1)
  --faults A,B     of ${faultKinds.join(", ")};
                   "all" (default) or "none"
  --fault-every S  mean seconds between two faults of one worker (default ${defaults.workerFaultMs / 1000}); the same for
  --coordinator-fault-every S (default ${defaults.coordinatorFaultMs / 1000}) and
  --broker-fault-every S (default ${defaults.brokerFaultMs / 1000})
  --order-every S  mean seconds between two orders of an operator (default ${defaults.orderMs / 1000})
  --lease S        seconds (default ${defaults.leaseMs / 1000})
  --training S     mean seconds of one run (default ${defaults.trainingMs / 1000})
  --reports N      reports of one run (default ${defaults.reports})
  --search NAME    dgd, bayesian, random or grid (default dgd)
  --pruning NAME   none, model, median or asha (default none)
`;

export function parseOptions(args: readonly string[]): SimulationOptions | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      workers: text,
      slots: text,
      trials: text,
      seed: text,
      faults: text,
      "fault-every": text,
      "coordinator-fault-every": text,
      "broker-fault-every": text,
      "order-every": text,
      lease: text,
      training: text,
      reports: text,
      search: text,
      pruning: text,
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const number = (name: keyof typeof values, usual: number, least: number): number => {
    const given = values[name];
    const value = given === undefined ? usual : Number(given);
    if (!Number.isFinite(value) || value < least)
      throw new Error(`--${name}: expected a number from ${least}, found ${String(given)}`);
    return value;
  };
  const whole = (name: keyof typeof values, usual: number, least: number): number => {
    const value = number(name, usual, least);
    if (!Number.isInteger(value)) throw new Error(`--${name}: expected a whole number, found ${value}`);
    return value;
  };
  const workers = whole("workers", 100, 1);
  const slots = whole("slots", defaults.slots, 1);
  const trainingMs = 1000 * number("training", defaults.trainingMs / 1000, 0.001);
  return {
    workers,
    slots,
    trials: whole("trials", 20 * workers * slots, 1),
    seed: whole("seed", 1, 0),
    faults: faultsNamed(values.faults ?? "all"),
    workerFaultMs: 1000 * number("fault-every", defaults.workerFaultMs / 1000, 0.1),
    coordinatorFaultMs: 1000 * number("coordinator-fault-every", defaults.coordinatorFaultMs / 1000, 0.1),
    brokerFaultMs: 1000 * number("broker-fault-every", defaults.brokerFaultMs / 1000, 0.1),
    orderMs: 1000 * number("order-every", defaults.orderMs / 1000, 0.1),
    leaseMs: 1000 * number("lease", defaults.leaseMs / 1000, 0.1),
    trainingMs,
    reports: whole("reports", defaults.reports, 1),
    search: values.search ?? "dgd",
    ...(values.pruning === undefined ? {} : { pruning: values.pruning }),
  };
}

function faultsNamed(text: string): Set<FaultKind> {
  if (text === "all") return new Set(faultKinds);
  if (text === "none" || text === "") return new Set();
  return new Set(
    text.split(",").map((name) => {
      const found = faultKinds.find((kind) => kind === name.trim());
      if (!found) throw new Error(`--faults: expected all, none, or some of ${faultKinds.join(", ")}; found "${name}"`);
      return found;
    }),
  );
}

/** The command that repeats a simulation. */
export function commandFor(options: SimulationOptions): string {
  const { workers, slots, trials, seed, faults, leaseMs, trainingMs, reports, search, pruning } = options;
  const { workerFaultMs, coordinatorFaultMs, brokerFaultMs, orderMs } = options;
  const named = faults.size === faultKinds.length ? "all" : faults.size === 0 ? "none" : [...faults].join(",");
  return (
    `npm run simulate -- --workers ${workers} --slots ${slots} --trials ${trials} --seed ${seed} --faults ${named} ` +
    `--fault-every ${workerFaultMs / 1000} --coordinator-fault-every ${coordinatorFaultMs / 1000} ` +
    `--broker-fault-every ${brokerFaultMs / 1000} --order-every ${orderMs / 1000} --lease ${leaseMs / 1000} --training ${trainingMs / 1000} ` +
    `--reports ${reports} --search ${search}${pruning === undefined ? "" : ` --pruning ${pruning}`}`
  );
}
