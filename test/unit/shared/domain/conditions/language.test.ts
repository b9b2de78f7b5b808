import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { ConditionProblem } from "../../../../../shared/domain/conditions/condition-problem.ts";
import { compiled, truth, type Value } from "../../../../../shared/domain/conditions/evaluate.ts";
import { type Expression, namesIn } from "../../../../../shared/domain/conditions/expression.ts";
import { longestCondition, parseCondition } from "../../../../../shared/domain/conditions/parse.ts";
import type { Setting } from "../../../../../shared/domain/hyperparameter.ts";

/** The value of a condition for these values of its names; a name that is left out is unknown. */
function resultOf(text: string, names: Readonly<Record<string, Setting>> = {}): Value {
  const evaluation = compiled<undefined>(
    parseCondition(text),
    ({ name, isHyperparameter }) =>
      () =>
        names[isHyperparameter ? `*${name}` : name],
  );
  return evaluation(undefined);
}

function problemOf(text: string): { readonly message: string; readonly at: number; readonly hints: readonly string[] } {
  try {
    parseCondition(text);
  } catch (error) {
    assert.ok(error instanceof ConditionProblem, String(error));
    return { message: error.message, at: error.part.at, hints: error.hints };
  }
  return assert.fail(`${text} was read`);
}

suite("a condition", () => {
  const names = {
    "*a": 3,
    "*b": 2,
    "*core": "GRU",
    "*flag": true,
    "*x-y": 7,
    memory_gb: 8,
    "s2-loss": 0.5,
    "val-loss": 2,
    "*off": null,
  };
  const cases: readonly (readonly [string, Value])[] = [
    ["*a > *b", true],
    ["*a * *b <= 6", true],
    ["*a**b", 6],
    ["*a + *b * 2", 7],
    ["(*a + *b) * 2", 10],
    ["-*a + 1", -2],
    ["- - 2", 2],
    ["7 % 4 - 10 / 4", 0.5],
    ["1 - 2 - 3", -4],
    ["2e3 == 2000 and .5 == 0.5 and 1. == 1", true],
    ['*core == "GRU"', true],
    ["*core != 'LSTM'", true],
    ['*core in ["LSTM", "GRU"]', true],
    ["*a not in [1, 2, 1 + 2]", false],
    ["*a in [-3, 3]", true],
    ["*x-y == 7", true],
    ["*flag", true],
    ["not *flag or *a == 3 and *b == 2", true],
    ["not *a == 4", true],
    ["*off == none and *off == null", true],
    ["memory_gb <= 8 and s2-loss < 1", true],
    ["memory_gb - 1", 7],
    ["val-loss - 1", 1],
    // A number and a text are never equal.
    ['*a == "3"', false],
    ["true == 1", false],
  ];
  for (const [text, value] of cases)
    test(`the condition ${text} is ${String(value)}`, () => assert.equal(resultOf(text, names), value));

  const unknown: readonly (readonly [string, Value])[] = [
    ["*gone > 1", undefined],
    ["not *gone > 1", undefined],
    ["*gone == none", undefined],
    ["*gone in [1]", undefined],
    ["1 in [*gone, 1]", true],
    ["1 in [*gone, 2]", undefined],
    ["*gone > 1 and false", false],
    ["false and *gone > 1", false],
    ["*gone > 1 and true", undefined],
    ["*gone > 1 or true", true],
    ["*gone > 1 or false", undefined],
    ["0 / 0 == 1", undefined],
    ['"a" + 1 > 0', undefined],
    ["none < 3", undefined],
    ['"GRU" and true', undefined],
    ['"GRU" and false', false],
  ];
  for (const [text, value] of unknown)
    test(`the condition ${text}, with something unknown in it, is ${String(value)}`, () =>
      assert.equal(resultOf(text), value));

  test("a condition's number holds unless it is 0, and none does not hold", () => {
    assert.deepEqual([1, 0, -1, true, false, null, "a", undefined].map(truth), [
      true,
      false,
      true,
      true,
      false,
      false,
      undefined,
      undefined,
    ]);
  });

  const bad: readonly (readonly [text: string, at: number, message: RegExp, hint: RegExp])[] = [
    ["", 0, /is empty/, /such as/],
    ["   ", 0, /is empty/, /such as/],
    ["*a >", 4, /ends too early/, /expected a hyperparameter/],
    ["*a > > 2", 5, /> does not belong here/, /expected a hyperparameter/],
    ["*a = 2", 3, /= means nothing/, /==/],
    ["*a && *b", 3, /&& means nothing/, /and/],
    ["*a || *b", 3, /\|\| means nothing/, /or/],
    ["!*a", 0, /! means nothing/, /not/],
    ["*a <> 2", 3, /<> means nothing/, /!=/],
    ["*a > 1 AND *b > 1", 7, /AND does not belong/, /expected an operator/],
    ["(*a > 1", 7, /ends too early/, /expected \)/],
    ["*a > 1)", 6, /\) does not belong/, /no \( for it/],
    ["*a in 3", 6, /a list belongs here/, /expected a list/],
    ["*a in []", 7, /\] does not belong/, /expected a hyperparameter/],
    ["*a in [1 2]", 9, /2 does not belong/, /expected , or \]/],
    ["*a not 3", 7, /3 does not belong/, /not in/],
    ["1 < *a < 5", 7, /compared again/, /and/],
    ['*core == "GRU', 9, /has no end/, /another "/],
    ["*a > 1_000", 5, /1_000 is not a number/, /^$/],
    ["*a > 0x10", 5, /0x10 is not a number/, /^$/],
    ["*a ; *b", 3, /";" means nothing/, /expected/],
    ["*a ^ 2", 3, /"\^" means nothing/, /expected/],
    ["*a *", 4, /ends too early/, /expected/],
    ["and *a", 0, /and does not belong/, /expected/],
    [`${"(".repeat(60)}1${")".repeat(60)}`, 40, /nested too deeply/, /40/],
    [`${"not ".repeat(60)}1`, 160, /nested too deeply/, /40/],
    [`1${" + 1".repeat(300)}`, longestCondition, /1201 characters/, /1000/],
  ];
  for (const [text, at, message, hint] of bad) {
    test(`the condition "${text.slice(0, 40)}" is refused`, () => {
      const problem = problemOf(text);
      assert.equal(problem.at, at);
      assert.match(problem.message, message);
      assert.match(problem.hints.join("; "), hint);
    });
  }

  test("a condition's keyword in the wrong case is named", () => {
    assert.deepEqual(problemOf("*a > 1 And *b > 1").hints.at(-1), "did you mean and?");
  });
});

const number = fc.oneof(fc.nat(20), fc.constantFrom(0.5, 1e-3, 2000));
const leaf = fc.oneof(
  number.map((value) => ({ text: String(value), js: String(value) })),
  fc.constantFrom("a", "b", "c").map((name) => ({ text: `*${name}`, js: `v.${name}` })),
);
/** The same sum in our language and in JavaScript, bracketed where JavaScript needs it. */
const { sum } = fc.letrec<{ sum: { text: string; js: string } }>((tie) => ({
  sum: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({ op: fc.constantFrom("+", "-", "*", "/", "%"), a: tie("sum"), b: tie("sum") }).map(({ op, a, b }) => ({
      text: `(${a.text} ${op} ${b.text})`,
      js: `(${a.js} ${op} ${b.js})`,
    })),
    tie("sum").map(({ text, js }) => ({ text: `-${text}`, js: `(- ${js})` })),
  ),
}));
const { condition } = fc.letrec<{ condition: { text: string; js: string } }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc
      .record({ op: fc.constantFrom("<", "<=", ">", ">=", "==", "!="), a: sum, b: sum })
      .map(({ op, a, b }) => ({ text: `${a.text} ${op} ${b.text}`, js: `cmp("${op}", ${a.js}, ${b.js})` })),
    fc.record({ op: fc.constantFrom("and", "or"), a: tie("condition"), b: tie("condition") }).map(({ op, a, b }) => ({
      text: `(${a.text} ${op} ${b.text})`,
      js: `${op}(${a.js}, ${b.js})`,
    })),
    tie("condition").map(({ text, js }) => ({ text: `not (${text})`, js: `not(${js})` })),
  ),
}));

type Logic = boolean | undefined;
const logic = {
  cmp(op: string, a: number, b: number): Logic {
    if (Number.isNaN(a) || Number.isNaN(b)) return undefined;
    const is = { "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a === b, "!=": a !== b }[op];
    return is;
  },
  and: (a: Logic, b: Logic): Logic =>
    a === false || b === false ? false : a === undefined || b === undefined ? undefined : true,
  or: (a: Logic, b: Logic): Logic =>
    a === true || b === true ? true : a === undefined || b === undefined ? undefined : false,
  not: (a: Logic): Logic => (a === undefined ? undefined : !a),
};

suite("any condition", () => {
  test("any condition comes to what JavaScript makes of its sums, and Kleene of its logic", () => {
    const values = fc.record({ a: number, b: number, c: number });
    fc.assert(
      fc.property(condition, values, ({ text, js }, v) => {
        fc.pre(text.length <= longestCondition);
        const expected = new Function("v", "cmp", "and", "or", "not", `return ${js};`) as (...args: unknown[]) => Logic; // made of the words above
        const found = resultOf(text, { "*a": v.a, "*b": v.b, "*c": v.c });
        assert.equal(found, expected(v, logic.cmp, logic.and, logic.or, logic.not), text);
      }),
      { numRuns: 300 },
    );
  });

  test("spaces around the signs and brackets of a condition change nothing", () => {
    fc.assert(
      fc.property(condition, ({ text }) => {
        fc.pre(text.length <= 300);
        const spread = text.replace(/(\(|\)|<=|>=|==|!=|[<>+/%])/g, "  $1  ").replaceAll("< =", "<=");
        fc.pre(spread.length <= longestCondition);
        assert.equal(shape(parseCondition(spread)), shape(parseCondition(text)));
      }),
    );
  });

  test("a condition of any characters is read, or refused at a place within it", () => {
    const pieces = fc.constantFrom(
      "*a",
      "a",
      "1",
      "(",
      ")",
      "[",
      "]",
      "and",
      "or",
      "not",
      "in",
      "<",
      "==",
      "*",
      "-",
      ",",
      '"',
      "'",
      " ",
      "é",
      "true",
    );
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(pieces, { maxLength: 30 }).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(text, (any) => {
        try {
          const expression = parseCondition(any);
          for (const { at, end } of namesIn(expression)) assert.ok(at >= 0 && at < end && end <= any.length);
        } catch (error) {
          assert.ok(error instanceof ConditionProblem, String(error));
          const { at, end } = error.part;
          assert.ok(at >= 0 && at <= any.length && end >= at && end <= any.length, `${at} to ${end} of ${any.length}`);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** The tree without places. */
function shape(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => (key === "at" || key === "end" ? undefined : value));
}
