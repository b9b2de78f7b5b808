import { createHmac, timingSafeEqual } from "node:crypto";
import type { CodeBundle } from "../../domain/code-bundle.ts";
import type { OwnSearchSettings } from "../../domain/search/own-search.ts";
import type { SealKey } from "../../wire/seals/seals.ts";

/** What an order says that would start a program on the coordinator's machine. */
export interface OrderedSearch {
  /** The order's request id. */
  readonly op: string;
  readonly search: OwnSearchSettings;
  readonly code: CodeBundle | null;
}

/**
 * Proves that an order comes from a machine that may lead: only those have the key of the journal's seals. An operator
 * elsewhere may order runs, but not a search program of its own, which would run where the workspace's keys lie.
 */
export const searchProof = ({ searches }: SealKey, { op, search, code }: OrderedSearch): Uint8Array => {
  const { command, module } = search;
  const text = JSON.stringify(["nexus-swarm own search", 1, op, command, module, code?.sha256 ?? null]);
  return createHmac("sha256", searches).update(text).digest();
};

export function isProven(keys: readonly SealKey[], ordered: OrderedSearch, proof: Uint8Array): boolean {
  return keys.some((key) => {
    const expected = searchProof(key, ordered);
    return expected.length === proof.length && timingSafeEqual(expected, proof);
  });
}
