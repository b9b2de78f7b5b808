import { counted } from "../../../shared/domain/counted.ts";
import {
  type Configuration,
  configurationKey,
  type Hyperparameter,
  type Range,
} from "../../../shared/domain/hyperparameter.ts";
import { firstMarks } from "../../../shared/domain/ranges/first-marks.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";
import type { ToldRun } from "../../../shared/domain/search/own-search.ts";
import { anyConfiguration } from "../../../shared/domain/search/space.ts";
import { endGraceMs, type Launch } from "../program.ts";
import { exclude, refuse, report } from "../protocol.ts";
import { startMs as usualStartMs } from "../search-process.ts";
import { Broken, keysOf, type Ready, TriedSearch, toldRun } from "./tried-search.ts";

/**
 * The conformance suite of `nexus check-search`: what a coordinator relies on, tried on the real program, a line for each promise.
 * docs/own-search.md lists the promises.
 */

export interface Subject {
  /** What to start; each test starts a new one. */
  launch(): Launch;
  /** Hyperparameters to choose from; null: those of the suite. */
  readonly hyperparameters: readonly Hyperparameter[] | null;
  /** Constraints between them. */
  readonly where: readonly string[];
  readonly seed: number;
  readonly answerSeconds: number;
  /** Time to say "ready", and from the end of its input to SIGKILL; left out: a coordinator's. */
  readonly startMs?: number;
  readonly graceMs?: number;
}

export interface Finding {
  readonly promise: string;
  /** "" if it holds. */
  readonly problem: string;
  /** What else is worth knowing, such as times. */
  readonly note: string;
}

const ordered = (name: string, values: Hyperparameter["values"]): Hyperparameter => ({
  name,
  ordered: true,
  values,
  tuned: values[0] ?? null,
});
const ranged = (name: string, range: Range): Hyperparameter => ({ ...ordered(name, firstMarks(range)), range });
const usual: readonly Hyperparameter[] = [
  ordered("lr", [0.0001, 0.001, 0.01, 0.1]),
  ordered("layers", [1, 2, 3, 4, 5]),
  { name: "core", ordered: false, values: ["GRU", "=MLP", true, null], tuned: "GRU" },
];
/** Names that are words of Python and JavaScript, one value, many values, values added while a search ran, and ranges. */
const odd: readonly Hyperparameter[] = [
  ordered("lambda", [1]),
  { name: "constructor", ordered: false, values: ["é ☃", 'quote"d', ""], tuned: "" },
  ordered(
    "many",
    Array.from({ length: 2000 }, (_, i) => i / 7),
  ),
  { ...ordered("grown", [1, 4, 2]), dial: [0, 2, 1], grown: [{ from: 2, after: 1 }] },
  ranged("rate", { from: 1e-5, to: 1e-2, scale: "log" }),
  ranged("decay", { from: 1e-4, to: 1, scale: "log", zero: true }),
  ranged("units", { from: 8, to: 4096, scale: "log_integer" }),
  ranged("momentum", { from: -1, to: 1, scale: "linear" }),
];
const longHistory = 2000;
const lengths = { questions: 12, excluded: 20 };

/** Tries everything in order, tells each finding as it comes, and stops if the search does not even start. */
export async function checkSearch(subject: Subject, tell: (finding: Finding) => void): Promise<boolean> {
  const suite = new Suite(subject);
  let holdsAll = true;
  for (const [promise, check] of suite.checks()) {
    let problem = "";
    let note = "";
    try {
      note = await check();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      problem = error.message;
    } finally {
      await suite.endAll();
    }
    holdsAll &&= problem === "";
    tell({ promise, problem, note });
    if (!suite.hasStarted) break;
  }
  return holdsAll;
}

class Suite {
  readonly #subject: Subject;
  readonly #started: TriedSearch[] = [];
  readonly #space: readonly Hyperparameter[];
  #ready: Ready | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#space = subject.hyperparameters ?? usual;
  }

  get hasStarted(): boolean {
    return this.#ready !== undefined;
  }

  checks(): readonly (readonly [promise: string, check: () => Promise<string>])[] {
    return [
      ["it starts, and says that it is ready", () => this.#starts()],
      ["it answers each question once, with a configuration of the lists", () => this.#answers()],
      ["it goes on with results, failures, pruned and cancelled runs", () => this.#hears()],
      ["it takes a result that is rejected, accepted again, or taken back", () => this.#takesBack()],
      ["it chooses no configuration that is excluded", () => this.#excludes()],
      ["it goes on after a choice that was refused", () => this.#refused()],
      ["the same seed and history give the same choices", () => this.#repeats()],
      ["killed and started again, it goes on from the history, with runs under way", () => this.#restarts()],
      [`it answers in time after ${longHistory} runs`, () => this.#longHistory()],
      ["it chooses among one value, 2,000 values, added values, any text, and ranges", () => this.#oddSpace()],
      ["it prunes only runs that are under way", () => this.#prunes()],
      ["it passes over words that it does not know", () => this.#future()],
      ["it ends when it is told goodbye", () => this.#leaves()],
    ];
  }

  async endAll(): Promise<void> {
    for (const search of this.#started.splice(0)) await search.kill();
  }

  #start(hyperparameters = this.#space, seed = this.#subject.seed): TriedSearch {
    const { launch, answerSeconds, startMs = usualStartMs } = this.#subject;
    const where = hyperparameters === this.#space ? this.#subject.where : [];
    const tried = { hyperparameters, where, seed, totalRuns: 1000 };
    const search = new TriedSearch(launch(), tried, { startMs, answerMs: answerSeconds * 1000 });
    this.#started.push(search);
    return search;
  }

  async #starts(): Promise<string> {
    const began = performance.now();
    this.#ready = await this.#start().begin();
    const { name, deterministic, reports } = this.#ready;
    const says = [
      ...(name === "" ? [] : [name]),
      deterministic ? "repeatable" : "not repeatable",
      ...(reports ? ["prunes"] : []),
    ];
    return `${says.join(", ")}; ${msText(performance.now() - began)}`;
  }

  async #answers(): Promise<string> {
    const search = this.#start();
    await search.begin();
    await search.choose(1);
    await search.choose(lengths.questions, 2);
    await this.#nothingMore(search);
    return `${lengths.questions} questions at once`;
  }

  async #hears(): Promise<string> {
    const search = this.#start();
    await search.begin();
    const states: readonly ToldRun["state"][] = [
      "completed",
      "failed",
      "timed out",
      "pruned",
      "cancelled",
      "completed",
    ];
    let slowest = 0;
    for (let run = 1; run <= 24; run += 1) {
      const began = performance.now();
      const [choice] = await search.choose(1, run);
      slowest = Math.max(slowest, performance.now() - began);
      if (!choice) continue;
      const { ask, configuration } = choice;
      search.tell(toldRun(run, configuration, "running", null, ask));
      const state = states[run % states.length] ?? "completed";
      search.tell(toldRun(run, configuration, state, state === "completed" ? hpmaxAt(configuration, run) : null, ask));
    }
    await search.choose(1, 25);
    return `slowest answer ${msText(slowest)}`;
  }

  async #takesBack(): Promise<string> {
    const search = this.#start();
    await search.begin(historyOf(this.#space, 8));
    const [second] = historyOf(this.#space, 8).slice(1);
    const [choice] = await search.choose(1, 9);
    if (!second || !choice) throw new Broken("it chose nothing");
    search.tell({ ...second, state: "rejected", value: null });
    // The choice was made before the rejection; its run begins after it.
    const { ask, configuration } = choice;
    for (const state of ["running", "failed", "running"] as const)
      search.tell(toldRun(9, configuration, state, null, ask));
    await search.choose(1, 10);
    search.tell(toldRun(9, configuration, "completed", 1e300, ask));
    search.tell(toldRun(9, configuration, "rejected", null, ask));
    search.tell(second);
    await search.choose(2, 11);
    return "";
  }

  async #excludes(): Promise<string> {
    // Exclude two thirds of the configurations: no search avoids all of these by chance.
    const space = [ordered("a", [1, 2, 3, 4, 5, 6]), ordered("b", [1, 2, 3, 4])];
    const isOut = ([a = 0, b = 0]: Configuration): boolean => (a + b) % 3 !== 0;
    const excluded: Configuration[] = [];
    for (let a = 0; a < 6; a += 1) for (let b = 0; b < 4; b += 1) if (isOut([a, b])) excluded.push([a, b]);
    const search = this.#start(space);
    await search.begin(
      excluded.map((each, i) => toldRun(i + 1, each, "failed", null)),
      excluded,
    );
    const chosen = await search.choose(lengths.excluded, excluded.length + 1);
    const wrong = chosen.filter(({ configuration }) => isOut(configuration));
    if (wrong.length > 0) {
      const one = configurationKey(wrong[0]?.configuration ?? []).replaceAll(".", ", ");
      throw new Broken(
        `${wrong.length} of ${chosen.length} choices were excluded, such as [${one}]; a coordinator refuses them, asks again, ` +
          'and after 20 in a row draws one at random; remember what "exclude" names, and choose another',
      );
    }
    return `${excluded.length} of 24 configurations were`;
  }

  async #refused(): Promise<string> {
    const search = this.#start();
    await search.begin();
    for (let n = 1; n <= 3; n += 1) {
      const [choice] = await search.choose(1, n);
      if (choice) search.write(refuse(choice.ask, "this configuration failed too often, or may not be tried"));
    }
    await search.choose(1, 4);
    return "";
  }

  async #repeats(): Promise<string> {
    if (this.#ready?.deterministic !== true) return "not tried: it says that it is not repeatable";
    const chosen = async (): Promise<string> => {
      const search = this.#start();
      await search.begin(historyOf(this.#space, 30));
      return keysOf(await search.choose(6, 31)).join(" ");
    };
    const first = await chosen();
    const second = await chosen();
    if (first === second) return "6 choices after 30 runs";
    throw new Broken(
      `first it chose ${first}, then ${second} (positions); draw only from the seed of "hello", or say "deterministic": false`,
    );
  }

  async #restarts(): Promise<string> {
    const first = this.#start();
    await first.begin(historyOf(this.#space, 10));
    const open = await first.choose(3, 11);
    for (const [i, { ask, configuration }] of open.entries())
      first.tell(toldRun(11 + i, configuration, "running", null, ask));
    await first.kill();
    const second = this.#start();
    const underWay = open.map(({ configuration }, i) => toldRun(11 + i, configuration, "running", null));
    await second.begin([...historyOf(this.#space, 10), ...underWay]);
    await second.choose(1, 14);
    for (const [i, { configuration }] of open.entries()) {
      second.tell(toldRun(11 + i, configuration, i === 0 ? "completed" : "failed", i === 0 ? 1 : null));
    }
    await second.choose(3, 14);
    return "";
  }

  async #longHistory(): Promise<string> {
    const search = this.#start();
    await search.begin(historyOf(this.#space, longHistory));
    const times: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const began = performance.now();
      await search.choose(1, longHistory + 1 + i);
      times.push(performance.now() - began);
    }
    const later = Math.max(...times.slice(1));
    return `${msText(times[0] ?? 0)} with reading them, then ${msText(later)} at most`;
  }

  async #oddSpace(): Promise<string> {
    const search = this.#start(odd);
    await search.begin(historyOf(odd, 12));
    for (const [i, { ask, configuration }] of (await search.choose(4, 13)).entries()) {
      search.tell(toldRun(13 + i, configuration, "running", null, ask));
      search.tell(toldRun(13 + i, configuration, "completed", i, ask));
    }
    await search.choose(2, 17);
    const single = this.#start([ordered("only", [7])]);
    await single.begin();
    await single.choose(2);
    return "";
  }

  async #prunes(): Promise<string> {
    if (this.#ready?.reports !== true) return "not tried: it does not ask for reports";
    const search = this.#start();
    await search.begin(historyOf(this.#space, 6));
    const open = await search.choose(6, 7);
    for (const [i, { ask, configuration }] of open.entries())
      search.tell(toldRun(7 + i, configuration, "running", null, ask));
    for (let iters = 1; iters <= 5; iters += 1)
      for (let run = 7; run < 13; run += 1) search.write(report(run, iters, (run * iters) / 10));
    await search.choose(1, 13); // everything before has been heard
    const said = [...search.prunes, ...(await search.unasked(200))];
    const wrong = said.find((each) => each.type !== "prune" || each.run < 7 || each.run > 12);
    if (wrong) throw new Broken(`without a question it said ${JSON.stringify(wrong)}`);
    search.write(report(9999, 1, 0));
    await search.choose(1, 14);
    const pruned = new Set(said.map((each) => each.type === "prune" && each.run));
    return `pruned ${counted(pruned.size, "run")} of 6`;
  }

  async #future(): Promise<string> {
    const search = this.#start();
    await search.begin();
    search.write('{"type":"weather","sunny":true}\n');
    search.write(exclude(this.#space, anyConfiguration(this.#space, rngFrom("x"))));
    await search.choose(1);
    return "";
  }

  async #leaves(): Promise<string> {
    const search = this.#start();
    await search.begin();
    await search.choose(1);
    const began = performance.now();
    const { graceMs = endGraceMs } = this.#subject;
    if (await search.leave(graceMs)) return msText(performance.now() - began);
    throw new Broken(`it was still there after ${graceMs / 1000} s and was killed; end when the input ends`);
  }

  async #nothingMore(search: TriedSearch): Promise<void> {
    const [more] = await search.unasked(100);
    if (more) throw new Broken(`without a question it said ${JSON.stringify(more)}`);
  }
}

/** The first `count` runs of a random search; nine of ten completed, the others failed. */
function historyOf(hyperparameters: readonly Hyperparameter[], count: number): ToldRun[] {
  const rng: Rng = rngFrom("history");
  return Array.from({ length: count }, (_, i): ToldRun => {
    const configuration = anyConfiguration(hyperparameters, rng);
    const isDone = i % 10 !== 9;
    return toldRun(i + 1, configuration, isDone ? "completed" : "failed", isDone ? hpmaxAt(configuration, i) : null);
  });
}

/** A function to maximise, with noise. */
const hpmaxAt = (configuration: Configuration, salt: number): number =>
  configuration.reduce((sum, position) => sum - (position - 1) ** 2 / 10, 0) + rngFrom(`value ${salt}`).uniform() / 5;

const msText = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
