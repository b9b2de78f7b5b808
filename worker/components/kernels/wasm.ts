import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Kernels } from "./kernels.ts";

const pageBytes = 65_536;

/** The parts we use of a global that every engine has but our TypeScript libraries do not declare. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  instantiate(code: Uint8Array, imports: object): Promise<{ readonly instance: { readonly exports: object } }>;
};

/** The kernels in WebAssembly (assembly/), in memory that never grows. Throws if the file is missing or cannot run here. */
export async function wasmKernels(length: number, file = new URL("kernels.wasm", import.meta.url)): Promise<Kernels> {
  const code = await readFile(file);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((length * 4) / pageBytes) });
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 12);
  // The module exports exactly the functions of Kernels; its test compares each with the plain one.
  const functions = instance.exports as unknown as Omit<Kernels, "build" | "floats">;
  return { ...functions, build: `wasm-${hash}`, floats: new Float32Array(memory.buffer, 0, length) };
}
