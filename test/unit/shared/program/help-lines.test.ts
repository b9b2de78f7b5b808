import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { helpLines, newsLines } from "../../../../shared/program/help-lines.ts";

const text = `Usage: tool [options]

A paragraph of two lines, whose first
is short enough, is broken as one text.

Examples:
  tool run      runs the file
                that is named
  tool --a-long-option value   what it is good for
  tool stop     ends it`;

describe("help on a terminal", () => {
  it("help on a terminal is broken between words, its paragraphs and second columns, and leaves what fits", () => {
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

  it("help stays as it is where it fits, and where no terminal shows it", () => {
    assert.equal(helpLines(text, 80), text);
    assert.equal(helpLines(text, undefined), text);
  });
});

describe("a line of news on a terminal", () => {
  const line = "08:12:01  run1.2 failed: python3 ended with exit code 1";

  it("a line of news on a terminal is broken between words, below its words", () => {
    assert.equal(newsLines(line, 30), "08:12:01  run1.2 failed:\n          python3 ended with\n          exit code 1");
    assert.equal(newsLines("no time here to see", 12), "no time here\nto see");
    const sandbox = "  runs can do anything you can here; --sandbox prevents that";
    assert.equal(newsLines(sandbox, 40), "  runs can do anything you can here;\n    --sandbox prevents that");
  });

  it("a line of news is one line where it fits, and where no terminal shows it", () => {
    assert.equal(newsLines(line, 55), line);
    assert.equal(newsLines(line, undefined), line);
  });
});
