/**
 * How reliably the tutorial's winner learns the maze: `npm run bench -- maze-learning [--seeds=20] [--first=1]
 * [--layout=standard] [property=value ...]`, where a property is one of the agent's or of the core's, e.g. entropy=0.1.
 * Prints the table of worker/components/README.md.
 */
import { parseArgs } from "node:util";
import createStage from "../../worker/stages/RL_Proc/RL_Proc.ts";
import { componentSpec, recordedContext, summaryOf } from "../support/learner.ts";

const iterations = 100_000;

export async function run(args: readonly string[] = []): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: "20" },
      first: { type: "string", default: "1" },
      layout: { type: "string", default: "standard" },
    },
  });
  const changes = Object.fromEntries(positionals.map((pair) => [pair.split("=")[0]!, Number(pair.split("=")[1])]));
  const [first, count] = [Number(values.first), Number(values.seeds)];
  console.log(`maze ${values.layout}, ${iterations.toLocaleString("en-GB")} iterations, ${JSON.stringify(changes)}\n`);
  console.log("| seed | rew x 1,000 of each 10,000 iterations | last win | hpmax | CPU s |");
  console.log("| --- | --- | --- | --- | --- |");

  const results: { hpmax: number; rew: number; win: number }[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const context = recordedContext(specOf(seed, values.layout, changes));
    const before = process.cpuUsage();
    await (await createStage(context)).run();
    const cpuSeconds = process.cpuUsage(before).user / 1e6;
    // hpmax is the mean of all reports, whose counts are equal, so it does not depend on their number.
    const last = context.reports.at(-1)!.values;
    const result = { hpmax: summaryOf(context), rew: last[0]!, win: last[1]! };
    results.push(result);
    const curve = context.reports.map((report) => (1000 * report.values[0]!).toFixed(0)).join(" ");
    console.log(
      `| ${seed} | ${curve} | ${result.win.toFixed(3)} | ${result.hpmax.toFixed(4)} | ${cpuSeconds.toFixed(1)} |`,
    );
  }

  const [mean, deviation] = meanAndDeviation(results.map(({ hpmax }) => hpmax));
  const good = results.filter(({ rew, win }) => rew >= 0.065 && rew <= 0.076 && win > 0.99).length;
  const low = results.filter(({ win }) => win < 0.9).length;
  console.log(`\nhpmax: mean ${mean.toFixed(4)}, standard deviation ${deviation.toFixed(4)}`);
  console.log(`last report: rew 0.065 to 0.076 and win above 0.99 in ${good} of ${count}; win below 0.9 in ${low}`);
}

/**
 * The tutorial's winner. It equals the shipped defaults, but is spelt out so that the table does not change with them.
 */
function specOf(seed: number, layout: string, changes: Readonly<Record<string, number>>) {
  const core = { obs_embed_size: 256, num_rnn_units: 128, output_layer_size: 1024 };
  const agent = { bptt_period: 8, discount_factor: 0.9, gradient_clip: 256, learning_rate: 4e-4, reward_scale: 8 };
  const inCore = Object.fromEntries(Object.entries(changes).filter(([name]) => name in core));
  const inAgent = Object.fromEntries(Object.entries(changes).filter(([name]) => !(name in core)));
  return componentSpec("processors/RL_Proc", {
    max_iterations: iterations,
    iters_per_report: iterations / 10,
    agent: {
      component: "agents/AAC_Agent",
      random_seed: seed,
      ...agent,
      ...inAgent,
      model: { component: "models/Model_Nexus", model_core: { component: "model_cores/GRU_Core", ...core, ...inCore } },
    },
    environment: { component: "environments/Maze_Env", layout, agent_placement_seed: 1000 + seed },
  });
}

function meanAndDeviation(values: readonly number[]): [mean: number, deviation: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return [mean, Math.sqrt(squares / Math.max(1, values.length - 1))];
}
