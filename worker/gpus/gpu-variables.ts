import type { GpuMaker } from "./gpu.ts";

/** Variables that tell a program which GPUs it may use. Null: the variable is removed. */
export type GpuVariables = Readonly<Record<string, string | null>>;

/** Tells a run which GPUs it was given; "" for none. */
export const gpusGiven = "NEXUS_GPUS";

/** All variables that this file sets. Where the worker decides, a job's own values do not count. */
export const gpuVariableNames: readonly string[] = [
  ...["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"],
  ...["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "ONEAPI_DEVICE_SELECTOR"],
  gpusGiven,
];

/**
 * The variables of a run that sees these GPUs.
 *
 * @param isNumberedByBus  the ids are numbers as nvidia-smi counts, by place on the bus; CUDA counts otherwise unless told so
 */
export function variablesFor(maker: GpuMaker, ids: readonly string[], isNumberedByBus: boolean): GpuVariables {
  const list = ids.join(",");
  const given = { [gpusGiven]: list };
  if (ids.length === 0) {
    return {
      ...given,
      // A number that no device has. An empty value means all to some programs.
      ...{
        CUDA_VISIBLE_DEVICES: "-1",
        HIP_VISIBLE_DEVICES: "-1",
        ROCR_VISIBLE_DEVICES: "-1",
        GPU_DEVICE_ORDINAL: null,
      },
      ...{ ZE_AFFINITY_MASK: null, ONEAPI_DEVICE_SELECTOR: "*:cpu" },
    };
  }
  switch (maker) {
    case "nvidia":
      return {
        ...given,
        CUDA_VISIBLE_DEVICES: list,
        ...(isNumberedByBus ? { CUDA_DEVICE_ORDER: "PCI_BUS_ID" } : {}),
      };
    case "amd": {
      // HIP counts among those that ROCR leaves.
      const among = ids.map((_, i) => i).join(",");
      return {
        ...given,
        ROCR_VISIBLE_DEVICES: list,
        ...{ HIP_VISIBLE_DEVICES: among, GPU_DEVICE_ORDINAL: among, CUDA_VISIBLE_DEVICES: null },
      };
    }
    case "intel":
      // The selector counts among those that the mask leaves; OpenCL knows no mask.
      return { ...given, ZE_AFFINITY_MASK: list, ONEAPI_DEVICE_SELECTOR: "level_zero:*" };
    case "unknown":
      return { ...given, CUDA_VISIBLE_DEVICES: list, HIP_VISIBLE_DEVICES: list, ZE_AFFINITY_MASK: list };
    default: {
      const never: never = maker;
      throw new RangeError(`unknown maker ${String(never)}`);
    }
  }
}

/** An environment with these variables instead of its own. */
export function withVariables(environment: NodeJS.ProcessEnv, variables: GpuVariables | null): NodeJS.ProcessEnv {
  if (variables === null) return environment;
  const changed = { ...environment };
  for (const [name, value] of Object.entries(variables)) {
    if (value === null) delete changed[name];
    else changed[name] = value;
  }
  return changed;
}
