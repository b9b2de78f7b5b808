import { NotAComponent, ownModule } from "../own-code/own-code.ts";
import type { StageFactory } from "./stage.ts";

/** The stage processors that come with the program. Each is loaded when a run first needs it. */
const shipped: Readonly<Record<string, () => Promise<{ default: StageFactory }>>> = {
  "processors/RL_Proc": () => import("./RL_Proc/RL_Proc.ts"),
  "processors/Command_Proc": () => import("./Command_Proc/Command_Proc.ts"),
  "processors/Probe_Proc": () => import("./Probe_Proc/Probe_Proc.ts"),
};

/** Whether a stage processor is ours and starts no processes. */
export const onlyComputes = (component: string): boolean =>
  component !== "processors/Command_Proc" && Object.hasOwn(shipped, component);

const loaded = new Map<string, StageFactory>();

/**
 * Finds the factory of a stage processor; the user's code takes precedence. The spec has already been checked, so a name that is
 * unknown here belongs to a component that has a YAML file but no code.
 *
 * @param codeFolder  folder of the user's code; null if there is none
 * @throws NotAComponent if nobody has code for it; SpecError if the user's module exports no function
 */
export async function stageFactory(component: string, codeFolder: string | null): Promise<StageFactory> {
  const own = codeFolder === null ? undefined : await ownModule(codeFolder, component);
  if (own) return own as StageFactory; // what it makes is its author's promise
  const known = loaded.get(component);
  if (known) return known;
  const load = Object.hasOwn(shipped, component) ? shipped[component] : undefined;
  if (load) {
    const factory = (await load()).default;
    loaded.set(component, factory);
    return factory;
  }
  const name = component.split("/", 2)[1] ?? component;
  throw new NotAComponent(
    `there is no code of ${component}: expected ${name}.js or ${name}.mjs beside its ${name}.yaml\n` +
      `  those that come with the program: ${Object.keys(shipped).join(", ")}`,
  );
}
