import type { Setting } from "../hyperparameter.ts";

/** Plain data as parsed from YAML. */
export type Tree = Setting | readonly Tree[] | { readonly [key: string]: Tree };

export function isMapping(tree: Tree | undefined): tree is { readonly [key: string]: Tree } {
  return typeof tree === "object" && tree !== null && !Array.isArray(tree);
}

export function isOn(value: unknown): boolean {
  return value === 1 || value === true;
}

export function isOff(value: unknown): boolean {
  return value === 0 || value === false;
}
