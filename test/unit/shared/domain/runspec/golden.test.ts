import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Setting } from "../../../../../shared/domain/hyperparameter.ts";
import type { ChosenSettings } from "../../../../../shared/domain/run.ts";
import { ComponentLibrary } from "../../../../../shared/domain/runspec/component-library.ts";
import { Expansion } from "../../../../../shared/domain/runspec/expand.ts";
import { ProblemList } from "../../../../../shared/domain/runspec/problems.ts";
import { Replacements } from "../../../../../shared/domain/runspec/replacements.ts";
import type { Spec } from "../../../../../shared/domain/runspec/spec.ts";
import { carriedDefaults, expandSpec, readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { isMapping, type Tree } from "../../../../../shared/domain/runspec/tree.ts";
import { golden } from "../../../../support/golden.ts";

// Every case of the original's reading of runspecs, against ours.

interface Case {
  readonly id: string;
  readonly runspec: string;
  readonly hp_set?: ChosenSettings;
  readonly command_line?: Readonly<Record<string, string>>;
  readonly components?: Readonly<Record<string, string>>;
  readonly expected: {
    readonly hyperparameters?: Tree;
    readonly loaded?: Tree;
    readonly aliases?: Tree;
    readonly expanded?: Tree;
    readonly hp_config_values?: Tree;
    readonly randint?: readonly {
      readonly path: readonly (string | number)[];
      readonly becomes: "number" | "string";
    }[];
    readonly randint_in_spec?: boolean;
    readonly error?: { readonly message: string };
  };
}

const file = golden<{ components: Readonly<Record<string, string>>; cases: readonly Case[] }>("runspec.json");

/** What is compared. `reads`: whether the spec is accepted, and the settings of the case with it. */
const aspects = [
  "reads",
  "hyperparameters",
  "loaded",
  "aliases",
  "expanded",
  "hp_config_values",
  "randint",
  "hasRandint",
] as const;
type Aspect = (typeof aspects)[number];
type Reading = Partial<Record<Aspect, unknown>>;

const yaml12 = "the original's section has typing rules of its own and then YAML 1.1; ours is YAML 1.2 throughout";

/** Where ours is deliberately better: case -> which aspects differ, and why. */
const deliberate: Readonly<Record<string, { readonly aspects: readonly Aspect[]; readonly why: string }>> = {
  "tuned-not-listed": {
    aspects: ["reads"],
    why: "a tuned value outside the list is a slip of the pen, which the original let pass; ours says which values there are",
  },
  "name-comment": {
    aspects: ["reads"],
    why: "the original cut `tuned_value: 2 3 4` after the 2 without a word; to YAML it is the text 2 3 4, which is not listed",
  },
  "no-commas": {
    aspects: ["reads"],
    why: "[1 2 3] is one text, and [,1,,2,] no list at all, in YAML; ours says where the commas belong",
  },
  "negative-scientific": {
    aspects: ["loaded", "aliases", "expanded", "hp_config_values"],
    why: "YAML 1.1 took -1e-05 for a word, and the agent was given that",
  },
  "yaml11-words": {
    aspects: ["hyperparameters", "loaded", "aliases", "expanded", "hp_config_values"],
    why: `yes and off are words; TRUE, ~ and Null are values: ${yaml12}`,
  },
  "inf-nan": { aspects: ["hyperparameters"], why: `inf and nan are words, .inf is a number: ${yaml12}` },
  quotes: { aspects: ["hyperparameters"], why: `quotes are no part of a value: ${yaml12}` },
};

/**
 * Two differences run through the cases as rules. `randint`: every randint that is executed becomes a number, also within a
 * property that is a list or a mapping, where the original left the word; forward definitions are not executed, so nothing is
 * drawn for them. `hasRandint`: one that a component's defaults bring along counts, as the runs do differ.
 */
function expectedOf({ expected }: Case): Reading {
  if (expected.error !== undefined) return { reads: false };
  const executed = expected.randint?.filter(({ path }) => path[0] !== "forward_definitions") ?? [];
  const paths = executed.map(({ path }) => path.filter((key) => key !== "processing_stage").join("."));
  return {
    reads: true,
    hyperparameters: expected.hyperparameters,
    loaded: expected.loaded,
    aliases: expected.aliases ?? {},
    expanded: expected.expanded,
    hp_config_values: expected.hp_config_values ?? {},
    randint: paths.sort(),
    hasRandint: paths.length > 0,
  };
}

function readingOf({ id, runspec, hp_set, command_line = {}, components = {} }: Case): Reading {
  const defaults = carriedDefaults({ ...file.components, ...components });
  const reading = readSpec({ file: `${id}.yaml`, text: runspec, commandLine: command_line, defaults });
  if (!reading.ok) return { reads: false };
  const { spec } = reading;
  const paths: string[] = [];
  let expanded: Tree;
  try {
    expanded = expandSpec(spec, hp_set, (path) => drawnNumber - paths.push(path));
  } catch (error) {
    if (error instanceof RangeError) return { reads: false };
    throw error;
  }
  const chosen = spec.hyperparameters.map(({ name, tuned }) => (hp_set === undefined ? tuned : (hp_set[name] ?? null)));
  return {
    reads: true,
    hyperparameters: spec.hyperparameters.map(({ name, values, tuned }, i) => {
      return { name, values, tuned_value: tuned, chosen_value: chosen[i] };
    }),
    loaded: loadedOf(spec, chosen),
    aliases: Object.fromEntries(spec.hyperparameters.map(({ name }, i) => [name, chosen[i]])),
    expanded: withWords(expanded),
    hp_config_values: Object.fromEntries(spec.hyperparameters.map(({ name, values }) => [name, values])),
    randint: paths.sort(),
    hasRandint: spec.hasRandint,
  };
}

/** The spec before replacements and defaults. */
function loadedOf(spec: Spec, chosen: readonly Setting[]): Tree {
  const replacements = new Replacements([], spec.hyperparameters);
  const library = new ComponentLibrary(carriedDefaults({}), new ProblemList());
  const tree = withWords(new Expansion({ replacements, library }, chosen, () => drawnNumber).value(spec.source.root));
  if (!isMapping(tree) || !("hyperparameters" in tree)) return tree;
  return { ...tree, hyperparameters: chosen.map((name) => ({ name })) };
}

/** Numbers from here down stand for a drawn randint; no spec has such. */
const drawnNumber = -1e12;

/** The golden file keeps the word where a number was drawn. */
function withWords(tree: Tree): Tree {
  if (typeof tree === "number" && tree <= drawnNumber) return "randint";
  if (Array.isArray(tree)) return tree.map(withWords);
  return isMapping(tree)
    ? Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, withWords(value)]))
    : tree;
}

/** JSON has no infinity; the golden file writes {"$float": "inf"}. */
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== "object" || value === null) return value;
  if ("$float" in value) return value.$float === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decoded(part)]));
}

suite("golden runspecs", () => {
  for (const golden of file.cases) {
    const exception = deliberate[golden.id];
    test(
      exception
        ? `the golden runspec ${golden.id} differs from the original: ${exception.why}`
        : `the golden runspec ${golden.id} is read as by the original`,
      () => {
        const reading = readingOf(golden);
        const expected = decoded(expectedOf(golden)) as Reading;
        const compared = exception?.aspects.includes("reads") ? (["reads"] as const) : aspects;
        for (const aspect of compared) {
          if (exception?.aspects.includes(aspect)) {
            assert.ok(
              !isDeepStrictEqual(reading[aspect], expected[aspect]),
              `${aspect} does not differ: take it off the list`,
            );
          } else {
            assert.deepEqual(reading[aspect], expected[aspect], aspect);
          }
        }
      },
    );
  }

  test("the golden runspecs have every case that is listed as a deliberate difference", () => {
    const ids = new Set(file.cases.map(({ id }) => id));
    assert.deepEqual(
      Object.keys(deliberate).filter((id) => !ids.has(id)),
      [],
    );
    assert.equal(file.cases.length, 49);
  });

  test("in the golden runspecs, the original leaves nested randints and draws in forward definitions", () => {
    const entries = file.cases.flatMap(({ expected }) => expected.randint ?? []);
    assert.ok(entries.some(({ path, becomes }) => becomes === "string" && path[0] === "processing_stages"));
    assert.ok(entries.some(({ path, becomes }) => becomes === "number" && path[0] === "forward_definitions"));
  });

  test("in some golden runspecs only defaults draw, which the original's has_randint does not count", () => {
    const only = file.cases.filter(
      ({ expected }) => expected.randint_in_spec === false && (expected.randint?.length ?? 0) > 0,
    );
    assert.ok(only.length > 0);
    for (const { expected } of file.cases) {
      // And never the other way round: what the original finds, ours finds.
      if (expected.randint_in_spec && expected.randint !== undefined) assert.ok(expected.randint.length > 0);
    }
  });
});
