import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../cleanup.ts";

/** Output of real programs. */
export const written = {
  twoH100:
    "0, GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f, NVIDIA H100 80GB HBM3, 81559 MiB\n" +
    "1, GPU-1f2a3b4c-0001-0002-0003-000000000001, NVIDIA H100 80GB HBM3, 81559 MiB\n",
  twoH100List:
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)\n" +
    "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-1f2a3b4c-0001-0002-0003-000000000001)\n",
  dividedList:
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)\n" +
    "  MIG 3g.40gb     Device  0: (UUID: MIG-06c97d93-94ac-5a0c-a3ae-0ba8bf8f0b5c)\n" +
    "  MIG 3g.40gb     Device  1: (UUID: MIG-7d1c2a5e-0f65-5f0a-9c9d-1b2c3d4e5f60)\n" +
    "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-1f2a3b4c-0001-0002-0003-000000000001)\n",
  noDriver:
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n",
  twoMi250:
    '{"card0": {"VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10960896", "Card Series": "AMD INSTINCT MI250X", "Card SKU": "D65201"}, ' +
    '"card1": {"VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10960896", "Card Series": "AMD INSTINCT MI250X", "Card SKU": "D65201"}}\n',
};

export interface FakeSmi {
  /** What it prints: nvidia-smi's answer to the query for a table, or rocm-smi's. */
  readonly prints: string;
  /** nvidia-smi's answer to -L. */
  readonly list?: string;
  readonly code?: number;
  /** It never ends. */
  readonly hangs?: boolean;
}

/** A folder for PATH with programs of these names that print the given output. */
export function fakeSmi(programs: { readonly [Name in "nvidia-smi" | "rocm-smi"]?: FakeSmi }): string {
  const folder = temporaryFolder();
  for (const [name, { prints, list = "", code = 0, hangs = false }] of Object.entries(programs)) {
    const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
    const body = hangs
      ? "exec sleep 600"
      : `if [ "$1" = -L ]; then printf %s ${quoted(list)}; else printf %s ${quoted(prints)}; fi\nexit ${code}`;
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  return folder;
}
