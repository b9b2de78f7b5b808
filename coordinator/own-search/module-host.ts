/**
 * Program: `node module-host.js FILE`: speaks the protocol for an ES module that exports `choose(view, n, rng)`, so that a module
 * has the bounds of any other program. What the module prints goes to standard error.
 */
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Configuration, Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import { choiceRng } from "../../shared/domain/seeds.ts";
import { History, type ModuleView, type SeenRun } from "./module-view.ts";
import { protocolVersion } from "./protocol.ts";

interface SearchModule {
  choose?: (view: ModuleView, n: number, rng: ReturnType<typeof choiceRng>) => unknown;
  /** Whether a run under way is to end: true, or why. */
  prune?: (view: ModuleView, run: SeenRun, reports: readonly (readonly [number, number])[]) => unknown;
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
  | { type: "values"; hyperparameters: Hyperparameter[] }
  | { type: "refuse" | "bye" };

for (const name of ["log", "info", "debug"] as const) console[name] = console.error;
const write = process.stdout.write.bind(process.stdout);
const say = (message: object): void => void write(`${JSON.stringify(message)}\n`);
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
      about = { job, seed, totalRuns, hyperparameters };
      const name = typeof own.name === "string" ? own.name : "module";
      const isRepeatable = own.deterministic !== false;
      const wantsReports = typeof own.prune === "function";
      say({ type: "ready", protocol: protocolVersion, name, deterministic: isRepeatable, reports: wantsReports });
      return;
    }
    case "tell": {
      const { run, name, configuration, state, value } = told;
      const seen = { run, name, configuration, state, value };
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
      if (about) about = { ...about, hyperparameters: told.hyperparameters };
      return;
    case "report":
      await look(told);
      return;
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

async function look({ run, iters, value }: { run: number; iters: number; value: number }): Promise<void> {
  const seen = runs.get(run);
  if (!seen || !about || !own.prune) return;
  const list = reports.get(run) ?? [];
  reports.set(run, list);
  list.push([iters, value]);
  const verdict = await own.prune(history.view(about), seen, list);
  if (verdict === true || typeof verdict === "string")
    say({ type: "prune", run, why: verdict === true ? "" : verdict });
}
