import { type JobName, parseJobName } from "../names.ts";
import type { HpTuning } from "../search/searches.ts";
import type { Launcher } from "./check-root.ts";
import type { Expansion } from "./expand.ts";
import { defaultSettings, type JobSettings, mostRuns, type StopRule } from "./job-settings.ts";
import { expectedOneOf, nearestHint, type ProblemList, shown, yaml11Hint } from "./problems.ts";
import { parseBytes, parseInstant, parseSeconds, parseStopRule } from "./quantities.ts";
import { isOff, isOn, type Tree } from "./tree.ts";
import { dereferenced, type Node } from "./yaml-tree.ts";

/** The job_launcher section as a checked value. Wrong settings are reported and get their defaults. */
export function readSettings(launcher: Launcher, expansion: Expansion, problems: ProblemList): JobSettings {
  const read = new SettingsReader(launcher, expansion, problems);
  const usual = defaultSettings;
  const flag = (name: string): boolean | undefined => read.setting(name, asFlag, "expected true or false", yaml11Hint);
  const runs = (least: number): Parser<number> => wholeNumber(least, mostRuns);
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
    maxRunSeconds: read.nullable("max_run_time", ...seconds, "null for no limit"),
    maxJobSeconds: read.nullable("max_job_time", ...seconds, "null for no limit"),
    deadline: read.nullable("deadline", ...instant, "null for none"),
    retries: read.setting("retries", ...runs(0)) ?? usual.retries,
    seed: read.nullable("seed", ...wholeNumber(0, Number.MAX_SAFE_INTEGER), "null to draw one at submission"),
    priority: read.setting("priority", ...priority) ?? usual.priority,
    stopWhen: read.nullable("stop_when", ...stopRule, "null for none"),
    coresPerRun: read.setting("cores_per_run", ...wholeNumber(1, 4096)) ?? usual.coresPerRun,
    memoryPerRun: read.nullable("memory_per_run", ...bytes, "null for no limit"),
    uploadFiles: flag("upload_files") ?? usual.uploadFiles,
    network: flag("network") ?? usual.network,
    code: read.texts("code", "files and folders beside the spec"),
    confirms: read.nullable("confirms", ...job, "null for none"),
    dgd: read.dgd() ?? usual.dgd,
  };
}

/** Parses a setting, undefined if it is wrong; and what is expected, for people. */
type Parser<Value> = readonly [parse: (value: Tree) => Value | undefined, expected: string];

const asFlag = (value: Tree): boolean | undefined => (isOn(value) || isOff(value) ? isOn(value) : undefined);

function wholeNumber(least: number, most: number): Parser<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${withCommas(most)}`;
  const isOne = (value: Tree): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return [(value) => (isOne(value) ? value : undefined), `expected a whole number ${range}`];
}

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
const stopRule: Parser<StopRule> = [
  parseStopRule,
  'expected a rule such as "hpmax >= 0.05", "best_for > 200", "runs >= 100", "hours > 3"',
];
const bytes: Parser<number> = [parseBytes, 'expected bytes, or a size such as "512 MB" or "2 GB"'];
const job: Parser<JobName> = [
  (value) => (typeof value === "string" ? parseJobName(value)?.name : undefined),
  "expected the name of a job such as job278",
];

interface Found {
  readonly value: Tree;
  readonly at: Node;
}

/** Finds settings in the spec, or else in the defaults. Undefined means left out, or wrong, which has been reported. */
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
    const found = this.#find("hp_tuning");
    if (found?.value === "bayesian") {
      this.#problems.add(found.at, "hp_tuning: bayesian is not yet available; use dgd");
      return undefined;
    }
    const words = ["random", "grid", "dgd"] as const;
    return this.setting<HpTuning>(
      "hp_tuning",
      (value) => (value === false ? false : words.find((word) => word === value)),
      expectedOneOf([...words, "false"]),
      (value) => [...nearestOf(value, words), ...yaml11Hint(value)],
    );
  }

  /** A list of texts, or one text; null and nothing: none. */
  texts(name: string, what: string): readonly string[] {
    const found = this.#find(name);
    if (!found || found.value === null) return [];
    const list = Array.isArray(found.value) ? found.value : [found.value];
    const texts = list.filter((each): each is string => typeof each === "string" && each !== "");
    if (texts.length === list.length) return texts;
    this.#problems.add(found.at, `${name}: ${shown(found.value)}`, `expected a list of ${what}`);
    return [];
  }

  dgd(): JobSettings["dgd"] | undefined {
    const found = this.#find("dgd");
    if (found === undefined || found.value === null) return undefined;
    const node = dereferenced(found.at);
    if (node?.kind !== "map") {
      this.#refuse("dgd", found, "expected options such as {count_in_flight: true}");
      return undefined;
    }
    const options = ["count_in_flight"];
    for (const { key, at } of node.entries) {
      if (options.includes(key)) continue;
      this.#problems.add(at, `dgd has no option "${key}"`, expectedOneOf(options), ...nearestHint(key, options));
    }
    const option = node.byKey.get("count_in_flight")?.value;
    if (option === undefined) return undefined;
    const value = this.#expansion.value(option);
    const countInFlight = asFlag(value);
    if (countInFlight !== undefined) return { countInFlight };
    this.#refuse("count_in_flight", { value, at: option }, "expected true or false", ...yaml11Hint(value));
    return undefined;
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
