import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LineEditor } from "../../../../coordinator/tui/line-editor.ts";

/** The line after these keys, with | where the cursor is. */
function after(text: string, ...keys: readonly string[]): string {
  const line = new LineEditor(text);
  for (const name of keys) line.press({ name, text: [...name].length === 1 ? name : "" });
  return `${line.text.slice(0, line.cursor)}|${line.text.slice(line.cursor)}`;
}

describe("a line being typed", () => {
  test("a line being typed takes characters where the cursor is", () => {
    assert.equal(after("", ..."lr=1"), "lr=1|");
    assert.equal(after("lr=1", "home", "!"), "!|lr=1");
    assert.equal(after("lr=1", "left", "left", ">"), "lr>|=1");
    assert.equal(after("lr=1", "C-a", "right", "C-f", "C-b", "x", "C-e", "y"), "lxr=1y|");
    const line = new LineEditor("a");
    line.press({ name: "paste", text: " hpmax>0.1" });
    assert.equal(line.text, "a hpmax>0.1");
    assert.ok(!line.press({ name: "f5", text: "" }));
  });

  test("a line's cursor moves and deletes by characters as people see them", () => {
    assert.equal(after("実e\u0301🚀", "left", "left"), "実|e\u0301🚀");
    assert.equal(after("実e\u0301🚀", "backspace", "backspace"), "実|");
    assert.equal(after("実e\u0301🚀", "home", "delete", "C-d"), "|🚀");
    assert.equal(after("", "backspace", "delete", "left", "right", "C-w", "M-d"), "|");
  });

  test("a line's cursor moves and cuts by words and to both ends, and what was cut is put back", () => {
    assert.equal(after("lr=0.1 runs>3", "M-b"), "lr=0.1 runs>|3");
    assert.equal(after("lr=0.1 runs>3", "C-left", "M-left"), "lr=0.1 |runs>3");
    assert.equal(after("lr=0.1 runs>3", "home", "M-f", "C-right"), "lr=0|.1 runs>3");
    assert.equal(after("lr=0.1 runs>3 ", "C-w"), "lr=0.1 |");
    assert.equal(after("lr=0.1 runs>3", "M-backspace"), "lr=0.1 runs>|");
    assert.equal(after("lr=0.1 runs>3", "home", "M-d"), "|=0.1 runs>3");
    assert.equal(after("lr=0.1 runs>3", "M-b", "C-u"), "|3");
    assert.equal(after("lr=0.1 runs>3", "M-b", "C-u", "C-e", "C-y"), "3lr=0.1 runs>|");
    assert.equal(after("lr=0.1 runs>3", "home", "right", "right", "C-k"), "lr|");
  });
});
