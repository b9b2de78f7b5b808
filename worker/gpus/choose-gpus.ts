import { counted } from "../../shared/domain/counted.ts";
import { UsageError } from "../../shared/errors.ts";
import { mostGpus } from "../../shared/wire/limits.ts";
import { type Gpu, type GpuAnswer, type GpuMaker, gpuMakers } from "./gpu.ts";

/** What the owner typed after --gpus. Undefined: nothing, which lends all that are found. */
export type GpuChoice =
  | undefined
  | "all"
  | "none"
  | { readonly maker: GpuMaker | null; readonly ids: readonly string[]; readonly typed: string };

/** The GPUs that a worker lends. */
export interface ChosenGpus {
  readonly maker: GpuMaker;
  readonly gpus: readonly Gpu[];
  /** They are numbered by place on the bus, as nvidia-smi does. */
  readonly isNumberedByBus: boolean;
  /** The owner said which: runs that ask for no GPU see no other either. */
  readonly isRestricted: boolean;
  /** What the owner should know; "" if nothing. */
  readonly note: string;
}

/** What each maker's program said. */
export interface FoundGpus {
  readonly nvidia: GpuAnswer | null;
  readonly amd: GpuAnswer | null;
}

const one = /^(\d{1,4}|(GPU|MIG)-[\w/.-]{1,80}|\d{1,4}\.\d{1,4})$/;
const expected = "all, none, or GPUs such as 0,1 or GPU-5c89852c or amd:0,1";

/** Reads what follows --gpus; undefined if it is nothing of the kind. */
export function readGpuChoice(typed: string): Exclude<GpuChoice, undefined> | undefined {
  if (typed === "all" || typed === "none") return typed;
  const maker = gpuMakers.find((each) => typed.startsWith(`${each}:`)) ?? null;
  const ids = (maker === null ? typed : typed.slice(maker.length + 1)).split(",").map((id) => id.trim());
  return ids.every((id) => one.test(id)) && new Set(ids).size === ids.length ? { maker, ids, typed } : undefined;
}

export const gpuChoiceExpected = `Expected ${expected}.`;

/**
 * Which GPUs are lent: of those found, those that the environment leaves (a batch system sets CUDA_VISIBLE_DEVICES and
 * the like); of these, those that the owner names.
 *
 * @throws UsageError if what the owner names is not there
 */
export function chooseGpus(choice: GpuChoice, environment: NodeJS.ProcessEnv, found: FoundGpus): ChosenGpus {
  const told = typeof choice === "object" ? choice : null;
  const maker = told?.maker ?? makerOf(environment, found);
  const none = { maker, gpus: [], isNumberedByBus: false, isRestricted: choice === "none", note: "" };
  if (choice === "none") return none;
  const seen = maker === "nvidia" ? found.nvidia : maker === "amd" ? found.amd : null;
  const listed = seen?.ok ? seen.gpus : null;
  const mask = maskOf(maker, environment, listed);
  const trouble = troubleOf(found);
  if (told) {
    const there = mask?.ids ?? listed?.flatMap(({ id, uuid }) => (uuid === null ? [id] : [id, uuid])) ?? null;
    for (const id of told.ids) {
      if (there === null || there.some((each) => each === id || isShort(id, each))) continue;
      const what = mask ? `${mask.name} of this worker is "${mask.ids.join(",")}"` : whatIsThere(listed ?? []);
      throw new UsageError(`--gpus ${told.typed}: there is no GPU ${id} for it: ${what}\n  expected ${expected}`);
    }
    const gpus = described(told.ids, listed);
    return { maker, gpus, isNumberedByBus: !mask, isRestricted: true, note: trouble };
  }
  const gpus = mask ? described(mask.ids, listed) : (listed ?? []);
  if (gpus.length === 0 && choice === "all") {
    const why = mask
      ? `${mask.name} of this worker is "${mask.ids.join(",")}"`
      : trouble || "neither nvidia-smi nor rocm-smi names one";
    throw new UsageError(`--gpus all: found no GPU: ${why}\n  if there is one, name it: --gpus 0`);
  }
  const note = gpus.length === 0 ? trouble : "";
  return { maker, gpus: gpus.slice(0, mostGpus), isNumberedByBus: !mask, isRestricted: false, note };
}

/** The maker whose program names some GPUs; else the one whose variable is set. */
function makerOf(environment: NodeJS.ProcessEnv, { nvidia, amd }: FoundGpus): GpuMaker {
  const names = (found: GpuAnswer | null): boolean => found?.ok === true && found.gpus.length > 0;
  if (names(nvidia)) return "nvidia";
  if (names(amd)) return "amd";
  const isSet = (...variables: readonly string[]): boolean => variables.some((name) => environment[name] !== undefined);
  if (isSet("CUDA_VISIBLE_DEVICES")) return "nvidia";
  if (isSet("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")) return "amd";
  return isSet("ZE_AFFINITY_MASK") ? "intel" : "unknown";
}

interface Mask {
  readonly name: string;
  readonly ids: readonly string[];
}

/** The GPUs that the worker's own environment leaves it; null if it says nothing. */
function maskOf(maker: GpuMaker, environment: NodeJS.ProcessEnv, listed: readonly Gpu[] | null): Mask | null {
  const read = (name: string): Mask | null => {
    const value = environment[name];
    return value === undefined ? null : { name, ids: idsIn(value, listed) };
  };
  switch (maker) {
    case "nvidia":
      return read("CUDA_VISIBLE_DEVICES");
    case "intel":
      return read("ZE_AFFINITY_MASK");
    case "amd": {
      const rocr = read("ROCR_VISIBLE_DEVICES");
      const hip = read("HIP_VISIBLE_DEVICES") ?? read("CUDA_VISIBLE_DEVICES");
      // HIP counts among those that ROCR leaves.
      if (rocr && hip) return { name: hip.name, ids: hip.ids.flatMap((id) => rocr.ids[Number(id)] ?? []) };
      return rocr ?? hip;
    }
    case "unknown":
      return null;
    default: {
      const never: never = maker;
      throw new RangeError(`unknown maker ${String(never)}`);
    }
  }
}

/** Reads a list as the drivers do: it ends before the first id that names no device. */
function idsIn(value: string, listed: readonly Gpu[] | null): string[] {
  const ids: string[] = [];
  for (const id of value.split(",").map((each) => each.trim())) {
    if (!one.test(id) || ids.includes(id)) break;
    if (
      listed &&
      listed.length > 0 &&
      /^\d+$/.test(id) &&
      Number(id) >= listed.length &&
      !listed.some((gpu) => gpu.id === id)
    )
      break;
    ids.push(id);
  }
  return ids;
}

/** Whether `id` is the beginning of that UUID: the drivers take it for the whole. */
const isShort = (id: string, uuid: string): boolean => /^(GPU|MIG)-\w/.test(id) && uuid.startsWith(id);

const described = (ids: readonly string[], listed: readonly Gpu[] | null): Gpu[] =>
  ids.map((id) => {
    const known = listed?.find((gpu) => gpu.id === id || isShort(id, gpu.uuid ?? gpu.id));
    return { id, uuid: known?.uuid ?? null, name: known?.name ?? "", memory: known?.memory ?? null };
  });

const whatIsThere = (listed: readonly Gpu[]): string =>
  listed.length === 0
    ? "none was found"
    : `found ${counted(listed.length, "GPU")}, ${listed.map(({ id }) => id).join(",")}`;

const troubleOf = ({ nvidia, amd }: FoundGpus): string =>
  [nvidia, amd].flatMap((found) => (found && !found.ok ? [found.why] : [])).join("; ");
