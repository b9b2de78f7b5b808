import { type Asking, askProgram } from "./ask-program.ts";
import type { Gpu, GpuAnswer } from "./gpu.ts";

/**
 * The GPUs of NVIDIA, by nvidia-smi. A GPU that is divided (MIG) stands for its parts, which only their UUIDs name.
 *
 * @returns null if nvidia-smi is not on this machine
 */
export async function nvidiaGpus(asking: Asking): Promise<GpuAnswer | null> {
  const query = ["--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader"];
  const [table, list] = await Promise.all([
    askProgram("nvidia-smi", query, asking),
    askProgram("nvidia-smi", ["-L"], asking),
  ]);
  if (table.kind === "none") return null;
  // Older versions end with an exit code of their own if there are no GPUs.
  const said = table.kind === "said" ? table.text : table.why;
  if (/no devices (were )?found/i.test(said)) return { ok: true, gpus: [] };
  if (table.kind === "failed") return { ok: false, why: `nvidia-smi: ${table.why}` };
  const gpus = readTable(table.text);
  if (typeof gpus === "string") return { ok: false, why: `nvidia-smi: ${gpus}` };
  // If it lists no parts, no GPU is divided.
  return { ok: true, gpus: withParts(gpus, list.kind === "said" ? list.text : "") };
}

/** Lines such as `0, GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f, NVIDIA H100 80GB HBM3, 81559 MiB`; or what is wrong with them. */
function readTable(text: string): readonly Gpu[] | string {
  const gpus: Gpu[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const found = /^\s*(\d+),\s*(GPU-[\w-]+),\s*(.*\S)\s*,\s*(?:(\d+)\s*MiB|\[.*\]|N\/A)\s*$/.exec(line);
    if (!found) {
      return `found the line "${line.trim().slice(0, 200)}", expected lines such as "0, GPU-5c89852c-..., NVIDIA A100, 40960 MiB"`;
    }
    const [, id = "", uuid = "", name = "", memory] = found;
    gpus.push({ id, uuid, name, memory: memory === undefined ? null : Number(memory) * 2 ** 20 });
  }
  return gpus;
}

/** @param list  what `nvidia-smi -L` prints: below the line of a divided GPU, one for each part */
function withParts(gpus: readonly Gpu[], list: string): Gpu[] {
  const parts = new Map<string, Gpu[]>();
  let uuid = "";
  for (const line of list.split("\n")) {
    const gpu = /^GPU \d+: .*\(UUID: (GPU-[\w-]+)\)/.exec(line);
    if (gpu) uuid = gpu[1] ?? "";
    const part = /^\s+(MIG \S+)\s+Device\s+\d+: \(UUID: (MIG-[\w/-]+)\)/.exec(line);
    if (!part) continue;
    const [, kind = "", id = ""] = part;
    const name = gpus.find((each) => each.uuid === uuid)?.name ?? "";
    const size = /\.(\d+)gb/.exec(kind)?.[1];
    const memory = size === undefined ? null : Number(size) * 2 ** 30;
    parts.set(uuid, [...(parts.get(uuid) ?? []), { id, uuid: null, name: `${name} ${kind}`.trim(), memory }]);
  }
  return gpus.flatMap((gpu) => parts.get(gpu.uuid ?? "") ?? [gpu]);
}
