import { parseArgs } from "node:util";
import { type PrunerName, prunerNames } from "../../../shared/domain/pruning/pruner-names.ts";
import { Moments } from "../../../shared/domain/statistics.ts";
import { measurePruned, type PrunedOutcome, type PrunedTask } from "./pruned-search.ts";

const help = `npm run bench -- pruning [options]

  --surfaces a,b    maze-curves, late-curves, supervised-curves (default all), or others of search-quality that report
  --searches a,b    dgd, random (default dgd)
  --pruners a,b     ${prunerNames.join(", ")} (default all)
  --workers 10,100  asynchronous workers (default 10)
  --seeds N         each is another luck (default 8)
  --first-seed N    default 1
  --budgets a,b     iterations, in whole runs (default 50,100,200,400)
`;

/** Measures regret at equal iterations with each pruner, on curves with a known truth, and the predictions' errors. */
export async function run(args: string[]): Promise<void> {
  const tasks = tasksOf(args);
  if (tasks === undefined) return;
  console.log(`npm run bench -- pruning ${args.join(" ")}`);
  console.log(
    "regret x 10^-4 of the recommended configuration at equal iterations, in whole runs, mean ± standard error;",
  );
  console.log("error: predicted less true hpmax of pruned runs, x 10^-4, and as a part of the best\n");
  for (const group of tasks) {
    const outcomes: PrunedOutcome[] = [];
    for (const task of group) outcomes.push(await measurePruned(task));
    console.log(rowOf(outcomes));
  }
}

/** Tasks in groups that differ only in their seed; undefined after help. */
function tasksOf(args: readonly string[]): PrunedTask[][] | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{
        surfaces: text,
        searches: text,
        pruners: text,
        workers: text,
        seeds: text,
        "first-seed": text,
        budgets: text,
      },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    return undefined;
  }
  const listed = (given: string | undefined, usual: string): string[] => (given ?? usual).split(",");
  const numbers = (given: string | undefined, usual: string): number[] => listed(given, usual).map(Number);
  const [first = 1] = numbers(values["first-seed"], "1");
  const [seeds = 8] = numbers(values.seeds, "8");
  const budgets = numbers(values.budgets, "50,100,200,400");
  return listed(values.surfaces, "maze-curves,late-curves,supervised-curves").flatMap((surface) =>
    numbers(values.workers, "10").flatMap((workers) =>
      listed(values.searches, "dgd").flatMap((search) =>
        listed(values.pruners, prunerNames.join(",")).map((pruner) =>
          Array.from({ length: seeds }, (_, i): PrunedTask => {
            const named = { search: search as "dgd" | "random", pruner: pruner as PrunerName }; // createSearch and JobPruner refuse others
            return { surface, ...named, workers, seed: first + i, budgets };
          }),
        ),
      ),
    ),
  );
}

const unit = 1e4;

function rowOf(outcomes: readonly PrunedOutcome[]): string {
  const [first] = outcomes;
  if (!first) return "";
  const { surface, search, pruner, workers, budgets } = first.task;
  const cells = budgets.map((_, i) => {
    const regret = momentsOf(outcomes.map(({ regrets }) => unit * (regrets[i] ?? Number.NaN)));
    const error = Math.sqrt(regret.sampleVariance / regret.count);
    return `${regret.mean.toFixed(0)} ± ${error.toFixed(0)}`.padStart(9);
  });
  const mean = (of: (outcome: PrunedOutcome) => number): number => momentsOf(outcomes.map(of)).mean;
  const errors = momentsOf(outcomes.flatMap((each) => each.errors.map((error) => unit * error)));
  const honesty =
    errors.count === 0
      ? "-"
      : `${errors.mean.toFixed(0)} (${((100 * errors.mean) / (unit * first.best)).toFixed(1)}%), sd ${Math.sqrt(errors.sampleVariance).toFixed(0)}`;
  return [
    `${surface}, ${search}, ${pruner}, ${workers} workers`.padEnd(46),
    ...cells,
    `  pruned ${mean(({ pruned }) => pruned).toFixed(0)} of ${mean(({ runs }) => runs).toFixed(0)}`,
    `  error ${honesty}  ${mean(({ cpuMs }) => cpuMs).toFixed(0)} ms`,
  ].join("");
}

function momentsOf(values: readonly number[]): Moments {
  const moments = new Moments();
  for (const value of values) moments.add(value);
  return moments;
}
