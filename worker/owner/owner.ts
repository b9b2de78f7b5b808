import { availableParallelism } from "node:os";
import type { Log } from "../../shared/log.ts";
import { childrenOf, descendantsOf, residentBytes } from "../../shared/machine/process-tree.ts";
import type { Clock } from "../../shared/ports.ts";
import { CpuQuota } from "./cpu-quota.ts";
import { type DetectorPorts, detectorsFor } from "./detectors/all-detectors.ts";
import { ticksPerSecond } from "./detectors/kernel-counts.ts";
import { OwnProcesses } from "./detectors/own-processes.ts";
import { OwnTicks } from "./detectors/own-ticks.ts";
import { SystemFiles } from "./detectors/system-files.ts";
import type { Lender } from "./lender.ts";
import { MemoryQuota } from "./memory-quota.ts";
import { OwnerWatch, slotsOf } from "./owner-watch.ts";
import { Pretence } from "./pretence.ts";
import { type Rules, ruleWords } from "./rules.ts";
import { RulesSource, rulesPath, type TypedRules } from "./rules-source.ts";
import { rulesText } from "./said-rules.ts";
import { unknowable } from "./unknowable.ts";

/** This machine's owner: what they allow, and whether they are present. */
export class Owner {
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  readonly #source: RulesSource;
  readonly #rules: Rules;
  readonly #startedWall: number;
  readonly #files: SystemFiles;
  readonly #own = new OwnProcesses();
  #watch: OwnerWatch | undefined;

  /**
   * @param typed  flags; those that are rules take precedence over worker.yaml
   * @param tell   prints a line for the owner
   * @throws UsageError if worker.yaml cannot be used, or if this machine cannot keep a rule
   */
  constructor(typed: TypedRules, clock: Clock, tell: (text: string) => void, files = new SystemFiles()) {
    const given = Object.fromEntries(
      ruleWords.flatMap(({ rule }) => (typed[rule] === undefined ? [] : [[rule, typed[rule]]])),
    );
    this.#clock = clock;
    this.#tell = tell;
    this.#files = files;
    this.#startedWall = clock.wall();
    const { ownerFirst = false } = typed;
    this.#source = new RulesSource(rulesPath(), { ...given, ownerFirst }, (rules) => unknowable(rules, files));
    this.#rules = this.#source.read();
  }

  /** Most runs at once, by the rules now in force. */
  get slots(): number {
    return slotsOf(this.#watch?.rules ?? this.#rules);
  }

  rulesText(): string {
    return rulesText(this.#watch?.rules ?? this.#rules, this.#startedWall);
  }

  /** From now on the worker obeys the rules. @param pretendMs  for how long to pretend that the owner is there */
  watch(lender: Lender, log: Pick<Log, "info" | "warn">, pretendMs?: number): void {
    const own = this.#own;
    const ticks = new OwnTicks(this.#files, own);
    const clock = this.#clock;
    const ports: DetectorPorts = { clock, log, own, runs: () => lender.running, files: this.#files };
    this.#watch = new OwnerWatch(
      {
        clock,
        log,
        lender,
        source: this.#source,
        detectors: (rules) => detectorsFor(wantedBy(rules), ports),
        memory: new MemoryQuota(lender, () =>
          childrenOf(process.pid).reduce((sum, pid) => sum + residentBytes(pid), 0),
        ),
        cpu: new CpuQuota(lender, () => secondsOf(ticks.taken()), availableParallelism()),
        pretence: pretendMs === undefined ? null : new Pretence(pretendMs, this.#tell, () => this.#standStill()),
        tell: this.#tell,
      },
      this.#rules,
    );
    this.#watch.start();
  }

  leave(): void {
    this.#watch?.stop();
  }

  /** How many processes of the runs are suspended, and how many there are. */
  #standStill(): readonly [number, number] {
    const states = childrenOf(process.pid).flatMap((pid) => {
      const below = descendantsOf(pid);
      const own = this.#stateOf(pid);
      // A run's reaper, or the guard of a frozen run, only waits and does no work.
      const waits = own === "S" && (below.length > 0 || this.#files.text(`/proc/${pid}/comm`) === "sh");
      return [...(waits ? [] : [own]), ...below.map((each) => this.#stateOf(each))];
    });
    const living = states.filter((state) => state !== "");
    return [living.filter((state) => state === "T").length, living.length];
  }

  #stateOf(pid: number): string {
    const stat = this.#files.text(`/proc/${pid}/stat`) ?? "";
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  }
}

function wantedBy(rules: Rules): Parameters<typeof detectorsFor>[0] {
  return {
    signs: rules.whenIdle === null ? [] : rules.signs,
    load: rules.maxLoad !== null,
    power: rules.onBattery === "never",
    temperature: rules.maxTemperature !== null,
  };
}

function secondsOf(ticks: ReturnType<OwnTicks["taken"]>): number | null {
  return ticks && (ticks.user + ticks.nice + ticks.system) / ticksPerSecond;
}
