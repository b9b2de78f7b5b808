import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { encode } from "../../../../shared/wire/codec.ts";
import { corpus, pieceKey } from "../../../support/wire/corpus.ts";
import { decoders, otherDecoders } from "../../../support/wire/decoders.ts";
import { drawFrom, mutated } from "../../../support/wire/mutate.ts";

const all = { ...decoders, ...otherDecoders(pieceKey) };
const forms = Object.keys(all);
const samples = corpus();
const seed = 20261128;

/** Whether the decoder accepts the bytes. Any error but a BadMessage is a crash, and a refusal must be short. */
function took(form: string, bytes: Uint8Array): boolean {
  try {
    all[form]?.(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    assert.ok(error.message.length < 400, error.message);
    return false;
  }
}

/** `npm run fuzz` does the same millions of times. */
describe("decoders under fuzzing", () => {
  test("every decoder has messages of its own in the fuzzing corpus, and takes them", () => {
    assert.deepEqual([...new Set(samples.map(({ form }) => form))].sort(), [...forms].sort());
    for (const { form, bytes } of samples) if (form !== "piece") assert.ok(took(form, bytes), form);
  });

  test("every decoder takes or refuses mutated messages that programs sent, and never crashes", () => {
    let passed = 0;
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom(...forms), fc.nat(9), (drawn, i, other, which) => {
        const { form, bytes } = mutated(samples, drawFrom(drawn, i));
        if (took(which === 0 ? other : form, bytes)) passed += 1;
      }),
      { numRuns: 6_000, seed },
    );
    assert.ok(passed > 300, `${passed} passed`);
  });

  test("every decoder takes or refuses any bytes and any values, and never crashes", () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.anything({ withNullPrototype: false, withBigInt: false, maxDepth: 6 }).map(encode),
      fc.object({ maxDepth: 4 }).map((value) => encode({ v: 1, kind: "claim", attempt: 1, ...value })),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(...forms), (bytes, form) => void took(form, bytes)),
      { numRuns: 6_000, seed },
    );
  });

  test("a message that is refused does not change what the next one says", () => {
    for (const { form, bytes } of samples.slice(0, 150)) {
      if (form === "piece") continue;
      const before = JSON.stringify(all[form]?.(bytes), printed);
      for (let i = 0; i < 20; i++) {
        const wrong = mutated(samples, drawFrom(seed, i));
        took(wrong.form, wrong.bytes);
      }
      assert.equal(JSON.stringify(all[form]?.(bytes), printed), before);
    }
  });
});

const printed = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
