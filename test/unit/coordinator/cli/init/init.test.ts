import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { firstSpec, initSpec } from "../../../../../coordinator/cli/init/init.ts";
import { loadSpecFile } from "../../../../../shared/components/component-defaults.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

describe("the first spec", () => {
  test("the first spec is read without a warning, and searches", () => {
    const file = join(temporaryFolder(), "search.yaml");
    const notes: string[] = [];
    initSpec(file, { note: (text) => void notes.push(text), result: () => undefined });
    const { spec, warnings } = loadSpecFile(file, {});
    assert.deepEqual(warnings, []);
    assert.ok(spec.settings.enabled);
    assert.equal(spec.settings.hpTuning, "dgd");
    assert.deepEqual(
      spec.hyperparameters.map(({ name }) => name),
      ["lr", "disc", "rscale"],
    );
    assert.match(notes.join(""), new RegExp(`nexus run ${file}`));
  });

  test("the first spec names the file that it stands in", () => {
    const file = join(temporaryFolder(), "other.yaml");
    initSpec(file, { note: () => undefined, result: () => undefined });
    assert.match(readFileSync(file, "utf8"), /^#.* nexus run other\.yaml\n/);
  });

  test("the first spec is read as well when what its comments offer is done", () => {
    const read = (text: string) => {
      const file = join(temporaryFolder(), "search.yaml");
      writeFileSync(file, text);
      const { spec, warnings } = loadSpecFile(file, {});
      assert.deepEqual(warnings, []);
      return spec;
    };
    const { settings } = read(firstSpec.replace(/^ {2}# (\w+: )/gm, "  $1"));
    assert.deepEqual(
      [settings.computeNodes, settings.runsPerNode, settings.stopWhen],
      [4, 2, { name: "hpmax", op: ">=", value: 0.05 }],
    );
    for (const tuning of ["random", "grid", "false"]) {
      assert.equal(String(read(firstSpec.replace("hp_tuning: dgd", `hp_tuning: ${tuning}`)).settings.hpTuning), tuning);
    }
    assert.equal(read(firstSpec.replace("enabled: 1 ", "enabled: 0 ")).settings.enabled, false);
    const range = /^# {5}(range: .*)$/m.exec(firstSpec)?.[1] ?? "";
    const [lr] = read(firstSpec.replace(/ordered_tuning_values: \[1\.0e-4.*\]/, range)).hyperparameters;
    assert.deepEqual(lr?.range, { from: 1e-4, to: 3e-3, scale: "log" });
    assert.match(firstSpec, /To leave one alone, shorten its list to the tuned value\./);
    const fewer = read(
      firstSpec
        .replace(/\[1\.0e-4.*\]/, "[1.0e-3]")
        .replace(/\[0\.70.*\]/, "[0.90]")
        .replace("[1, 2, 4, 8, 16, 32]", "[1, 8]"),
    );
    assert.deepEqual(
      fewer.hyperparameters.map(({ values }) => values),
      [[0.001], [0.9], [1, 8]],
    );
  });

  test("the first spec has lines of at most 120 characters, and never takes a file's place", () => {
    for (const line of firstSpec.split("\n")) assert.ok(line.length <= 120, line);
    const file = join(temporaryFolder(), "search.yaml");
    writeFileSync(file, "mine");
    assert.throws(() => initSpec(file, { note: () => undefined, result: () => undefined }), UsageError);
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.throws(
      () => initSpec(dirname(file), { note: () => undefined, result: () => undefined }),
      /^UsageError: \S+ is a folder; name a file in it: nexus init \S+\/search\.yaml$/,
    );
  });
});
