import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FrameWriter } from "../../../../../coordinator/tui/terminal/frame-writer.ts";
import { characterWidth } from "../../../../../coordinator/words/cell-width.ts";
import { TinyTerminal } from "../../../../support/terminal/tiny-terminal.ts";

const width = 24;
const height = 3;

/** Pieces of a line with and without colours; some characters are wide, some are marks. */
const piece = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab  ─⣿"), maxLength: 12 }),
  fc.constantFrom(
    "\u001b[1;36mhead\u001b[m",
    "\u001b[7m> row  \u001b[m",
    "\u001b[38;5;244m   \u001b[m",
    "実験",
    "e\u0301",
    "🚀",
  ),
);
const frame = fc.array(
  fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("")),
  { minLength: height, maxLength: height },
);

describe("frames written as changes", () => {
  test("frames written as changes show the same as if each were written whole", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), (frames) => {
        const writer = new FrameWriter();
        const changed = new TinyTerminal(width, height, characterWidth);
        for (const lines of frames) changed.write(writer.frame(lines, width, height));
        const whole = new TinyTerminal(width, height, characterWidth);
        whole.write(new FrameWriter().frame(frames.at(-1) ?? [], width, height));
        assert.deepEqual(changed.lines(), whole.lines());
      }),
    );
  });

  test("frames written as changes send only the cells that differ", () => {
    const writer = new FrameWriter();
    const lines = ["best 0.123", `${"x".repeat(20)}`];
    assert.ok(writer.frame(lines, width, height).startsWith("\u001b[m\u001b[2J"));
    assert.equal(writer.frame(lines, width, height), "");
    assert.equal(writer.frame(["best 0.423", lines[1] ?? ""], width, height), "\u001b[1;8H4");
    assert.equal(writer.frame(["best 0.423", "xx"], width, height), "\u001b[2;3H\u001b[K");
    writer.forget();
    assert.match(writer.frame(lines, width, height), /best 0\.123/);
  });

  test("a frame keeps what follows a wide or joined character in its place, however wide it is shown", () => {
    for (const own of [1, 2] as const) {
      const terminal = new TinyTerminal(width, height, (character) =>
        character === "実" ? own : characterWidth(character),
      );
      terminal.write(new FrameWriter().frame(["a実b e\u0301|"], width, height));
      assert.match(terminal.lines()[0] ?? "", own === 2 ? /^a実b e\u0301\|$/ : /^a実 b e\u0301\|$/);
    }
  });

  test("frames are cut at the terminal's edge; half a wide character is none", () => {
    const terminal = new TinyTerminal(4, 1, characterWidth);
    terminal.write(new FrameWriter().frame(["abc実d", "beyond"], 4, 1));
    assert.deepEqual(terminal.lines(), ["abc"]);
  });
});
