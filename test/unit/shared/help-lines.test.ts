import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { helpLines } from "../../../shared/help-lines.ts";

const text = `Usage: tool [options]

A paragraph of two lines, whose first
is short enough, is broken as one text.

Examples:
  tool run      runs the file
                that is named
  tool --a-long-option value   what it is good for
  tool stop     ends it`;

describe("help on a terminal", () => {
  it("breaks paragraphs and second columns between words, and leaves what fits", () => {
    assert.equal(
      helpLines(text, 28),
      `Usage: tool [options]

A paragraph of two lines,
whose first is short enough,
is broken as one text.

Examples:
  tool run      runs the
                file that is
                named
  tool --a-long-option value
      what it is good for
  tool stop     ends it`,
    );
  });

  it("stays as it is where it fits, and where no terminal shows it", () => {
    assert.equal(helpLines(text, 80), text);
    assert.equal(helpLines(text, undefined), text);
  });
});
