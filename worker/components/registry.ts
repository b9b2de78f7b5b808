import { SpecError } from "../../shared/errors.ts";
import type { ComponentSpec } from "../stages/stage.ts";
import type { ComponentFactory, Kind, Kinds } from "./component.ts";

type Table = { readonly [K in Kind]: Readonly<Record<string, () => Promise<{ default: ComponentFactory<K> }>>> };

/** Every component that is shipped, loaded when a spec first names it. */
const table: Table = {
  agents: {
    AAC_Agent: () => import("./agents/AAC_Agent/AAC_Agent.ts"),
  },
  environments: {
    CartPole_Env: () => import("./environments/CartPole_Env/CartPole_Env.ts"),
    Maze_Env: () => import("./environments/Maze_Env/Maze_Env.ts"),
  },
  models: {
    Model_Nexus: () => import("./models/Model_Nexus/Model_Nexus.ts"),
  },
  model_cores: {
    GRU_Core: () => import("./model_cores/GRU_Core/GRU_Core.ts"),
    MLP_Core: () => import("./model_cores/MLP_Core/MLP_Core.ts"),
  },
};

/** Makes the component that a spec names, of the kind that its place in the spec asks for. */
export async function createComponent<K extends Kind>(
  kind: K,
  spec: ComponentSpec,
  given: Kinds[K]["given"],
): Promise<Kinds[K]["made"]> {
  const factory = await findFactory(kind, spec.component);
  return factory(spec, given);
}

async function findFactory<K extends Kind>(kind: K, component: string): Promise<ComponentFactory<K>> {
  const [folder, name = ""] = component.split("/", 2);
  const modules = table[kind];
  if (folder !== kind || !Object.hasOwn(modules, name)) {
    const known = Object.keys(modules).map((other) => `${kind}/${other}`);
    throw new SpecError(`component "${component}" is not one of the ${kind}; expected one of: ${known.join(", ")}`);
  }
  return (await modules[name]!()).default;
}
