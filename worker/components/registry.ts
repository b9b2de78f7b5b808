import { componentDefaults } from "../../shared/components/component-defaults.ts";
import { NotAComponent, ownModule } from "../own-code/own-code.ts";
import type { ComponentFactory, Kind, Kinds } from "./component.ts";
import type { ComponentSpec } from "./component-spec.ts";

/** A component is `<Name>/<Name>.ts` beside its defaults, `<Name>/<Name>.yaml`. Nothing else names it. */
const modules: { readonly [K in Kind]: (name: string) => Promise<{ readonly default: ComponentFactory<K> }> } = {
  agents: (name) => import(`./agents/${name}/${name}.ts`),
  environments: (name) => import(`./environments/${name}/${name}.ts`),
  models: (name) => import(`./models/${name}/${name}.ts`),
  model_cores: (name) => import(`./model_cores/${name}/${name}.ts`),
};

/** Creates the component that a spec names; its place in the spec determines the kind. */
export async function createComponent<K extends Kind>(
  kind: K,
  spec: ComponentSpec,
  given: Kinds[K]["given"],
): Promise<Kinds[K]["made"]> {
  const factory = await findFactory(kind, spec.component);
  return factory(spec, given);
}

let codeFolder: string | null = null;

/** Sets the folder whose components take precedence over ours. Each run sets it first; a process executes one run at a time. */
export function useOwnComponents(folder: string | null): void {
  codeFolder = folder;
}

async function findFactory<K extends Kind>(kind: K, component: string): Promise<ComponentFactory<K>> {
  const [folder, name = ""] = component.split("/", 2);
  const own = codeFolder === null || folder !== kind ? undefined : await ownModule(codeFolder, component);
  if (own) return own as ComponentFactory<K>; // what it makes is its author's promise
  const known = componentDefaults()
    .names()
    .filter((other) => other.startsWith(`${kind}/`));
  // Only these names reach the import, so no spec can load another file.
  if (!known.includes(component))
    throw new NotAComponent(`component "${component}" is not one of the ${kind}; expected one of: ${known.join(", ")}`);
  return (await modules[kind](name)).default;
}
