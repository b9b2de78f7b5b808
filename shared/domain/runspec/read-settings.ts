import { type Goal, maximised } from "../goal.ts";
import type { Hyperparameter } from "../hyperparameter.ts";
import { type JobName, parseJobName } from "../names.ts";
import { prunerNames } from "../pruning/pruner-names.ts";
import { dgdRules } from "../search/dgd.ts";
import { type HpTuning, searchNames } from "../search/searches.ts";
import type { Launcher } from "./check-root.ts";
import type { Expansion } from "./expand.ts";
import { defaultSettings, isCheckpointLimit, type JobSettings, mostRuns, type StopRule } from "./job-settings.ts";
import { readOwnSearch } from "./own-search-setting.ts";
import { expectedOneOf, nearestHint, type ProblemList, shown, yaml11Hint } from "./problems.ts";
import { parseBytes, parseInstant, parseSeconds, parseStopRule } from "./quantities.ts";
import { checkAllowed, checkConditions, type WrittenCondition } from "./read-conditions.ts";
import { isOff, isOn, type Tree } from "./tree.ts";
import { dereferenced, type Node } from "./yaml-tree.ts";

/**
 * The job_launcher section as a checked value. Wrong settings are reported and get their defaults.
 *
 * @param goal  what the job is judged by; null: unknown, because the spec has problems
 */
export function readSettings(
  launcher: Launcher,
  expansion: Expansion,
  hyperparameters: readonly Hyperparameter[],
  problems: ProblemList,
  goal: Goal | null,
): JobSettings {
  const read = new SettingsReader(launcher, expansion, problems);
  const usual = defaultSettings;
  const flag = (name: string): boolean | undefined => read.setting(name, asFlag, "expected true or false", yaml11Hint);
  const runs = (least: number): Parser<number> => wholeNumber(least, mostRuns);
  const mostFailures = read.setting("max_failures_in_a_row", ...orNever(runs(1)));
  const mostAtStart = read.setting("max_failures_at_start", ...orNever(runs(1)));
  return {
    enabled: flag("enabled") ?? usual.enabled,
    hpTuning: read.hpTuning() ?? usual.hpTuning,
    totalRuns: read.setting("total_runs", ...runs(1)) ?? usual.totalRuns,
    computeNodes: read.nullable("compute_nodes", ...runs(1), "null for all workers"),
    runsPerNode: read.nullable("runs_per_node", ...runs(1), "null for as many as a worker has slots"),
    computeTarget: read.nullable("compute_target", ...poolName, "null for any worker"),
    lowPriority: flag("low_priority") ?? usual.lowPriority,
    hold: flag("hold") ?? usual.hold,
    monitor: read.choice("monitor", ["same", "none", "new"] as const) ?? usual.monitor,
    checkpointEverySeconds: read.setting("checkpoint_every", ...seconds) ?? usual.checkpointEverySeconds,
    checkpointLimit: read.setting("checkpoint_limit", ...checkpointBytes) ?? usual.checkpointLimit,
    graceSeconds: read.nullable("grace", ...seconds, "null for what the worker gives"),
    maxRunSeconds: read.nullable("max_run_time", ...seconds, "null for no limit"),
    maxJobSeconds: read.nullable("max_job_time", ...seconds, "null for no limit"),
    deadline: read.nullable("deadline", ...instant, "null for none"),
    retries: read.setting("retries", ...runs(0)) ?? usual.retries,
    seed: read.nullable("seed", ...wholeNumber(0, Number.MAX_SAFE_INTEGER), "null to draw one at submission"),
    priority: read.setting("priority", ...priority) ?? usual.priority,
    stopWhen: read.nullable("stop_when", ...stopRule(goal), "null for none"),
    repeat: read.choice("repeat", ["auto", "never"] as const) ?? usual.repeat,
    maxFailuresInARow: mostFailures === undefined ? usual.maxFailuresInARow : mostFailures,
    maxFailuresAtStart: mostAtStart === undefined ? usual.maxFailuresAtStart : mostAtStart,
    coresPerRun: read.setting("cores_per_run", ...wholeNumber(1, 4096)) ?? usual.coresPerRun,
    ...read.gpus(),
    memoryPerRun: read.nullable("memory_per_run", ...bytes, "null for no limit"),
    uploadFiles: flag("upload_files") ?? usual.uploadFiles,
    network: flag("network") ?? usual.network,
    code: read.texts("code", "files and folders beside the spec"),
    inputs: read.texts("inputs", "data files and folders beside the spec"),
    setup: read.setting("setup", ...commands) ?? usual.setup,
    python: read.nullable("python", ...pythonVersion, "null for any"),
    ignore: read.texts("ignore", "patterns as in a .gitignore file"),
    where: read.conditions("where", hyperparameters),
    require: read.conditions("require", hyperparameters),
    confirms: read.nullable("confirms", ...job, "null for none"),
    dgd: read.dgd() ?? usual.dgd,
    pruning: read.choice("pruning", prunerNames) ?? usual.pruning,
    search: read.ownSearch(),
  };
}

/** Parses a setting, with undefined for a wrong one; and says what is expected, for people. */
type Parser<Value> = readonly [parse: (value: Tree) => Value | undefined, expected: string];

const asFlag = (value: Tree): boolean | undefined => (isOn(value) || isOff(value) ? isOn(value) : undefined);

function wholeNumber(least: number, most: number): Parser<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${withCommas(most)}`;
  const isOne = (value: Tree): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return [(value) => (isOne(value) ? value : undefined), `expected a whole number ${range}`];
}

/** The same parser, which also takes `never` or null; both become null. */
const orNever = ([parse, expected]: Parser<number>): Parser<number | null> => [
  (value) => (value === "never" || value === null ? null : parse(value)),
  `${expected}, or never`,
];

const poolName: Parser<string> = [
  (value) => (typeof value === "string" && /^[\w.-]+$/.test(value) ? value : undefined),
  "expected the name of a pool (letters, digits, _ - and .)",
];
const seconds: Parser<number> = [parseSeconds, 'expected seconds above 0, or a time such as "30 s", "5 min" or "2 h"'];
const instant: Parser<number> = [
  parseInstant,
  "expected a time such as 2026-12-01T18:00Z (with its zone, since machines differ: Z or +01:00)",
];
const priority: Parser<number> = [
  (value) => (typeof value === "number" && value > 0 && Number.isFinite(value) ? value : undefined),
  "expected a number above 0; 2 gets twice the share of 1",
];
const stopRule = (goal: Goal | null): Parser<StopRule> => [
  (value) => parseStopRule(value, goal),
  `expected a rule such as "${goal?.isLow ? `${goal.name} <=` : `${maximised.name} >=`} 0.05", "best_for > 200", "runs >= 100", "hours > 3"`,
];
const bytes: Parser<number> = [parseBytes, 'expected bytes, or a size such as "512 MB" or "2 GB"'];
const checkpointBytes: Parser<number> = [
  (value) => {
    const found = parseBytes(value);
    return found !== undefined && isCheckpointLimit(found) ? found : undefined;
  },
  'expected a size from "1 KB" to "64 GiB", such as "1 GB"',
];
/** One command is a list of words; several commands are a list of such lists. */
const commands: Parser<readonly (readonly string[])[]> = [
  (value) => {
    if (value === null) return [];
    if (!Array.isArray(value)) return undefined;
    const lists = value.some((each) => Array.isArray(each)) ? value : value.length === 0 ? [] : [value];
    const found = lists.map((list) => (Array.isArray(list) ? wordsOf(list) : undefined));
    return found.every((words) => words !== undefined) ? found : undefined;
  },
  "expected a command such as [pip, install, -r, requirements.txt], or a list of commands",
];

function wordsOf(list: readonly Tree[]): readonly string[] | undefined {
  const words = list.flatMap((word) => (typeof word === "string" || typeof word === "number" ? [String(word)] : []));
  return words.length === list.length && words.length > 0 && words[0] !== "" ? words : undefined;
}

/** YAML reads 3.10 as the number 3.1 and 3.20 as 3.2, so these two numbers are refused. */
const pythonVersion: Parser<string> = [
  (value) => {
    const text = typeof value === "number" && value !== 3.1 && value !== 3.2 ? String(value) : value;
    return typeof text === "string" && /^3(\.\d{1,2}){0,2}$/.test(text) ? text : undefined;
  },
  'expected a version of Python such as 3.12, or "3.10" in quotes, since YAML reads 3.10 as 3.1',
];
const job: Parser<JobName> = [
  (value) => (typeof value === "string" ? parseJobName(value)?.name : undefined),
  "expected the name of a job such as job278",
];

const conditionExpected = {
  where: 'expected a condition between hyperparameters, such as "*batch * *accum <= 512", or a list of them',
  require: 'expected a condition on metrics, such as "memory_gb <= 8", or a list of them',
} as const;

interface Found {
  readonly value: Tree;
  readonly at: Node;
}

/** Finds settings in the spec, or else in the defaults. Undefined: the setting is left out, or wrong and reported. */
class SettingsReader {
  readonly #launcher: Launcher;
  readonly #expansion: Expansion;
  readonly #problems: ProblemList;

  constructor(launcher: Launcher, expansion: Expansion, problems: ProblemList) {
    this.#launcher = launcher;
    this.#expansion = expansion;
    this.#problems = problems;
  }

  setting<Value>(
    name: string,
    parse: (value: Tree) => Value | undefined,
    expected: string,
    hints: (value: Tree) => string[] = () => [],
  ): Value | undefined {
    const found = this.#find(name);
    if (found === undefined) return undefined;
    const value = parse(found.value);
    if (value === undefined) this.#refuse(name, found, expected, ...hints(found.value));
    return value;
  }

  /** @param meaning  what null, the default, means */
  nullable<Value>(
    name: string,
    parse: (value: Tree) => Value | undefined,
    expected: string,
    meaning: string,
  ): Value | null {
    if (this.#find(name)?.value === null) return null;
    return this.setting(name, parse, `${expected}, or ${meaning}`) ?? null;
  }

  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const parse = (value: Tree): Word | undefined => words.find((word) => word === value);
    return this.setting(name, parse, expectedOneOf(words), (value) => nearestOf(value, words));
  }

  hpTuning(): HpTuning | undefined {
    return this.setting<HpTuning>(
      "hp_tuning",
      (value) => (value === false ? false : searchNames.find((word) => word === value)),
      expectedOneOf([...searchNames, "false"]),
      (value) => [...nearestOf(value, searchNames), ...yaml11Hint(value)],
    );
  }

  /** Reads a list of texts, or one text; empty if it is null or left out. */
  texts(name: string, what: string): readonly string[] {
    const found = this.#find(name);
    if (!found || found.value === null) return [];
    const list = Array.isArray(found.value) ? found.value : [found.value];
    const texts = list.filter((each): each is string => typeof each === "string" && each !== "");
    if (texts.length === list.length) return texts;
    this.#problems.add(found.at, `${name}: ${shown(found.value)}`, `expected a list of ${what}`);
    return [];
  }

  /** Reads a condition or a list of them; empty if it is null or left out. */
  conditions(name: "where" | "require", hyperparameters: readonly Hyperparameter[]): readonly string[] {
    const found = this.#find(name);
    if (!found || found.value === null) return [];
    const node = dereferenced(found.at);
    const items = node?.kind === "list" ? node.items : [found.at];
    const written: WrittenCondition[] = [];
    for (const item of items) {
      const text = this.#expansion.value(item);
      if (typeof text === "string" && text !== "") written.push({ text, at: item });
      else this.#refuse(name, { value: text, at: item }, conditionExpected[name]);
    }
    const before = this.#problems.size;
    checkConditions(written, hyperparameters, name, this.#problems);
    // Only for a spec without problems: conditions that cannot be read allow nothing.
    if (name === "where" && before === 0 && this.#problems.size === 0) {
      checkAllowed(hyperparameters, written, this.#problems);
    }
    return written.map(({ text }) => text);
  }

  /** If a spec says how many runs share a GPU, but not how many GPUs each run gets, that is one. */
  gpus(): Pick<JobSettings, "gpusPerRun" | "runsPerGpu"> {
    const asked = this.nullable("gpus_per_run", ...wholeNumber(0, 64), "null for none of its own");
    const shared = this.setting("runs_per_gpu", ...wholeNumber(1, 64)) ?? defaultSettings.runsPerGpu;
    const gpusPerRun = asked === null && shared > 1 ? 1 : asked;
    const found = this.#find("runs_per_gpu");
    if (found && shared > 1 && gpusPerRun !== null && gpusPerRun !== 1)
      this.#refuse("runs_per_gpu", found, `expected 1 with gpus_per_run: ${gpusPerRun}; only runs of one GPU share it`);
    return { gpusPerRun, runsPerGpu: shared };
  }

  dgd(): JobSettings["dgd"] | undefined {
    const found = this.#find("dgd");
    if (found === undefined || found.value === null) return undefined;
    const node = dereferenced(found.at);
    if (node?.kind !== "map") {
      const rule = dgdRules.find((each) => each === found.value);
      if (rule) return { rule, countInFlight: rule !== "paper" };
      this.#refuse("dgd", found, expectedOneOf(dgdRules), ...nearestOf(found.value, dgdRules));
      return undefined;
    }
    // A mapping is what specs of earlier versions have.
    const options = ["count_in_flight"];
    for (const { key, at } of node.entries) {
      if (options.includes(key)) continue;
      this.#problems.add(at, `dgd has no option "${key}"`, expectedOneOf(options), ...nearestHint(key, options));
    }
    const option = node.byKey.get("count_in_flight")?.value;
    if (option === undefined) return undefined;
    const value = this.#expansion.value(option);
    const countInFlight = asFlag(value);
    if (countInFlight !== undefined) return { rule: "paper", countInFlight };
    this.#refuse("count_in_flight", { value, at: option }, "expected true or false", ...yaml11Hint(value));
    return undefined;
  }

  ownSearch(): JobSettings["search"] {
    const value = (node: Node): Tree => this.#expansion.value(node);
    return readOwnSearch(this.#find("hp_tuning"), this.#find("search"), value, this.#problems);
  }

  #find(name: string): Found | undefined {
    const { given, defaults } = this.#launcher;
    const at = given?.byKey.get(name)?.value ?? defaults?.byKey.get(name)?.value;
    // An alias to nothing or to a hyperparameter has been reported.
    if (at === undefined || (at.kind === "alias" && (at.hyperparameter >= 0 || at.target === undefined)))
      return undefined;
    return { value: this.#expansion.value(at), at };
  }

  #refuse(name: string, { value, at }: Found, ...hints: string[]): void {
    this.#problems.add(at, `${name} is ${shown(value)}`, ...hints);
  }
}

const nearestOf = (value: Tree, words: readonly string[]): string[] =>
  typeof value === "string" ? nearestHint(value, words) : [];

function withCommas(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
