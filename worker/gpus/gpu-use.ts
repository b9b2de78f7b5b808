import { type Asking, askProgram } from "./ask-program.ts";

const query = ["--query-gpu=index,uuid,utilization.gpu", "--format=csv,noheader,nounits"];

/**
 * A function that tells how much these NVIDIA GPUs worked lately: mean percent of the time; null if nvidia-smi does not say, or if
 * the last one is still there. One that hangs in its driver cannot be killed, and each further one would hang as well.
 */
export function nvidiaUse(ids: readonly string[], asking: Asking, ask = askProgram): () => Promise<number | null> {
  let isThere = false;
  const gone = (): void => {
    isThere = false;
  };
  return async () => {
    if (isThere) return null;
    isThere = true;
    try {
      const said = await ask("nvidia-smi", query, asking, gone);
      return said.kind === "said" ? meanUse(said.text, ids) : null;
    } catch (error) {
      gone(); // none was started
      throw error;
    }
  };
}

/** @param text  lines such as `0, GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f, 97`; `[N/A]` for one that does not say */
export function meanUse(text: string, ids: readonly string[]): number | null {
  const percents = text.split("\n").flatMap((line) => {
    const [, index = "", uuid = "", percent = ""] = /^\s*(\d+),\s*(GPU-[\w-]+),\s*(\d+)\s*$/.exec(line) ?? [];
    return percent !== "" && (ids.includes(index) || ids.includes(uuid)) ? [Math.min(100, Number(percent))] : [];
  });
  if (percents.length === 0) return null;
  return Math.round(percents.reduce((sum, each) => sum + each, 0) / percents.length);
}
