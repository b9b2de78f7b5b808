import { availableParallelism } from "node:os";
import { UsageError } from "../../../shared/errors.ts";
import type { Task } from "./measuring.ts";

export interface BenchOptions {
  readonly surfaces: readonly string[];
  readonly searches: readonly string[];
  readonly workers: readonly number[];
  /** The seeds themselves. */
  readonly seeds: readonly number[];
  /** For every number of workers; null: `defaultBudgets`. */
  readonly budgets: readonly number[] | null;
  readonly peers: boolean;
  readonly processes: number;
  /** Where to write every outcome; null: nowhere. */
  readonly json: string | null;
  readonly help: boolean;
  /** Budgets up to 5,000 runs. */
  readonly full: boolean;
}

/** The names that options may use. */
export interface Known {
  readonly surfaces: readonly string[];
  readonly searches: readonly string[];
  readonly peers: readonly string[];
}

const quick = { surfaces: ["gbm", "synthetic", "variants", "second-peak"], workers: [10, 100], seeds: 12 };
const full = { workers: [1, 10, 100], seeds: 40 };
/** Seeds with peers, which take from 10 ms to some seconds a choice. */
const peerSeeds = { quick: 3, full: 10 };

/** Budgets that fit a number of workers: the more workers, the more runs. */
export function defaultBudgets(workers: number, isFull: boolean): number[] {
  if (workers < 4) return [25, 50, 100];
  if (workers < 40) return [50, 100, 200, 400];
  return isFull ? [100, 250, 500, 1000, 2000, 5000] : [100, 250, 500, 1000];
}

const valued = ["--surfaces", "--searches", "--workers", "--seeds", "--budgets", "--processes", "--json"];
const flags = ["--full", "--peers", "--help"];

/**
 * @throws UsageError that says what was found and what was expected
 */
export function readOptions(args: readonly string[], known: Known): BenchOptions {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [option = "", joined] = splitOption(args[i] ?? "");
    if (given.has(option)) throw new UsageError(`${option} is given twice`);
    if (flags.includes(option) && joined === undefined) given.set(option, "");
    else if (valued.includes(option)) given.set(option, valueGiven(option, joined ?? args[++i]));
    else throw new UsageError(`found ${args[i]}; expected one of ${[...valued, ...flags].join(", ")}`);
  }
  const isFull = given.has("--full");
  const peers = given.has("--peers");
  const ownDefault = known.searches.filter((each) => isFull || each === "random" || each === "dgd");
  const searches = namesOf(given, "--searches", [...known.searches, ...known.peers]) ?? [
    ...ownDefault,
    ...(peers ? known.peers : []),
  ];
  const asked = searches.find((each) => known.peers.includes(each));
  if (asked !== undefined && !peers)
    throw new UsageError(`--searches: ${asked} is a peer's; with --peers it is installed and run`);
  const seedCount = peers ? peerSeeds[isFull ? "full" : "quick"] : (isFull ? full : quick).seeds;
  return {
    surfaces:
      namesOf(given, "--surfaces", known.surfaces, (name) => name.endsWith(".json")) ??
      (isFull ? known.surfaces : quick.surfaces),
    searches,
    workers: numbersOf(given, "--workers", 1000) ?? (isFull ? full : quick).workers,
    seeds: seedsOf(given.get("--seeds")) ?? Array.from({ length: seedCount }, (_, i) => i + 1),
    budgets: numbersOf(given, "--budgets", 100_000)?.toSorted((a, b) => a - b) ?? null,
    peers,
    processes: numbersOf(given, "--processes", 256)?.[0] ?? Math.max(1, Math.min(8, availableParallelism())),
    json: given.get("--json") ?? null,
    help: given.has("--help"),
    full: isFull,
  };
}

/** Every search to run, with seeds outermost so that all cells fill evenly. */
export function tasksOf({ surfaces, searches, workers, seeds, budgets, full: isFull }: BenchOptions): Task[] {
  return seeds.flatMap((seed) =>
    surfaces.flatMap((surface) =>
      workers.flatMap((count) =>
        searches.map((search) => ({
          surface,
          search,
          workers: count,
          seed,
          budgets: budgets ?? defaultBudgets(count, isFull),
        })),
      ),
    ),
  );
}

function splitOption(arg: string): [option: string, value?: string] {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return at === -1 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function valueGiven(option: string, value: string | undefined): string {
  if (value === undefined || value === "" || value.startsWith("--"))
    throw new UsageError(`${option} has no value; expected, say, ${option} ${examples[option]}`);
  return value;
}

const examples: Readonly<Record<string, string>> = {
  "--surfaces": "gbm,synthetic",
  "--searches": "random,dgd",
  "--workers": "10,100",
  "--seeds": "40",
  "--budgets": "50,100,200",
  "--processes": "2",
  "--json": "outcomes.json",
};

function namesOf(
  given: ReadonlyMap<string, string>,
  option: string,
  known: readonly string[],
  isAlso: (name: string) => boolean = () => false,
): string[] | null {
  const text = given.get(option);
  if (text === undefined) return null;
  const names = [...new Set(text.split(",").map((name) => name.trim()))];
  for (const name of names) {
    if (!known.includes(name) && !isAlso(name))
      throw new UsageError(`${option}: no "${name}"; expected some of ${known.join(", ")}, with commas between`);
  }
  return names;
}

function numbersOf(given: ReadonlyMap<string, string>, option: string, most: number): number[] | null {
  const text = given.get(option);
  if (text === undefined) return null;
  return [...new Set(text.split(",").map((part) => wholeNumber(option, part, most)))];
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new UsageError(
      `${option}: found "${text}"; expected a whole number from 1 to ${most}, say ${option} ${examples[option]}`,
    );
  return value;
}

/** `40` means seeds 1 to 40; `41-80` means those. At least two, or there is no interval. */
function seedsOf(text: string | undefined): number[] | null {
  if (text === undefined) return null;
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const first = from === undefined ? 1 : wholeNumber("--seeds", from, 1_000_000);
  const last = wholeNumber("--seeds", to ?? text, 1_000_000);
  if (last <= first)
    throw new UsageError(`--seeds: found "${text}"; expected at least two seeds, as in --seeds 40 or --seeds 41-80`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
