import { messageOf } from "../../shared/errors.ts";
import { type Asking, askProgram } from "./ask-program.ts";
import type { Gpu, GpuAnswer } from "./gpu.ts";

/** The keys under which versions of rocm-smi give a card's name. */
const nameKeys = ["Card Series", "Card series", "Device Name", "Card Model", "Card model"];
const memoryKey = "VRAM Total Memory (B)";

/**
 * The GPUs of AMD, by rocm-smi.
 *
 * @returns null if rocm-smi is not on this machine
 */
export async function amdGpus(asking: Asking): Promise<GpuAnswer | null> {
  const said = await askProgram("rocm-smi", ["--showproductname", "--showmeminfo", "vram", "--json"], asking);
  if (said.kind === "none") return null;
  if (said.kind === "failed") return { ok: false, why: `rocm-smi: ${said.why}` };
  const gpus = readCards(said.text);
  return typeof gpus === "string" ? { ok: false, why: `rocm-smi: ${gpus}` } : { ok: true, gpus };
}

/** `{"card0": {"Card Series": "...", "VRAM Total Memory (B)": "68702699520"}, ...}`; or what is wrong with it. */
function readCards(text: string): readonly Gpu[] | string {
  // Without a card it prints only a warning.
  const json = text.slice(text.indexOf("{")).trim();
  if (!text.includes("{")) {
    return /no (amd )?gpus?|no supported|not initialized/i.test(text) || text.trim() === ""
      ? []
      : `found "${text.trim().slice(0, 200)}", expected JSON`;
  }
  let cards: unknown;
  try {
    cards = JSON.parse(json);
  } catch (error) {
    return `what it prints is no JSON: ${messageOf(error)}`;
  }
  const gpus: (Gpu & { readonly number: number })[] = [];
  for (const [card, value] of Object.entries(cards as Readonly<Record<string, unknown>>)) {
    const number = /^card(\d+)$/.exec(card)?.[1];
    if (number === undefined || typeof value !== "object" || value === null) continue;
    const fields = value as Readonly<Record<string, unknown>>; // of unknown content, looked at below
    const name = nameKeys.map((key) => fields[key]).find((each) => typeof each === "string" && each !== "N/A");
    const memory = Number(fields[memoryKey]);
    gpus.push({
      number: Number(number),
      id: number,
      uuid: null,
      name: typeof name === "string" ? name : "",
      memory: Number.isFinite(memory) && memory > 0 ? memory : null,
    });
  }
  return gpus.sort((a, b) => a.number - b.number).map(({ number: _, ...gpu }) => gpu);
}
