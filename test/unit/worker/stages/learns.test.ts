import assert from "node:assert/strict";
import { test } from "node:test";
import createStage from "../../../../worker/stages/RL_Proc/RL_Proc.ts";
import { componentSpec, recordedContext, summaryOf } from "../../../support/learner.ts";

async function run(spec: ReturnType<typeof componentSpec>) {
  const context = recordedContext(spec);
  await (await createStage(context)).run();
  return context;
}

const withCore = (core: string, sizes: Record<string, number>, agent: Record<string, number>) => ({
  component: "agents/AAC_Agent",
  ...agent,
  model: { component: "models/Model_Nexus", model_core: { component: core, ...sizes } },
});

test("learner: a small net learns the easy maze in 100,000 iterations", async () => {
  const sizes = { obs_embed_size: 32, num_rnn_units: 32, output_layer_size: 64 };
  const agent = withCore("model_cores/GRU_Core", sizes, { learning_rate: 0.001 });
  const environment = { component: "environments/Maze_Env", layout: "easy" };
  const context = await run(componentSpec("processors/RL_Proc", { agent, environment }));
  const [rew, win] = context.reports.at(-1)!.values;
  assert.ok(rew! > 0.06 && win! > 0.95, `${rew} ${win}`);
  // Measured over seeds: 0.036 to 0.048.
  assert.ok(summaryOf(context) > 0.025, `${summaryOf(context)}`);
});

test("learner: an untrained agent wins 5 to 15% of its episodes, as a uniform policy does", async () => {
  let [won, episodes] = [0, 0];
  for (let seed = 0; seed < 10; seed++) {
    const sizes = { obs_embed_size: 16, num_rnn_units: 16, output_layer_size: 16 };
    const agent = withCore("model_cores/GRU_Core", sizes, { random_seed: seed });
    const environment = { component: "environments/Maze_Env", agent_placement_seed: seed };
    const spec = componentSpec("processors/RL_Proc", { agent, environment, max_iterations: 1000 });
    const { values, counts } = (await run(spec)).reports[0]!;
    won += values[1]! * counts[1]!;
    episodes += counts[1]!;
  }
  assert.ok(won / episodes > 0.05 && won / episodes < 0.15, `${won} of ${episodes}`);
});

test("learner: a feed-forward core learns to balance a pole", async () => {
  const settings = { bptt_period: 32, discount_factor: 0.99, learning_rate: 0.001, reward_scale: 0.1, entropy: 0.01 };
  const agent = withCore("model_cores/MLP_Core", {}, settings);
  const environment = { component: "environments/CartPole_Env" };
  const context = await run(
    componentSpec("processors/RL_Proc", { agent, environment, max_iterations: 60_000, iters_per_report: 10_000 }),
  );
  const lengths = context.reports.map(({ values }) => values[0]!);
  // A random policy keeps it up for 22 steps.
  assert.ok(lengths[0]! < 90 && Math.max(...lengths) > 200, `${lengths}`);
});
