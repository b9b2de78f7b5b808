import { messageOf, UsageError } from "../../../shared/errors.ts";
import type { Kernels } from "./kernels.ts";
import { plainKernels } from "./plain.ts";
import { wasmKernels } from "./wasm.ts";

/**
 * Kernels with memory for `length` floats. They are in WebAssembly; if that cannot be used, `log` says so and the plain kernels
 * are used. The environment variable NEXUS_KERNELS=plain selects the plain kernels.
 *
 * @throws UsageError if NEXUS_KERNELS is neither wasm nor plain
 */
export async function chooseKernels(length: number, log: (line: string) => void, fast = wasmKernels): Promise<Kernels> {
  const { NEXUS_KERNELS: wish = "wasm" } = process.env;
  if (wish === "plain") return plainKernels(new Float32Array(length));
  if (wish !== "wasm") throw new UsageError(`NEXUS_KERNELS is "${wish}"; expected wasm (the default) or plain`);
  try {
    return await fast(length);
  } catch (cause) {
    const reason = messageOf(cause);
    log(`training with the plain kernels, about five times slower: the WebAssembly ones cannot be used (${reason})`);
    return plainKernels(new Float32Array(length));
  }
}
