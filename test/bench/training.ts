/**
 * Measures training speed: `npm run bench -- training [--torch] [--windows=9]`. One iteration is one step of an
 * environment that costs nothing (60 floats in, 5 actions) and its share of the updates. Milliseconds are of the
 * process's CPU time, which on a quiet machine equals wall time. The variants take turns, so that other work slows all
 * of them alike; the table gives the median over the windows and, in brackets, the best.
 *
 * --torch adds PyTorch on one thread from the python3 that has it (Debian: apt install python3-torch libopenblas0-pthread),
 * training the same network by the same rule (training-torch.py).
 */
import { parseArgs } from "node:util";
import type { Agent } from "../../worker/components/component.ts";
import { createComponent } from "../../worker/components/registry.ts";
import { componentSpec } from "../support/learner.ts";
import { measureNativePeak, measureWasmPeak } from "./training-peak.ts";
import type { Size } from "./training-size.ts";
import { startTorch, type Torch } from "./training-torch.ts";

const sizes: readonly Size[] = [
  { embed: 256, units: 128, out: 1024, seqlen: 8 },
  { embed: 512, units: 384, out: 64, seqlen: 12 },
  { embed: 1024, units: 384, out: 1024, seqlen: 24 },
  { embed: 32, units: 128, out: 32, seqlen: 4 },
];
const observationSize = 60;
const actionCount = 5;
/** CPU milliseconds of one variant's turn. */
const windowMs = 200;

/** One implementation at one size. */
interface Variant {
  readonly name: string;
  /** Milliseconds per iteration over a window of `windowMs`. */
  window(): Promise<number>;
}

export async function run(args: readonly string[] = []): Promise<void> {
  const options = { torch: { type: "boolean", default: false }, windows: { type: "string", default: "9" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const torch = values.torch ? await startTorch() : null;
  const peak = await measureWasmPeak();
  const native = measureNativePeak();
  console.log(
    `one core's peak in this run: ${peak.toFixed(1)} GFLOP/s by WebAssembly's 128-bit multiply and add; ${native}`,
  );
  if (torch) console.log(`PyTorch ${torch.version}, ${torch.threads} thread`);
  const names = ["plain", "wasm", ...(torch?.variants ?? [])];
  const ratios = names.filter((name) => name !== "wasm").map((name) => `${name} / wasm`);
  console.log(
    `\n| embed, units, out, seqlen | ${names.map((name) => `${name} ms`).join(" | ")} | ${ratios.join(" | ")} | wasm GFLOP/s | of peak |`,
  );
  console.log(`|${" --- |".repeat(1 + names.length + ratios.length + 2)}`);
  try {
    for (const size of sizes) console.log(await row(size, torch, Number(values.windows), peak));
  } finally {
    await torch?.stop();
  }
  console.log(`\nlargest memory of this process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
}

async function row(size: Size, torch: Torch | null, windows: number, peak: number): Promise<string> {
  const ours = [await learner(size, "plain"), await learner(size, "wasm")];
  const theirs = torch
    ? torch.variants.map((name) => ({ name, window: () => torch.window(name, size, windowMs) }))
    : [];
  const variants: Variant[] = [...ours, ...theirs];
  for (const variant of variants) await variant.window();
  const times: number[][] = variants.map(() => []);
  for (let i = 0; i < windows; i++) {
    for (const [v, variant] of variants.entries()) times[v]!.push(await variant.window());
  }
  const cells = times.map((each) => `${median(each).toFixed(3)} (${Math.min(...each).toFixed(3)})`);
  const wasm = times[1]!;
  const ratios = times
    .filter((each) => each !== wasm)
    .map((each) => median(each.map((ms, i) => ms / wasm[i]!)).toFixed(1));
  const gflops = flopsPerIteration(size) / median(wasm) / 1e6;
  const { embed, units, out, seqlen } = size;
  const share = `${((100 * gflops) / peak).toFixed(0)}%`;
  return `| ${embed}, ${units}, ${out}, ${seqlen} | ${[...cells, ...ratios].join(" | ")} | ${gflops.toFixed(1)} | ${share} |`;
}

/** An agent that learns from noise; no episode ends, so every window is full. */
async function learner(size: Size, kernels: "plain" | "wasm"): Promise<Variant> {
  const core = { obs_embed_size: size.embed, num_rnn_units: size.units, output_layer_size: size.out };
  const spec = componentSpec("agents/AAC_Agent", {
    bptt_period: size.seqlen,
    model: { component: "models/Model_Nexus", model_core: { component: "model_cores/GRU_Core", ...core } },
  });
  const before = process.env["NEXUS_KERNELS"];
  process.env["NEXUS_KERNELS"] = kernels;
  const log = (line: string) => console.log(line);
  const agent = await createComponent("agents", spec, { observationSize, actionCount, train: true, log });
  if (before === undefined) delete process.env["NEXUS_KERNELS"];
  else process.env["NEXUS_KERNELS"] = before;
  const observations = Array.from({ length: 64 }, (_, i) =>
    Float32Array.from({ length: observationSize }, (_, j) => Math.sin(i * 61 + j * j)),
  );
  let iteration = 0;
  const iterate = (agent: Agent) => {
    agent.act(observations[iteration % 64]!);
    iteration += 1;
    agent.learn(iteration % 20 === 0 ? 1 : 0, false, observations[iteration % 64]!);
  };
  const window = async () => {
    const started = cpuMs();
    let iterations = 0;
    while (cpuMs() - started < windowMs) {
      // Two whole BPTT windows between looks at the clock: each has its update, and the clock costs nothing.
      for (let i = 0; i < 2 * size.seqlen; i++) iterate(agent);
      iterations += 2 * size.seqlen;
    }
    return (cpuMs() - started) / iterations;
  };
  return { name: kernels, window };
}

/**
 * 2P forward and 4P backward per iteration, 2P for the bootstrap's forward pass and 12P for clip and Adam per update, P being
 * the parameters.
 */
function flopsPerIteration({ embed, units, out, seqlen }: Size): number {
  const gru = 3 * units * (embed + units + 2);
  const parameters = embed * (observationSize + 1) + gru + 2 * out * (units + 1) + (actionCount + 1) * (out + 1);
  return 6 * parameters + (14 * parameters) / seqlen;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
