import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canShowScreen, lookOf } from "../../../../../coordinator/tui/terminal/look.ts";
import { plain, rendered } from "../../../../../coordinator/tui/terminal/styled.ts";
import { isIn, tree } from "../../../house/source-tree.ts";

describe("the look of a screen", () => {
  const terminal = { input: { isTTY: true }, output: { isTTY: true } };

  test("a screen is shown only on a terminal that can, and not in CI", () => {
    assert.ok(canShowScreen(terminal, { TERM: "xterm" }));
    assert.ok(!canShowScreen({ ...terminal, output: {} }, { TERM: "xterm" }));
    assert.ok(!canShowScreen({ ...terminal, input: {} }, { TERM: "xterm" }));
    for (const environment of [{ TERM: "dumb" }, { TERM: "" }, {}, { TERM: "xterm", CI: "true" }]) {
      assert.ok(!canShowScreen(terminal, environment));
    }
  });

  test("a screen is shown in colour unless that is refused, in Unicode if the locale has it", () => {
    assert.deepEqual(lookOf({ LANG: "C.UTF-8" }), { colour: true, greys: false, unicode: true });
    assert.deepEqual(lookOf({ LANG: "C.UTF-8", NO_COLOR: "1" }), { colour: false, greys: false, unicode: true });
    assert.deepEqual(lookOf({ LANG: "C.UTF-8", NO_COLOR: "" }).colour, true);
    assert.deepEqual(lookOf({ NO_COLOR: "1", FORCE_COLOR: "1" }).colour, true);
    assert.deepEqual(lookOf({ NO_COLOR: "1" }, "always").colour, true);
    assert.deepEqual(lookOf({ FORCE_COLOR: "1" }, "never").colour, false);
    assert.deepEqual(lookOf({ LANG: "en_GB.UTF-8", LC_ALL: "C" }).unicode, false);
  });

  test("every character outside ASCII that a screen draws has another one where there is no Unicode", () => {
    // These two draw in the form that a person chose, of which one is ASCII.
    const inForms = ["coordinator/chart/dots.ts", "coordinator/chart/sparkline.ts"];
    const drawing = ["tui", "words", "live", "runs", "chart"].map((room) => `coordinator/${room}`);
    const found = tree
      .filter(({ file }) => isIn(file, ...drawing) && !inForms.includes(file))
      .flatMap(({ text }) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").match(/[^\p{ASCII}]/gu) ?? []);
    assert.ok(found.includes("◇") && found.includes("±"), found.join(""));
    const look = { colour: false, unicode: false };
    const missing = [...new Set(found)].filter((character) => rendered(plain(character), look) === "?");
    assert.deepEqual(missing, []);
  });

  test("a screen dims only where there is a grey to dim with, and old terminals have no colour", () => {
    for (const term of ["xterm-256color", "tmux-256color", "screen-256color", "xterm-kitty", "alacritty", "foot"]) {
      assert.ok(lookOf({ TERM: term }).greys, term);
      assert.ok(!lookOf({ TERM: term, NO_COLOR: "1" }).greys, term);
    }
    for (const term of ["xterm", "screen", "tmux", "linux", "rxvt"]) assert.ok(!lookOf({ TERM: term }).greys, term);
    assert.ok(lookOf({ TERM: "xterm", COLORTERM: "truecolor" }).greys);
    for (const term of ["vt100", "vt220", "xterm-mono", "linux-m"]) {
      assert.ok(!lookOf({ TERM: term }).colour, term);
      assert.ok(lookOf({ TERM: term, FORCE_COLOR: "1" }).colour, term);
    }
  });
});
