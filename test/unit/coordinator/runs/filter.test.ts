import assert from "node:assert/strict";
import { test } from "node:test";
import { filterTest, parseFilter } from "../../../../coordinator/runs/filter.ts";
import type { Cell, CellKind } from "../../../../coordinator/words/table.ts";
import { UsageError } from "../../../../shared/errors.ts";

/** Which of the cells pass. */
const passing = (text: string, cells: readonly Cell[], kind: CellKind = "setting"): Cell[] =>
  cells.filter(filterTest(parseFilter(text), kind));

test("every filter operator compares as documented, with and without spaces", () => {
  const cells = [0.02, 0.03, 0.04];
  const expected: [string, number[]][] = [
    ["x=0.03", [0.03]],
    ["x==0.03", [0.03]],
    ["x!=0.03", [0.02, 0.04]],
    ["x<>0.03", [0.02, 0.04]],
    ["x<0.03", [0.02]],
    ["x<=0.03", [0.02, 0.03]],
    ["x>0.03", [0.04]],
    ["x>=0.03", [0.03, 0.04]],
    [" x >= 3e-2 ", [0.03, 0.04]],
    ["x>=.03", [0.03, 0.04]],
  ];
  for (const [text, passed] of expected) assert.deepEqual(passing(text, cells, "measure"), passed, text);
});

test("a column's name in a filter may have a prefix, a dash or a point", () => {
  assert.equal(parseFilter("metrics.s1-rew>0").column, "metrics.s1-rew");
  assert.equal(parseFilter("hparams.lr=1").column, "hparams.lr");
});

test("a quoted column name in a filter may contain the characters of operators", () => {
  const { column, operator, valueAt } = parseFilter("'a=b' >= 3");
  assert.deepEqual([column, operator, valueAt], ["a=b", ">=", 9]);
  assert.equal(parseFilter('"my lr"=2').column, "my lr");
});

test("a run without a value passes no comparison of a filter", () => {
  for (const text of ["x=1", "x!=1", "x<1", "x<>1", "x>=0"]) assert.deepEqual(passing(text, [undefined]), [], text);
});

test("filters compare words as text, with digits in numeric order and case distinguished", () => {
  assert.deepEqual(passing("x=GRU_Core", ["GRU_Core", "gru_core", "MLP_Core"]), ["GRU_Core"]);
  assert.deepEqual(passing("x!=GRU_Core", ["GRU_Core", "gru_core"]), ["gru_core"]);
  assert.deepEqual(passing("x>run9", ["run10", "run9", "run8"], "text"), ["run10"]);
  assert.deepEqual(passing("x='a b'", ["a b", "ab"]), ["a b"]);
  assert.deepEqual(passing('x="12"', ["12", 12]), ["12"], "in quotation marks it is a word");
  assert.deepEqual(passing("x=true", [true, false, "true"]), [true, "true"]);
  assert.deepEqual(passing("x>=0", ["word", true, null]), ["word"]);
});

test("filters understand $none, $empty, $exists, $true and $false", () => {
  const cells = [undefined, null, "", 0, false, true];
  assert.deepEqual(passing("x=$none", cells), [undefined, null]);
  assert.deepEqual(passing("x!=$none", cells), ["", 0, false, true]);
  assert.deepEqual(passing("x=$empty", cells), [undefined, null, ""]);
  assert.deepEqual(passing("x<>$empty", cells), [0, false, true]);
  assert.deepEqual(passing("x=$exists", cells), [null, "", 0, false, true]);
  assert.deepEqual(passing("x!=$exists", cells), [undefined]);
  assert.deepEqual(passing("x=$true", cells), [true]);
  assert.deepEqual(passing("x=$false", cells), [false]);
  assert.deepEqual(passing("x!=$true", cells), [null, "", 0, false]);
});

test("a malformed filter is refused, and a caret marks the place", () => {
  const bad: [string, string, RegExp][] = [
    ["hpmax", "     ^", /expected one of = == != <> < <= > >=\n.*for example: --filter "hpmax>=0.03"/s],
    [">=3", "^", /expected a column/],
    ["hpmax>=", "       ^", /expected a value after the operator/],
    ["hpmax >> 3", "      ^^", /expected one of .*, found >>/],
    ["x=$nil", "  ^^^^", /there is no \$nil; there are: \$none/],
    ["x>$none", " ^", /\$none can only be compared by = and !=/],
    ["x = 'a b", "    ^^^^", /expected another ' at its end/],
  ];
  for (const [text, carets, message] of bad) {
    assert.throws(() => parseFilter(text), { name: UsageError.name, message }, text);
    assert.throws(
      () => parseFilter(text),
      { message: new RegExp(`\n    ${escaped(text)}\n    ${escaped(carets)}(\n|$)`) },
      text,
    );
  }
  assert.throws(() => filterTest(parseFilter("hpmax>=high"), "measure"), {
    message: '--filter "hpmax>=high": hpmax is a number, and "high" is not\n    hpmax>=high\n           ^^^^',
  });
});

const escaped = (text: string): string => text.replace(/[$^]/g, "\\$&");
