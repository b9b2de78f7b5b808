import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canShowScreen, lookOf } from "../../../../../coordinator/tui/terminal/look.ts";

describe("a screen is shown", () => {
  const terminal = { input: { isTTY: true }, output: { isTTY: true } };

  test("only on a terminal that can, and not in CI", () => {
    assert.ok(canShowScreen(terminal, { TERM: "xterm" }));
    assert.ok(!canShowScreen({ ...terminal, output: {} }, { TERM: "xterm" }));
    assert.ok(!canShowScreen({ ...terminal, input: {} }, { TERM: "xterm" }));
    for (const environment of [{ TERM: "dumb" }, { TERM: "" }, {}, { TERM: "xterm", CI: "true" }]) {
      assert.ok(!canShowScreen(terminal, environment));
    }
  });

  test("in colour unless that is refused, in Unicode if the locale has it", () => {
    assert.deepEqual(lookOf({ LANG: "C.UTF-8" }), { colour: true, unicode: true });
    assert.deepEqual(lookOf({ LANG: "C.UTF-8", NO_COLOR: "1" }), { colour: false, unicode: true });
    assert.deepEqual(lookOf({ LANG: "C.UTF-8", NO_COLOR: "" }).colour, true);
    assert.deepEqual(lookOf({ NO_COLOR: "1", FORCE_COLOR: "1" }).colour, true);
    assert.deepEqual(lookOf({ NO_COLOR: "1" }, "always").colour, true);
    assert.deepEqual(lookOf({ FORCE_COLOR: "1" }, "never").colour, false);
    assert.deepEqual(lookOf({ LANG: "en_GB.UTF-8", LC_ALL: "C" }).unicode, false);
  });
});
