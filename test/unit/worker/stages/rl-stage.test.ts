import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { NotFoundError, SpecError } from "../../../../shared/errors.ts";
import type { ComponentSpec } from "../../../../worker/components/component-spec.ts";
import { decodeState, encodeState, StateError } from "../../../../worker/components/saved-state.ts";
import { ModelFile } from "../../../../worker/stages/RL_Proc/model-file.ts";
import createStage from "../../../../worker/stages/RL_Proc/RL_Proc.ts";
import { componentSpec, recordedContext, summaryOf } from "../../../support/learner.ts";

const gru = { component: "model_cores/GRU_Core", obs_embed_size: 7, num_rnn_units: 6, output_layer_size: 9 };
const mlp = { component: "model_cores/MLP_Core", layer_size: 10, num_layers: 2, output_layer_size: 5 };

interface Sizes {
  readonly core?: Readonly<Record<string, unknown>>;
  readonly agent?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, unknown>>;
}

/** A small stage, otherwise with the shipped defaults. */
function stage(
  changes: Readonly<Record<string, unknown>> = {},
  { core = gru, agent = {}, environment }: Sizes = {},
): ComponentSpec {
  return componentSpec("processors/RL_Proc", {
    max_iterations: 300,
    iters_per_report: 100,
    agent: { component: "agents/AAC_Agent", ...agent, model: { component: "models/Model_Nexus", model_core: core } },
    environment: environment ?? { component: "environments/Maze_Env", layout: "easy" },
    ...changes,
  });
}

/** Runs a stage to its end. */
async function run(spec: ComponentSpec, options: Parameters<typeof recordedContext>[1] = {}) {
  const context = recordedContext(spec, options);
  await (await createStage(context)).run();
  return context;
}

const inFolder = async (use: (directory: string) => Promise<void>) => {
  const directory = await mkdtemp(path.join(tmpdir(), "learner-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
};

test("stage: reports come at the interval and at the end, and depend only on the seeds", async () => {
  const lengths = { max_iterations: 2500, iters_per_report: 1000 };
  const first = await run(stage(lengths));
  assert.deepEqual(
    first.reports.map(({ iters, counts, note }) => [iters, counts[0], note]),
    [
      [1000, 1000, undefined],
      [2000, 1000, undefined],
      [2500, 500, undefined],
    ],
  );
  assert.deepEqual(first.lines, []);
  assert.deepEqual((await run(stage(lengths))).reports, first.reports);
  const byActions = await run(stage(lengths, { agent: { random_seed: 8 } }));
  assert.notDeepEqual(byActions.reports, first.reports);
  const elsewhere = { component: "environments/Maze_Env", layout: "easy", agent_placement_seed: 8 };
  assert.notDeepEqual((await run(stage(lengths, { environment: elsewhere }))).reports, first.reports);
});

test("stage: a run resumed from a checkpoint at any iteration ends bit for bit as if undisturbed", async () => {
  const cartPole = { component: "environments/CartPole_Env" };
  const setups: Sizes[] = [{}, { core: mlp }, { core: mlp, environment: cartPole }, { environment: cartPole }];
  await inFolder(async (directory) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...setups),
        fc.integer({ min: 1, max: 13 }),
        fc.integer({ min: 0, max: 299 }),
        fc.integer({ min: 0, max: 299 }),
        fc.boolean(),
        async (setup, period, one, other, train) => {
          const splits = [Math.min(one, other), Math.max(one, other)];
          const spec = stage(
            { train, save_model_to: "best" },
            { ...setup, agent: { bptt_period: period, learning_rate: 0.01 } },
          );
          // The last iteration's checkpoint holds everything there is to compare.
          const last = 299;
          const whole = await run(spec, { directory, checkpointDue: (asked) => asked === last });
          const before = await run(spec, { directory, checkpointDue: (asked) => asked === splits[0] });
          const middle = before.checkpoints[0]!;
          assert.equal(middle.iters, splits[0]);
          const onward = (offset: number) => (asked: number) =>
            asked === splits[1]! - offset || asked === last - offset;
          const after = await run(spec, { directory, resume: middle.state, checkpointDue: onward(middle.iters) });
          assert.equal(after.checkpoints[0]!.iters, splits[1]);
          const again = after.checkpoints[0]!;
          const end = await run(spec, {
            directory,
            resume: again.state,
            checkpointDue: (asked) => asked === last - again.iters,
          });
          const model = await readFile(path.join(directory, "best"));
          assert.deepEqual(end.checkpoints[0], whole.checkpoints[0]);
          const kept = [
            ...before.reports.filter(({ iters }) => iters <= middle.iters),
            ...after.reports.filter(({ iters }) => iters <= again.iters),
            ...end.reports,
          ];
          assert.deepEqual(kept, whole.reports);
          assert.deepEqual(end.lines, []);
          await run(spec, { directory });
          assert.deepEqual(await readFile(path.join(directory, "best")), model);
        },
      ),
      { numRuns: 40 },
    );
  });
});

test("stage: a checkpoint is about as large as parameters and moments, and a foreign one is reported", async () => {
  const spec = stage();
  const { checkpoints } = await run(spec, { checkpointDue: (asked) => asked === 150 });
  const { state } = checkpoints[0]!;
  const { about, state: arrays } = decodeState(state, "it");
  const learned = arrays["agent.learned"]!.byteLength;
  assert.ok(state.length < learned + 3000, `${state.length} for ${learned}`);
  const foreign = encodeState({ ...about, agent: "wasm-of-elsewhere" }, arrays);
  const context = await run(spec, { resume: foreign });
  assert.equal(context.lines.length, 1);
  assert.match(context.lines[0]!, /wasm-of-elsewhere.*not bit for bit/);
  assert.equal(context.reports.at(-1)?.iters, 300);
});

test("stage: a checkpoint of another stage or program, or a truncated one, is refused with the reason", async () => {
  const { checkpoints } = await run(stage(), { checkpointDue: (asked) => asked === 150 });
  const { state } = checkpoints[0]!;
  const wider = stage({}, { core: { ...gru, num_rnn_units: 60 } });
  await assert.rejects(
    run(wider, { resume: state }),
    (error) => error instanceof StateError && /learned.*expected Float32Array/.test(error.message),
  );
  await assert.rejects(run(stage(), { resume: state.subarray(0, 2000) }), /checkpoint is damaged: it ends within/);
  await assert.rejects(run(stage(), { resume: Buffer.from("something else") }), /is not a saved state/);
  const later = state.slice();
  later[3] = 9;
  await assert.rejects(run(stage(), { resume: later }), /format version 9; this program reads version 1/);
});

test("state: any arrays are restored bit for bit from any alignment, and truncated ones are refused", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.float32Array(), fc.float64Array(), fc.uint32Array(), fc.uint8Array())),
      fc.nat(9),
      (state, shift) => {
        const bytes = encodeState({ engine: "é" }, state);
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        const back = decodeState(moved.subarray(shift), "it");
        assert.equal(back.about["engine"], "é");
        assert.deepEqual({ ...back.state }, { ...state });
        for (const cut of [0, 5, 20, bytes.length - 9]) {
          if (cut < 0 || cut >= bytes.length - 8) continue;
          assert.throws(() => decodeState(bytes.subarray(0, cut), "it"), StateError);
        }
      },
    ),
  );
});

test("stage: the model of the best report is saved, and a stage that does not learn evaluates it", async () => {
  await inFolder(async (directory) => {
    const core = { component: "model_cores/GRU_Core", obs_embed_size: 32, num_rnn_units: 32, output_layer_size: 64 };
    const sizes = { core, agent: { learning_rate: 0.001 } };
    const lengths = { max_iterations: 60_000, iters_per_report: 5000 };
    const trained = await run(stage({ ...lengths, save_model_to: "models/best.model" }, sizes), { directory });
    let best = -1;
    for (const { values, note } of trained.reports) {
      assert.equal(note, values[0]! > best ? "SAVED" : undefined);
      best = Math.max(best, values[0]!);
    }
    assert.ok(best > 0.05, `${best}`);
    assert.deepEqual(await readdir(path.join(directory, "models")), ["best.model"]);

    const test = { ...lengths, max_iterations: 10_000, train: false, load_model_from: "models/best.model" };
    const tested = await run(stage(test, sizes), { directory });
    // The file holds the parameters after the best report, which are at least about as good.
    assert.ok(summaryOf(tested) > 0.8 * best, `${summaryOf(tested)} after ${best}`);
    const untrained = await run(stage({ ...test, load_model_from: null }, sizes), { directory });
    assert.ok(summaryOf(untrained) < 0.01, `${summaryOf(untrained)}`);

    const misfit = stage(test, { ...sizes, core: { ...core, num_rnn_units: 16 } });
    await assert.rejects(
      run(misfit, { directory }),
      /not of this agent's shape\n {2}gru\.inputs\.weights: found 3072 numbers; expected 1536/,
    );
    await assert.rejects(run(stage({ load_model_from: "none" }), { directory }), NotFoundError);
    await writeFile(path.join(directory, "text"), "not a model");
    await assert.rejects(run(stage({ load_model_from: "text" }), { directory }), /text is not a saved state/);
  });
});

test("stage: a report that equals the best, or has no value, does not save the model again", async () => {
  await inFolder(async (directory) => {
    const file = new ModelFile(directory, "model", "agents/AAC_Agent");
    const metric = (higherIsBetter: boolean) =>
      ({ short: "x", long: "x", decimals: 1, higherIsBetter, aggregation: "mean" }) as const;
    const tries = [Number.NaN, 2, 2, 1, 3];
    const save = async (isHigher: boolean, value: number) => file.saveIfBest(value, metric(isHigher), () => ({}));
    const saved: boolean[] = [];
    for (const value of tries) saved.push(await save(true, value));
    assert.deepEqual(saved, [false, true, false, false, true]);
    assert.equal(await save(false, 3), false);
    assert.equal(await save(false, 2.5), true);
  });
});

test("stage: evaluation does not change an agent's parameters", async () => {
  const due = (asked: number) => asked === 0 || asked === 299;
  const { checkpoints } = await run(stage({ train: false }), { checkpointDue: due });
  const [first, last] = checkpoints.map(({ state }) => decodeState(state, "it").state["agent.learned"]);
  assert.equal(checkpoints.length, 2);
  assert.deepEqual(first, last);
});

test("stage: training breathes after the first iteration past 25 ms, and notices an abort at once", async (t) => {
  const controller = new AbortController();
  let now = 0;
  let iterations = 0;
  const msEach = [10, 30, 24, 1, 500];
  t.mock.method(performance, "now", () => now);
  const spec = stage({ max_iterations: Number.MAX_SAFE_INTEGER, iters_per_report: 1_000_000 });
  const checkpointDue = (asked: number): boolean => {
    iterations = asked + 1;
    now += msEach[asked % msEach.length] ?? 0;
    return false;
  };
  const breaths: number[] = [];
  const context = recordedContext(spec, { signal: controller.signal, checkpointDue });
  const breathe = async () => {
    breaths.push(iterations);
    if (breaths.length === 5) controller.abort();
  };
  await (await createStage({ ...context, breathe })).run();
  assert.deepEqual([breaths, iterations], [[2, 4, 5, 7, 9], 9]);
});

test("stage: training that diverges stops and says so", async () => {
  await inFolder(async (directory) => {
    await run(stage({ save_model_to: "model" }), { directory });
    const { about, state } = decodeState(await readFile(path.join(directory, "model")), "it");
    await writeFile(
      path.join(directory, "wild"),
      encodeState(about, { ...state, "value.weights": new Float32Array(9).fill(Number.NaN) }),
    );
    await assert.rejects(
      run(stage({ load_model_from: "wild" }), { directory }),
      /the training diverged: the gradient's norm is NaN/,
    );
  });
});

test("stage: wrong properties are reported together, by component and name", async () => {
  const wrong = stage({}, { agent: { bptt_period: 0, learning_rate: "fast", discount_factor: 1.5, entropie: 1 } });
  await assert.rejects(run(wrong), (error) => {
    assert.ok(error instanceof SpecError);
    assert.deepEqual(error.message.split("\n"), [
      'agents/AAC_Agent: property "bptt_period" is 0; expected an integer from 1 to 4,096',
      'agents/AAC_Agent: property "discount_factor" is 1.5; expected a number from 0 to 1',
      'agents/AAC_Agent: property "learning_rate" is "fast"; expected a number above 0, up to 10',
      'agents/AAC_Agent: no property "entropie"; expected one of: random_seed, bptt_period, discount_factor, reward_scale, entropy, ' +
        'value_weight, gradient_clip, learning_rate, adam_epsilon, model; did you mean "entropy"?',
    ]);
    return true;
  });
  const cases: [ComponentSpec, RegExp][] = [
    [stage({ max_iterations: 0 }), /RL_Proc: property "max_iterations" is 0; expected an integer from 1/],
    [stage({ train: "yes" }), /RL_Proc: property "train" is "yes"; expected true or false/],
    [stage({ save_model_to: 7 }), /RL_Proc: property "save_model_to" is 7; expected text or null/],
    [stage({ agent: "AAC_Agent" }), /RL_Proc: property "agent" is "AAC_Agent"; expected a component/],
    [
      stage({}, { core: { ...gru, num_rnn_units: 1.5 } }),
      /GRU_Core: property "num_rnn_units" is 1.5; expected an integer from 1 to/,
    ],
    [
      stage({}, { environment: { component: "environments/Maze_Env", max_steps: -1 } }),
      /Maze_Env: property "max_steps" is -1/,
    ],
  ];
  for (const [spec, message] of cases)
    await assert.rejects(run(spec), (error) => error instanceof SpecError && message.test(error.message));
  const unknown = { ...stage(), environment: { component: "environments/Maze" } };
  await assert.rejects(
    run(unknown),
    /"environments\/Maze" is not one of the environments; expected one of: environments\/CartPole_Env, environments\/Maze_Env/,
  );
  const misplaced = { ...stage(), environment: { component: "agents/AAC_Agent" } };
  await assert.rejects(run(misplaced), /"agents\/AAC_Agent" is not one of the environments/);
});
