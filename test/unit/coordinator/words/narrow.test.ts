import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cutTo, paddedEnd, widthOf } from "../../../../coordinator/words/cell-width.ts";
import { clip, narrow } from "../../../../coordinator/words/narrow.ts";

describe("text from outside", () => {
  test("text from outside moves nothing on a screen, and keeps its letters", () => {
    assert.equal(narrow("plain ±é text"), "plain ±é text");
    assert.equal(narrow("a\u001b[31mb\tc\n"), "a?[31mb?c?");
    assert.equal(narrow("🚀 実 e\u0301 \u202e.\u200d"), "🚀 実 é ?.");
    assert.equal(narrow("קָמָץ สวัสดี x\u0302"), "קָמָץ สวัสดี x\u0302");
    assert.equal(narrow("\u0301a \u3164 \ud800"), "?a ? ?");
    assert.equal(narrow(`z${"\u0321".repeat(40)}`), `z${"\u0321".repeat(3)}`);
  });

  test("pictures that terminals measure differently get a form that they agree on", () => {
    assert.equal(narrow("👨‍👩‍👧 🇩🇪 ❤️ 👍🏽 1️⃣"), "👨 DE ❤ 👍 1\u20e3");
    assert.equal(widthOf(narrow("👨‍👩‍👧 🇩🇪 ❤️ 👍🏽")), 2 + 1 + 2 + 1 + 1 + 1 + 2);
  });

  test("text from outside is cut by cells, and never has a control character", () => {
    assert.equal(clip("abcdefgh", 5), "abc..");
    assert.equal(clip("🚀🚀", 5), "🚀🚀");
    assert.equal(clip("実験室の実験", 7), "実験..");
    assert.equal(clip("実験室", 1), "");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, width) => {
        const shown = clip(text, width);
        assert.ok(widthOf(shown) <= width);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left.
        assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

test("a text's cells are counted, cut and padded", () => {
  for (const [text, width] of [
    ["", 0],
    ["abc", 3],
    ["é e\u0301", 3],
    ["実験室", 6],
    ["ｆｕｌｌ", 8],
    ["한국어", 6],
    ["🚀⭐⌚", 6],
    ["─│⣿±█▲→●◆✗", 10],
    ["ДляΩ", 4],
    ["กำ", 2],
  ] as const) {
    assert.equal(widthOf(text), width, text);
    assert.equal(widthOf(paddedEnd(text, 12)), 12);
  }
  assert.equal(cutTo("a実b", 2), "a");
  assert.equal(cutTo("e\u0301e\u0301", 1), "e\u0301");
});
