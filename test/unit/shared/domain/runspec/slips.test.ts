import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { longestText } from "../../../../../shared/domain/runspec/replacements.ts";
import { readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

// What people and generators write by mistake: each slip is one problem, or one doubt, and says what to write instead.

interface Said {
  readonly message: string;
  readonly hints: string;
}

/** A spec whose agent's notes are the hyperparameter x; `head` are further lines. */
function dial(values: string, tuned = "1", name = "x", head: readonly string[] = []): string {
  const lines = ["hyperparameters:", `  - name: &${name}`, `      ordered_tuning_values: ${values}`];
  return specText([...lines, `      tuned_value: ${tuned}`, ...head], [`notes: *${name}`]);
}

function said(text: string): Said[] {
  const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
  const found = reading.ok ? reading.warnings : reading.problems;
  return found.map(({ message, hints }) => ({ message, hints: hints.join("; ") }));
}

function onlyOne(text: string): Said {
  const all = said(text);
  assert.equal(all.length, 1, JSON.stringify(all));
  return all[0] as Said;
}

const hints = (text: string): string => onlyOne(text).hints;

suite("a slip in the YAML of values", () => {
  test("a value that begins with one of YAML's own characters asks for quotes", () => {
    assert.equal(hints(dial("[#x, y]")), 'a text that begins with # needs quotes: "#x"');
    assert.equal(hints(dial("[@a, b]")), 'a text that begins with @ needs quotes: "@a"');
    assert.equal(hints(dial("[`a`, b]")), 'a text that begins with ` needs quotes: "`a`"');
    assert.equal(hints(dial("[1, b]", "@b")), 'a text that begins with @ needs quotes: "@b"');
    assert.match(hints(dial("[1, b]", "| b")), /a text that begins with one of them needs quotes/);
    assert.match(hints(dial("[1, b]", "*")), /\*lr does; a text that begins with it needs quotes/);
    assert.match(hints(dial("[1, b]", "b: c")), /a text that contains ": " needs quotes/);
    assert.match(hints(dial("[1, 'it's']")), /is written twice: 'it''s'/);
  });

  test("a comment where a value should be, or that hides a bracket, is named", () => {
    assert.match(hints(dial('[1, "#b"]', "#b")), /a # begins a comment; if it belongs to the value, write "#b"/);
    assert.match(hints(dial("[1, #b]")), /is not closed; a # begins a comment/);
    assert.doesNotMatch(hints(dial("[1, 2")), /comment/);
  });

  test("a tab within a list of values is named, since it looks like spaces", () => {
    assert.equal(hints(dial("[1,\t2]")), "there is a tab before this; write spaces");
  });

  test("a value with a backslash in double quotes is told to use single ones", () => {
    assert.match(hints(dial('["C:\\data", b]')), /in single quotes it is a backslash: 'C:\\data'$/);
  });

  test("a merge key in a spec is one problem: what it would have brought is not missing besides", () => {
    const lines = ["forward_definitions:", "  usual: &usual", "    component: models/Model_Nexus"];
    const merged = specText(lines, ["model:", "  <<: *usual"]);
    assert.equal(onlyOne(merged).message, "merge keys (<<) belong to YAML 1.1");
  });

  test("a definition that stands among a spec's sections is told where it goes", () => {
    const [first, ...rest] = said(specText(["usual: &usual", "  component: models/Model_Nexus"], ["model: *usual"]));
    assert.equal(first?.message, 'unknown key "usual"');
    assert.equal(first?.hints, "what is only there to be used as *usual goes below forward_definitions");
    assert.deepEqual(rest, []);
    assert.match(
      said(specText(["hyperparametres: &x", "  - 1"], []))[0]?.hints ?? "",
      /did you mean "hyperparameters"/,
    );
  });

  test("an unknown tag in a spec is one problem: the value that it hides is not missing besides", () => {
    const unknown = "not valid YAML: unknown scalar tag !<!foo>";
    for (const text of [dial("[1, 2]", "!foo 1"), dial("[!foo 1, 2]"), dial("[!foo 1, 1, 2]")])
      assert.equal(onlyOne(text).message, unknown);
    const ranged = dial("[1, 2]", "!foo 1").replace("ordered_tuning_values: [1, 2]", "range: {from: 1, to: 2}");
    assert.equal(onlyOne(ranged).message, unknown);
    const number = dial("[1, 2]", "12345678901234567890");
    assert.equal(said(number).length, 2, "a number that is read is compared with the values");
  });

  test("what other YAML readers take for a number is a text in a spec, and said to be", () => {
    const [huge, binary, ...rest] = said(dial("[1e400, 0b11, 1]"));
    assert.equal(huge?.message, "1e400 is read as a text: no number so large can be stored");
    assert.match(huge?.hints ?? "", /write \.inf for infinity, or "1e400"/);
    assert.equal(binary?.message, "0b11 is read as a text, not as the number 3");
    assert.deepEqual(rest, []);
    assert.equal(onlyOne(dial("[1_000, 1]")).message, "1_000 is read as a text, not as the number 1000");
    assert.deepEqual(said(dial('["1e400", "0b11", "1_000", v1_000, 1]')), []);
  });

  test("infinity as other languages write it is a text among numbers, and said to be", () => {
    const mixed = (values: string): string =>
      dial(values, "1").replace("ordered_tuning_values", "unordered_tuning_values");
    for (const word of ["inf", "-inf", "Infinity"]) {
      const { message, hints } = onlyOne(mixed(`[1, ${word}]`));
      assert.match(message, new RegExp(`^${word} is a text among the numbers of hyperparameter `));
      assert.match(hints, /infinity is \.inf, or -\.inf/);
    }
    assert.match(onlyOne(mixed("[1, nan]")).hints, /which no search can choose/);
    assert.deepEqual(said(mixed("[1, .inf, null, none]")), []);
    assert.deepEqual(said(mixed("[inf, one]").replace("tuned_value: 1", "tuned_value: one")), []);
  });

  test("a line that asks for YAML 1.1 has no effect, and is said to have none", () => {
    const { message, hints } = onlyOne(`%YAML 1.1\n---\n${dial("[1, 2]")}`);
    assert.equal(message, "%YAML 1.1 has no effect: this file is read as YAML 1.2");
    assert.match(hints, /delete the line/);
    assert.deepEqual(said(`%YAML 1.2\n---\n${dial("[1, 2]")}`), []);
  });
});

suite("a slip in a hyperparameter", () => {
  test("a hyperparameter's bad name is told the rule that it breaks", () => {
    const rule = "expected a letter from a to z or a _, and after it such letters, digits, _, - and .";
    for (const name of ["3z", "größe"]) assert.equal(hints(dial("[1, 2]", "1", name)), rule);
    assert.match(hints(dial("[1, 2]", "1", "__proto__")), /JavaScript keeps this name/);
    assert.deepEqual(said(dial("[1, 2]", "1", "_x")), []);
  });

  test("a hyperparameter of whole lists is told once how to choose between lists", () => {
    const [first, second, ...rest] = said(dial("[[1, 2], [3, 4]]", "[1, 2]"));
    assert.match(first?.hints ?? "", /`<small>: \[1, 2\]` below string_replacements, and list the names/);
    assert.doesNotMatch(second?.hints ?? "", /string_replacements/);
    assert.deepEqual(rest, []);
    const chosen = ["string_replacements:", "  <small>: [1, 2]", "  <large>: [3, 4]"];
    assert.deepEqual(said(dial("['<small>', '<large>']", "<small>", "x", chosen)), []);
  });

  test("a tuned value that is none of thousands is told some of them, and the nearest", () => {
    const all = Array.from({ length: 5000 }, (_, i) => 2 * i);
    const expected = "expected one of 5000 values: 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, ... 9998; the nearest is 2";
    assert.equal(hints(dial(`[${all.join(", ")}]`, "3")), expected);
  });
});

suite("string replacements", () => {
  const doubling = (lines: number): string[] => [
    "string_replacements:",
    ...Array.from({ length: lines }, (_, i) => `  <p${i}>: '<p${i + 1}><p${i + 1}>'`),
    `  <p${lines}>: ab`,
  ];
  const notes = ["notes: <p0>"];

  test("string replacements that double with every line are refused once, where they become too long", () => {
    for (const lines of [18, 24, 40]) {
      const { message } = onlyOne(specText(doubling(lines), notes));
      assert.equal(message, "string_replacements make this longer than 100,000 characters");
    }
    assert.deepEqual(said(specText(doubling(12), notes)), []);
  });

  test("string replacements may make a text as long as the limit, and no longer", () => {
    const text = (characters: number): string =>
      specText(["string_replacements:", `  <p>: ${"a".repeat(characters)}`], ["notes: <p>b"]);
    assert.deepEqual(said(text(longestText - 1)), []);
    assert.equal(said(text(longestText)).length, 1);
  });

  test("string replacements that contain themselves are said to", () => {
    const self = onlyOne(specText(["string_replacements:", "  <p>: a<p>"], ["notes: <p>"]));
    assert.equal(self.message, "<p> contains itself, so it can never be replaced");
    const two = onlyOne(specText(["string_replacements:", "  <p>: a<q>", "  <q>: b<p>"], ["notes: <p><q>"]));
    assert.equal(two.message, "<p> contains itself through <q>, so it can never be replaced");
  });
});
