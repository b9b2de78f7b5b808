import { rngFrom } from "../../../shared/domain/rng.ts";
import type { Metric } from "../../../shared/domain/run.ts";
import type { StageContext, StageProcessor } from "../stage.ts";

const value: Metric = { short: "val", long: "value", decimals: 5, higherIsBetter: true, aggregation: "mean" };

/** Trains nothing: reports a value and ends. See Probe_Proc.yaml. */
export default function makeProbe(context: StageContext): StageProcessor {
  const { spec } = context;
  const reports = numberOf(spec, "reports", 1);
  const milliseconds = 1000 * numberOf(spec, "seconds", 0);
  const noise = numberOf(spec, "noise", 0);
  const { misbehaviour } = spec;
  const measured = sumOf(spec["value"]) + (noise === 0 ? 0 : noise * normal(numberOf(spec, "random_seed", 0)));
  return {
    metrics: [value],
    run: async () => {
      const startedAt = performance.now();
      for (let i = 1; i <= reports; i += 1) {
        await sleepUntil(startedAt + (milliseconds * i) / reports, context);
        if (context.signal.aborted) return;
        context.report(i, [misbehaviour === "nan" ? Number.NaN : measured], [1]);
        if (misbehaviour === "throw") throw new Error("this probe was told to throw");
        if (misbehaviour === "exit") process.exit(9);
      }
    },
  };
}

async function sleepUntil(time: number, context: StageContext): Promise<void> {
  for (;;) {
    const left = time - performance.now();
    if (left <= 0 || context.signal.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, 50)));
    await context.breathe();
  }
}

function numberOf(spec: StageContext["spec"], property: string, least: number): number {
  const found = spec[property];
  if (typeof found === "number" && found >= least) return found;
  throw new RangeError(
    `processors/Probe_Proc: ${property}: expected a number from ${least}, found ${JSON.stringify(found)}`,
  );
}

function sumOf(found: unknown): number {
  const parts = Array.isArray(found) ? found : [found];
  return parts.reduce((sum: number, part: unknown) => {
    if (typeof part !== "number")
      throw new RangeError(`processors/Probe_Proc: value: expected numbers, found ${JSON.stringify(part)}`);
    return sum + part;
  }, 0);
}

/** One draw from the standard normal distribution (Box and Muller 1958). */
function normal(seed: number): number {
  const rng = rngFrom(seed);
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}
