import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Ten vectors of four floats, each multiplied and added to: enough chains to keep every unit of a core busy. */
const chains = Array.from({ length: 10 }, (_, i) => `s${i}`);
const wasmSource = `
export function peak(rounds: i32): f32 {
  const a = f32x4.splat(0.999), b = f32x4.splat(0.001);
  ${chains.map((s, i) => `let ${s} = f32x4.splat(${i}.5);`).join("\n  ")}
  for (let i = 0; i < rounds; i++) {
    ${chains.map((s) => `${s} = f32x4.add(f32x4.mul(${s}, a), b);`).join("\n    ")}
  }
  return f32x4.extract_lane(${chains.reduce((sum, s) => `f32x4.add(${sum}, ${s})`)}, 0);
}`;

declare const WebAssembly: {
  instantiate(code: Uint8Array): Promise<{ readonly instance: { readonly exports: unknown } }>;
};

/** GFLOP/s of one core in WebAssembly's 128-bit multiplications and additions, the best of many short windows. */
export async function measureWasmPeak(): Promise<number> {
  const asc = await import("assemblyscript/asc");
  let code: Uint8Array | undefined;
  const { error } = await asc.main(
    ["peak.ts", "--outFile", "peak.wasm", "--enable", "simd", "-O3", "--runtime", "stub"],
    {
      readFile: (name) => (name === "peak.ts" ? wasmSource : null),
      writeFile: (name, contents) => {
        if (name === "peak.wasm" && typeof contents !== "string") code = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !code) throw new Error("the peak kernel does not compile", { cause: error });
  const { instance } = await WebAssembly.instantiate(code);
  // The module exports only the function above.
  const { peak } = instance.exports as { peak(rounds: number): number };
  const rounds = 200_000;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 200; i++) {
    const started = performance.now();
    peak(rounds);
    best = Math.min(best, performance.now() - started);
  }
  return (rounds * chains.length * 8) / best / 1e6;
}

const nativeSource = `
#include <stdio.h>
#include <time.h>
typedef float v __attribute__((vector_size(WIDTH * 4)));
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
int main(void) {
  v s[12], a, b; double best = 1e9; int rounds = 200000;
  for (int i = 0; i < 12; i++) for (int j = 0; j < WIDTH; j++) s[i][j] = i + j;
  for (int j = 0; j < WIDTH; j++) a[j] = 0.999f, b[j] = 0.001f;
  for (int w = 0; w < 200; w++) {
    double t = now();
    for (int r = 0; r < rounds; r++) for (int i = 0; i < 12; i++) s[i] = s[i] * a + b;
    t = now() - t; if (t < best) best = t;
  }
  float sum = 0; for (int i = 0; i < 12; i++) sum += s[i][0];
  printf("%f %f\\n", rounds * 12.0 * WIDTH * 2 / best / 1e9, sum);
}`;

/** The native peak with the widest fused multiply-adds, in words; without a C compiler, why it was not measured. */
export function measureNativePeak(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "peak-"));
  try {
    const [source, program] = [path.join(folder, "peak.c"), path.join(folder, "peak")];
    writeFileSync(source, nativeSource);
    const peaks = [4, 8, 16].map((width) => {
      execFileSync("cc", ["-O3", "-march=native", "-ffast-math", `-DWIDTH=${width}`, "-o", program, source], {
        stdio: "pipe",
      });
      return Number(execFileSync(program, { encoding: "utf8" }).split(" ")[0]);
    });
    return `${Math.max(...peaks).toFixed(0)} natively, with the widest fused multiply-add`;
  } catch (error) {
    return `the native peak was not measured (${error instanceof Error ? error.message.split("\n")[0] : error})`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
