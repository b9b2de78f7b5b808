/**
 * Program: `node module-host.js FILE`: speaks the protocol for an ES module that exports `choose(view, n, rng)`, so that a module
 * has the bounds of any other program. What the module prints goes to standard error.
 */
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Configuration, Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import { infinite, jsonLine } from "../../shared/domain/json-line.ts";
import { choiceRng } from "../../shared/domain/seeds.ts";
import { History, type ModuleView, type SeenRun } from "./module-view.ts";
import { protocolVersion } from "./protocol.ts";

interface SearchModule {
  choose?: (view: ModuleView, n: number, rng: ReturnType<typeof choiceRng>) => unknown;
  /** Whether a run under way is to end: true, or why. */
  prune?: (view: ModuleView, run: SeenRun, reports: readonly (readonly [number, number])[]) => unknown;
  /** The same, of one that has reported NaN or an infinity. */
  diverged?: (view: ModuleView, run: SeenRun, report: readonly [number, number]) => unknown;
  name?: unknown;
  deterministic?: unknown;
}

/** Lines of the coordinator, which are not checked. */
type Told =
  | { type: "hello"; job: string; seed: number; total_runs: number; hyperparameters: Hyperparameter[] }
  | (SeenRun & { type: "tell" })
  | { type: "exclude"; configuration: Configuration }
  | { type: "ask"; ask: number; n: number }
  | { type: "report"; run: number; iters: number; value: number }
  | { type: "diverged"; run: number; iters: number; value: string }
  | { type: "values"; hyperparameters: Hyperparameter[] }
  | { type: "refuse" | "bye" };

for (const name of ["log", "info", "debug"] as const) console[name] = console.error;
const write = process.stdout.write.bind(process.stdout);
const say = (message: object): void => void write(jsonLine(message));
// A module that prints by another way than the console disturbs nothing either.
process.stdout.write = process.stderr.write.bind(process.stderr);

const [file = ""] = process.argv.slice(2);
const history = new History();
const reports = new Map<number, (readonly [number, number])[]>();
const runs = new Map<number, SeenRun>();
let about: Pick<ModuleView, "job" | "seed" | "totalRuns" | "hyperparameters"> | undefined;

const own = await load();
for await (const line of createInterface({ input: process.stdin })) await hear(JSON.parse(line) as Told);
process.exit();

async function load(): Promise<SearchModule> {
  let found: SearchModule & { default?: SearchModule };
  try {
    found = (await import(pathToFileURL(file).href)) as typeof found;
  } catch (error) {
    return giveUp(`the module cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }
  const module = typeof found.choose === "function" ? found : found.default;
  if (typeof module?.choose === "function") return module;
  return giveUp("the module exports no function `choose`; expected: export function choose(view, n, rng) { ... }");
}

function giveUp(message: string): never {
  console.error(message);
  say({ type: "error", message: message.split("\n")[0] });
  process.exit(1);
}

async function hear(told: Told): Promise<void> {
  switch (told.type) {
    case "hello": {
      const { job, seed, total_runs: totalRuns, hyperparameters } = told;
      about = { job, seed, totalRuns, hyperparameters: hyperparameters.map(withInfinities) };
      const name = typeof own.name === "string" ? own.name : "module";
      const isRepeatable = own.deterministic !== false;
      const wantsReports = typeof own.prune === "function" || typeof own.diverged === "function";
      say({ type: "ready", protocol: protocolVersion, name, deterministic: isRepeatable, reports: wantsReports });
      return;
    }
    case "tell": {
      const { run, name, configuration, state, value, reason } = told;
      const seen = { run, name, configuration, state, value, reason };
      history.tell(seen);
      if (state === "running") runs.set(run, seen);
      else {
        runs.delete(run);
        reports.delete(run);
      }
      return;
    }
    case "exclude":
      history.exclude(told.configuration);
      return;
    case "ask":
      if (about) await answer(history.view(about), about.seed, told);
      return;
    case "values":
      if (about) about = { ...about, hyperparameters: told.hyperparameters.map(withInfinities) };
      return;
    case "report": {
      const { run, iters, value } = told;
      await look(run, (view, seen) => {
        const list = reports.get(run) ?? [];
        reports.set(run, list);
        // A run that was lost goes on from its checkpoint, or begins again.
        while (list.length > 0 && (list.at(-1)?.[0] ?? 0) >= iters) list.pop();
        list.push([iters, value]);
        return own.prune?.(view, seen, list);
      });
      return;
    }
    case "diverged": {
      const { run, iters, value } = told;
      await look(run, (view, seen) => own.diverged?.(view, seen, [iters, Number(value)]));
      return;
    }
    default: // refuse, bye, and words of later versions need nothing here
  }
}

async function answer(view: ModuleView, seed: number, { ask, n }: { ask: number; n: number }): Promise<void> {
  const found = await own.choose?.(view, n, choiceRng(seed, n));
  if (found === null) say({ type: "finished", ask, why: "it has nothing left to try" });
  else if (found === undefined) say({ type: "later", ask });
  else {
    const { configuration, settings, why } = found as { configuration?: unknown; settings?: unknown; why?: unknown };
    say({ type: "choice", ask, configuration, settings, why });
  }
}

/** Asks the module whether a run under way is to end. */
async function look(run: number, judge: (view: ModuleView, seen: SeenRun) => unknown): Promise<void> {
  const seen = runs.get(run);
  if (!seen || !about) return;
  const verdict = await judge(history.view(about), seen);
  if (verdict === true || typeof verdict === "string")
    say({ type: "prune", run, why: verdict === true ? "" : verdict });
}

function withInfinities(hyperparameter: Hyperparameter): Hyperparameter {
  const { values, tuned } = hyperparameter;
  return { ...hyperparameter, values: values.map(infinite), tuned: infinite(tuned) };
}
