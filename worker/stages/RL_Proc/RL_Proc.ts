import { SpecError } from "../../../shared/errors.ts";
import type { Agent, Environment } from "../../components/component.ts";
import { Properties } from "../../components/properties.ts";
import { createComponent } from "../../components/registry.ts";
import { decodeState, encodeState, prefixed, savedArray, unprefixed } from "../../components/saved-state.ts";
import type { StageContext, StageFactory, StageProcessor } from "../stage.ts";
import { ModelFile, readModel } from "./model-file.ts";

/** Milliseconds of work between two calls of `breathe`: an abort must be noticed within 100. */
const breatheEveryMs = 25;

interface Parts {
  readonly context: StageContext;
  readonly maxIterations: number;
  readonly itersPerReport: number;
  readonly agent: Agent;
  readonly environment: Environment;
  /** File for the best model; null if it is not saved. */
  readonly modelFile: ModelFile | null;
}

/** Lets an agent act in an environment, one step per iteration, and reports what the environment measures. */
class RlProc implements StageProcessor {
  readonly metrics;
  private readonly parts: Parts;
  private readonly observation: Float32Array;
  private readonly values: Float64Array;
  private readonly counts: Float64Array;
  private iters = 0;

  constructor(parts: Parts) {
    this.parts = parts;
    this.metrics = parts.environment.metrics;
    this.observation = new Float32Array(parts.environment.observationSize);
    this.values = new Float64Array(this.metrics.length);
    this.counts = new Float64Array(this.metrics.length);
  }

  async run(): Promise<void> {
    const { observation, parts } = this;
    const { context, maxIterations, itersPerReport, agent, environment } = parts;
    if (context.resume) await this.restore(context.resume);
    else environment.reset(observation);
    let breathed = performance.now();
    while (this.iters < maxIterations && !context.signal.aborted) {
      if (context.checkpointDue()) await context.checkpoint(this.iters, this.save());
      const reward = environment.step(agent.act(observation), observation);
      agent.learn(reward, environment.ended, observation);
      if (environment.ended) environment.reset(observation);
      this.iters += 1;
      if (this.iters % itersPerReport === 0 || this.iters === maxIterations) await this.report();
      if (performance.now() - breathed >= breatheEveryMs) {
        await context.breathe();
        breathed = performance.now();
      }
    }
  }

  private async report(): Promise<void> {
    const { context, agent, environment, modelFile } = this.parts;
    environment.takeMeasurements(this.values, this.counts);
    const isSaved = await modelFile?.saveIfBest(this.values[0]!, this.metrics[0]!, () => agent.saveModel());
    context.report(this.iters, [...this.values], [...this.counts], ...(isSaved ? ["SAVED"] : []));
  }

  /** The state between two iterations. A later attempt, here or on another machine, continues from it bit for bit. */
  private save(): Uint8Array {
    const { agent, environment, modelFile } = this.parts;
    return encodeState(
      { agent: agent.build, engine },
      {
        iters: Float64Array.of(this.iters),
        observation: this.observation,
        ...prefixed("agent", agent.save()),
        ...prefixed("environment", environment.save()),
        ...(modelFile ? prefixed("model", modelFile.save()) : {}),
      },
    );
  }

  private async restore(bytes: Uint8Array): Promise<void> {
    const { context, agent, environment, modelFile } = this.parts;
    const { about, state } = decodeState(bytes, "the checkpoint");
    const { agent: build, engine: itsEngine } = about;
    if (build !== agent.build || itsEngine !== engine) {
      context.log(
        `RL_Proc:  this checkpoint was made with kernels ${build} on ${itsEngine}; these are ${agent.build} on ${engine}: ` +
          "the run continues, but not bit for bit as it would have there",
      );
    }
    this.iters = savedArray(state, "iters", Float64Array, 1)[0]!;
    this.observation.set(savedArray(state, "observation", Float32Array, this.observation.length));
    agent.restore(unprefixed("agent", state));
    environment.restore(unprefixed("environment", state));
    await modelFile?.restore(unprefixed("model", state));
  }
}

/** Names the implementation of exp, tanh, log, sin and cos. */
const engine = `V8 ${process.versions.v8}`;

const factory: StageFactory = async (context) => {
  const properties = new Properties(context.spec);
  properties.ignore("enabled");
  const maxIterations = properties.integer("max_iterations", 1, Number.MAX_SAFE_INTEGER);
  const itersPerReport = properties.integer("iters_per_report", 1, Number.MAX_SAFE_INTEGER);
  const train = properties.boolean("train");
  const saveTo = properties.textOrNull("save_model_to");
  const loadFrom = properties.textOrNull("load_model_from");
  const agentSpec = properties.component("agent");
  const environmentSpec = properties.component("environment");
  properties.check();

  const environment = await createComponent("environments", environmentSpec, {});
  const { observationSize, actionCount } = environment;
  if (environment.metrics.length === 0) {
    throw new SpecError(`${environmentSpec.component}: its "metrics" is empty; expected at least one metric`);
  }
  const log = (line: string) => context.log(`RL_Proc:  ${line}`);
  const agent = await createComponent("agents", agentSpec, { observationSize, actionCount, train, log });
  if (loadFrom !== null && !context.resume) agent.loadModel(await readModel(context, loadFrom));
  const modelFile = saveTo === null ? null : new ModelFile(context.directory, saveTo, agentSpec.component);
  return new RlProc({ context, maxIterations, itersPerReport, agent, environment, modelFile });
};
export default factory;
