/** Whose programs and variables name a GPU; "unknown" if only its number was told. */
export type GpuMaker = "nvidia" | "amd" | "intel" | "unknown";

export const gpuMakers = ["nvidia", "amd", "intel"] as const;

export interface Gpu {
  /** As the maker's variables name it: 0, GPU-5c89852c-..., MIG-... */
  readonly id: string;
  /** The other name of one that has a number; null if there is none. */
  readonly uuid: string | null;
  /** "NVIDIA H100 80GB HBM3"; "" if nobody says. */
  readonly name: string;
  /** Bytes; null if nobody says. */
  readonly memory: number | null;
}

/** What a maker's program said: its GPUs, or why it says nothing usable. Null: the program is not on this machine. */
export type GpuAnswer =
  | { readonly ok: true; readonly gpus: readonly Gpu[] }
  | { readonly ok: false; readonly why: string };
