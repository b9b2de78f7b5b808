import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bus, BusError, type BusErrorReason } from "../../shared/ports.ts";
import { decode, encode } from "../../shared/wire/codec.ts";
import type { BusImplementation, BusRig } from "./bus-rig.ts";

/** A test with a broker of its own. */
export type BusTest = (title: string, body: (rig: BusRig, bus: Bus) => Promise<void>) => void;

export function testsOn({ start }: BusImplementation): BusTest {
  return (title, body) => {
    test(title, async () => {
      const rig = await start();
      try {
        await body(rig, await rig.connect());
      } finally {
        await rig.end();
      }
    });
  };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array | null | undefined): string | undefined =>
  data ? new TextDecoder().decode(data) : undefined;

/** The content of an entry or an order: a message to which a bus may add fields. */
export const entry = (words: string): Uint8Array => encode({ words });
export const told = (data: Uint8Array | null | undefined): unknown =>
  data ? (decode(data) as { readonly words?: unknown }).words : undefined;

/** Asserts that the promise rejects with a BusError of one of these reasons. */
export async function fails(promise: Promise<unknown>, ...reasons: readonly BusErrorReason[]): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof BusError, error instanceof Error ? error.stack : String(error));
    assert.ok(reasons.includes(error.reason), `${error.reason}: ${error.message}`);
    return true;
  });
}
