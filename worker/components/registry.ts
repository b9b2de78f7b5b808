import { readdirSync } from "node:fs";
import { NotAComponent, ownModule } from "../own-code/own-code.ts";
import type { ComponentFactory, Kind, Kinds } from "./component.ts";
import type { ComponentSpec } from "./component-spec.ts";

/** Folder of a kind's components: `<Name>/<Name>.ts` beside its defaults, `<Name>/<Name>.yaml`. Nothing else names them. */
const folderOf = (kind: Kind): URL => new URL(`./${kind}/`, import.meta.url);

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
  const known = readdirSync(folderOf(kind));
  if (folder !== kind || !known.includes(name)) {
    const names = known.map((other) => `${kind}/${other}`).join(", ");
    throw new NotAComponent(`component "${component}" is not one of the ${kind}; expected one of: ${names}`);
  }
  // The names come from the folder itself, so no spec can reach outside it. The export's type is its author's promise.
  const module = (await import(new URL(`${name}/${name}.js`, folderOf(kind)).href)) as { default: ComponentFactory<K> };
  return module.default;
}
