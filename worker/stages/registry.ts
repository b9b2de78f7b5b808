import type { StageFactory } from "./stage.ts";

/** The stage processors that come with the program; each is loaded when a run first needs it. */
const shipped: Readonly<Record<string, () => Promise<{ default: StageFactory }>>> = {
  "processors/RL_Proc": () => import("./RL_Proc/RL_Proc.ts"),
  "processors/Probe_Proc": () => import("./Probe_Proc/Probe_Proc.ts"),
};

const loaded = new Map<string, StageFactory>();

/** How a stage processor is made. The spec was checked before, so a name that is not here is this program's own gap. */
export async function stageFactory(component: string): Promise<StageFactory> {
  const known = loaded.get(component);
  if (known) return known;
  const load = Object.hasOwn(shipped, component) ? shipped[component] : undefined;
  if (!load) throw new Error(`this worker has no ${component}; it has ${Object.keys(shipped).join(", ")}`);
  const factory = (await load()).default;
  loaded.set(component, factory);
  return factory;
}
