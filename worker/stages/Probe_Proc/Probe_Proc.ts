import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rngFrom } from "../../../shared/domain/rng.ts";
import type { Metric } from "../../../shared/domain/run.ts";
import { SpecError } from "../../../shared/errors.ts";
import { countIn, countState } from "../count-state.ts";
import type { StageContext, StageProcessor } from "../stage.ts";

const value: Metric = { short: "val", long: "value", decimals: 5, higherIsBetter: true, aggregation: "mean" };

/** Trains nothing: reports a value and ends. See Probe_Proc.yaml. */
export default function makeProbe(context: StageContext): StageProcessor {
  const { spec } = context;
  const reports = numberOf(spec, "reports", 1);
  const milliseconds = 1000 * numberOf(spec, "seconds", 0);
  const noise = numberOf(spec, "noise", 0);
  const { misbehaviour, tally } = spec;
  const measured = sumOf(spec["value"]) + (noise === 0 ? 0 : noise * normal(numberOf(spec, "random_seed", 0)));
  return {
    metrics: [value],
    run: async () => {
      const startedAt = performance.now();
      const done = countIn(context.resume);
      for (let i = done + 1; i <= reports; i += 1) {
        if (context.checkpointDue()) await context.checkpoint(i - 1, countState(i - 1));
        await sleepUntil(startedAt + (milliseconds * (i - done)) / reports, context, async () => {
          if (context.checkpointDue()) await context.checkpoint(i - 1, countState(i - 1));
        });
        if (context.signal.aborted) return;
        if (typeof tally === "string" && tally !== "") appendFileSync(tally, "+");
        context.report(i, [misbehaviour === "nan" ? Number.NaN : measured], [1]);
        if (i === 1) writeFiles(context);
        if (misbehaviour === "throw") throw new Error("this probe was told to throw");
        if (misbehaviour === "exit") process.exit(9);
      }
    },
  };
}

function writeFiles({ spec, directory }: StageContext): void {
  const { writes } = spec;
  if (!Array.isArray(writes)) return;
  const bytes = Buffer.alloc(numberOf(spec, "writes_bytes", 0), "a probe was here\n");
  for (const path of writes.map(String)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
}

async function sleepUntil(time: number, context: StageContext, meanwhile: () => Promise<void>): Promise<void> {
  for (;;) {
    const left = time - performance.now();
    if (left <= 0 || context.signal.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, 50)));
    await context.breathe();
    await meanwhile();
  }
}

function numberOf(spec: StageContext["spec"], property: string, least: number): number {
  const found = spec[property];
  if (typeof found === "number" && found >= least) return found;
  throw new SpecError(
    `processors/Probe_Proc: ${property}: expected a number from ${least}, found ${JSON.stringify(found)}`,
  );
}

function sumOf(found: unknown): number {
  const parts = Array.isArray(found) ? found : [found];
  return parts.reduce((sum: number, part: unknown) => {
    if (typeof part !== "number")
      throw new SpecError(`processors/Probe_Proc: value: expected numbers, found ${JSON.stringify(part)}`);
    return sum + part;
  }, 0);
}

/** One draw from the standard normal distribution (Box and Muller 1958). */
function normal(seed: number): number {
  const rng = rngFrom(seed);
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}
