import { type JobName, parseJobName } from "../names.ts";
import type { HpTuning } from "../search/searches.ts";
import type { Launcher } from "./check-root.ts";
import type { Expansion } from "./expand.ts";
import { defaultSettings, type JobSettings, mostRuns } from "./job-settings.ts";
import { didYouMean, expectedOneOf, type ProblemList, shown, yaml11Hint } from "./problems.ts";
import { parseBytes, parseInstant, parseSeconds, parseStopRule } from "./quantities.ts";
import { isOff, isOn, type Tree } from "./tree.ts";
import { dereferenced, type MapNode, type Node } from "./yaml-tree.ts";

/** The job_launcher section as a checked value. Settings that are wrong are reported and stand at their defaults. */
export function readSettings(launcher: Launcher, expansion: Expansion, problems: ProblemList): JobSettings {
  const read = new Reader(launcher, expansion, problems);
  const usual = defaultSettings;
  return {
    enabled: read.flag("enabled", usual.enabled),
    hpTuning: read.hpTuning(usual.hpTuning),
    totalRuns: read.wholeNumber("total_runs", 1, mostRuns) ?? usual.totalRuns,
    computeNodes:
      read.wholeNumber("compute_nodes", 1, mostRuns, "null for every worker that comes") ?? usual.computeNodes,
    runsPerNode:
      read.wholeNumber("runs_per_node", 1, mostRuns, "null for as many as a worker has slots") ?? usual.runsPerNode,
    computeTarget: read.target(usual.computeTarget),
    lowPriority: read.flag("low_priority", usual.lowPriority),
    hold: read.flag("hold", usual.hold),
    monitor: read.choice("monitor", ["same", "none", "new"] as const, usual.monitor),
    checkpointEverySeconds: read.seconds("checkpoint_every", "") ?? usual.checkpointEverySeconds,
    maxRunSeconds: read.seconds("max_run_time", ", or null for no limit") ?? usual.maxRunSeconds,
    maxJobSeconds: read.seconds("max_job_time", ", or null for no limit") ?? usual.maxJobSeconds,
    deadline: read.deadline(),
    retries: read.wholeNumber("retries", 0, mostRuns) ?? usual.retries,
    seed: read.wholeNumber("seed", 0, Number.MAX_SAFE_INTEGER, "null to draw one at submission") ?? usual.seed,
    priority: read.priority(usual.priority),
    stopWhen: read.stopRule(),
    coresPerRun: read.wholeNumber("cores_per_run", 1, 4096) ?? usual.coresPerRun,
    memoryPerRun: read.bytes(),
    uploadFiles: read.flag("upload_files", usual.uploadFiles),
    code: read.texts("code", "files and folders beside the spec"),
    confirms: read.job("confirms"),
    dgd: read.dgd(usual.dgd),
  };
}

interface Found {
  readonly value: Tree;
  readonly at: Node;
}

class Reader {
  readonly #launcher: Launcher;
  readonly #expansion: Expansion;
  readonly #problems: ProblemList;

  constructor(launcher: Launcher, expansion: Expansion, problems: ProblemList) {
    this.#launcher = launcher;
    this.#expansion = expansion;
    this.#problems = problems;
  }

  flag(name: string, usual: boolean): boolean {
    const found = this.#find(name);
    if (found === undefined) return usual;
    if (isOn(found.value) || isOff(found.value)) return isOn(found.value);
    this.#refuse(name, found, "expected true or false", ...yaml11Hint(found.value));
    return usual;
  }

  hpTuning(usual: HpTuning): HpTuning {
    const found = this.#find("hp_tuning");
    if (found === undefined) return usual;
    switch (found.value) {
      case "random":
      case "grid":
      case "dgd":
      case false:
        return found.value;
      case "bayesian":
        this.#problems.add(found.at, "hp_tuning: bayesian is not yet available; use dgd");
        return usual;
      default: {
        const words = ["random", "grid", "dgd"];
        const hints = typeof found.value === "string" ? didYouMean(found.value, words) : [];
        this.#refuse("hp_tuning", found, expectedOneOf([...words, "false"]), ...hints, ...yaml11Hint(found.value));
        return usual;
      }
    }
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

  choice<T extends string>(name: string, words: readonly T[], usual: T): T {
    const found = this.#find(name);
    if (found === undefined) return usual;
    const word = words.find((known) => known === found.value);
    if (word !== undefined) return word;
    const hints = typeof found.value === "string" ? didYouMean(found.value, words) : [];
    this.#refuse(name, found, expectedOneOf(words), ...hints);
    return usual;
  }

  /** `nullMeans` says that null is allowed, and what it means. */
  wholeNumber(name: string, least: number, most: number, nullMeans?: string): number | null | undefined {
    const found = this.#find(name);
    if (found === undefined || (found.value === null && nullMeans !== undefined)) return undefined;
    const { value } = found;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${withCommas(most)}`;
    const orNull = nullMeans === undefined ? "" : `, or ${nullMeans}`;
    this.#refuse(name, found, `expected a whole number ${range}${orNull}`);
    return undefined;
  }

  target(usual: string | null): string | null {
    const found = this.#find("compute_target");
    if (found === undefined || found.value === null) return usual;
    if (typeof found.value === "string" && /^[\w.-]+$/.test(found.value)) return found.value;
    this.#refuse(
      "compute_target",
      found,
      "expected the name of a pool (letters, digits, _ - and .), or null for any worker",
    );
    return usual;
  }

  seconds(name: string, orNull: string): number | undefined {
    const found = this.#find(name);
    if (found === undefined || (found.value === null && orNull !== "")) return undefined;
    const seconds = parseSeconds(found.value);
    if (seconds === undefined) {
      this.#refuse(name, found, `expected seconds above 0, or a time such as "30 s", "5 min" or "2 h"${orNull}`);
    }
    return seconds;
  }

  deadline(): number | null {
    const found = this.#find("deadline");
    if (found === undefined || found.value === null) return null;
    const instant = parseInstant(found.value);
    if (instant !== undefined) return instant;
    const zone = "with its zone, since machines differ: Z or +01:00";
    this.#refuse("deadline", found, `expected a time such as 2026-12-01T18:00Z (${zone}), or null for none`);
    return null;
  }

  bytes(): number | null {
    const found = this.#find("memory_per_run");
    if (found === undefined || found.value === null) return null;
    const bytes = parseBytes(found.value);
    if (bytes !== undefined) return bytes;
    this.#refuse("memory_per_run", found, 'expected bytes, or a size such as "512 MB" or "2 GB", or null for no limit');
    return null;
  }

  priority(usual: number): number {
    const found = this.#find("priority");
    if (found === undefined) return usual;
    if (typeof found.value === "number" && found.value > 0 && Number.isFinite(found.value)) return found.value;
    this.#refuse("priority", found, "expected a number above 0; 2 gets twice the share of 1");
    return usual;
  }

  stopRule(): JobSettings["stopWhen"] {
    const found = this.#find("stop_when");
    if (found === undefined || found.value === null) return null;
    const rule = parseStopRule(found.value);
    if (rule !== undefined) return rule;
    const examples = '"hpmax >= 0.05", "best_for > 200", "runs >= 100", "hours > 3"';
    this.#refuse("stop_when", found, `expected a rule such as ${examples}, or null for none`);
    return null;
  }

  job(name: string): JobName | null {
    const found = this.#find(name);
    if (found === undefined || found.value === null) return null;
    const job = typeof found.value === "string" ? parseJobName(found.value) : undefined;
    if (job) return job.name;
    this.#refuse(name, found, "expected the name of a job such as job278, or null for none");
    return null;
  }

  dgd(usual: JobSettings["dgd"]): JobSettings["dgd"] {
    const found = this.#find("dgd");
    const node = found === undefined ? undefined : dereferenced(found.at);
    if (found === undefined || found.value === null) return usual;
    if (node?.kind !== "map") {
      this.#refuse("dgd", found, "expected options such as {count_in_flight: true}");
      return usual;
    }
    for (const { key, at } of node.entries) {
      if (key === "count_in_flight") continue;
      this.#problems.add(
        at,
        `dgd has no option "${key}"`,
        expectedOneOf(["count_in_flight"]),
        ...didYouMean(key, ["count_in_flight"]),
      );
    }
    const option = node.byKey.get("count_in_flight")?.value;
    if (option === undefined) return usual;
    const value = this.#expansion.value(option);
    if (isOn(value) || isOff(value)) return { countInFlight: isOn(value) };
    this.#refuse("count_in_flight", { value, at: option }, "expected true or false", ...yaml11Hint(value));
    return usual;
  }

  #find(name: string): Found | undefined {
    const at = entryOf(this.#launcher.given, name) ?? entryOf(this.#launcher.defaults, name);
    // What stands for nothing, or depends on a hyperparameter, has been reported.
    if (at === undefined || (at.kind === "alias" && (at.hyperparameter >= 0 || at.target === undefined)))
      return undefined;
    return { value: this.#expansion.value(at), at };
  }

  #refuse(name: string, { value, at }: Found, ...hints: string[]): void {
    this.#problems.add(at, `${name} is ${shown(value)}`, ...hints);
  }
}

function entryOf(node: MapNode | undefined, name: string): Node | undefined {
  return node?.byKey.get(name)?.value;
}

function withCommas(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
