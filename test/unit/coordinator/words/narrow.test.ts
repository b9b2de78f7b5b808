import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { clip, narrow } from "../../../../coordinator/words/narrow.ts";

describe("text from outside", () => {
  test("is one cell a character and moves nothing", () => {
    assert.equal(narrow("plain ±é text"), "plain ±é text");
    assert.equal(narrow("a\u001b[31mb\tc\n"), "a?[31mb?c?");
    assert.equal(narrow("🚀 実 e\u0301 \u202e \u200d"), "? ? e? ? ?");
    assert.equal(clip("abcdefgh", 5), "abc..");
    assert.equal(clip("🚀🚀", 5), "??");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, width) => {
        const shown = clip(text, width);
        assert.ok(shown.length <= width);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left.
        assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
