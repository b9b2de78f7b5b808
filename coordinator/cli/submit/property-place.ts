import { shown } from "../../../shared/domain/runspec/problems.ts";
import type { Span } from "../../../shared/domain/runspec/source-text.ts";
import { dereferenced, type MapNode, type Node } from "../../../shared/domain/runspec/yaml-tree.ts";

/** A property of a component, and its value as `shown` writes it. */
export interface SoughtProperty {
  readonly component: string;
  /** Of a member of a mapping: env.DATA. */
  readonly property: string;
  readonly found: string;
  /** Sought instead of the value: this key of the property's mapping. */
  readonly key?: string;
}

/** Where a spec gives a component's property; of several places, the one with that value. Undefined: in none. */
export function placeOfProperty(root: Node, { component, property, found, key }: SoughtProperty): Span | undefined {
  const places = mapsIn(root).flatMap((map) => {
    const name = map.byKey.get("component")?.value;
    const value = name?.kind === "scalar" && name.value === component ? valueAt(map, property) : undefined;
    return value ? [value] : [];
  });
  if (key !== undefined) return places.flatMap((each) => keyIn(each, key) ?? [])[0] ?? places[0];
  return places.find((each) => each.kind === "scalar" && shown(each.value) === found) ?? places[0];
}

function keyIn(node: Node, key: string): Span | undefined {
  const map = dereferenced(node);
  return map?.kind === "map" ? map.byKey.get(key)?.at : undefined;
}

/** The node of `a.b`: b's in a, otherwise a's. */
function valueAt(map: MapNode, property: string): Node | undefined {
  const whole = map.byKey.get(property)?.value;
  const dot = property.indexOf(".");
  if (whole || dot < 0) return whole;
  const outer = map.byKey.get(property.slice(0, dot))?.value;
  const inner = outer && dereferenced(outer);
  return (inner?.kind === "map" ? valueAt(inner, property.slice(dot + 1)) : undefined) ?? outer;
}

function mapsIn(node: Node): MapNode[] {
  if (node.kind === "list") return node.items.flatMap(mapsIn);
  return node.kind === "map" ? [node, ...node.entries.flatMap(({ value }) => mapsIn(value))] : [];
}
