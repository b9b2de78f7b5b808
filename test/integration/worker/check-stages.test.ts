import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkStages } from "../../../coordinator/cli/submit/check-stages.ts";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import { usedComponents } from "../../../shared/domain/runspec/spec-read.ts";
import { SpecError } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/cleanup.ts";
import { patienceMs } from "../../support/patience.ts";

const shipped = (name: string): string => fileURLToPath(new URL(`../../../../specs/${name}.yaml`, import.meta.url));

/** The notes on a spec, or on values added to it. */
async function said(file: string, added: Readonly<Record<string, readonly Setting[]>> | null = null): Promise<string> {
  const { spec } = loadSpecFile(file, {});
  const notes: string[] = [];
  const output = { result: () => undefined, note: (text: string) => void notes.push(text) };
  const question = { file: "spec.yaml", text: spec.text, sources: usedComponents(spec), commandLine: {}, added };
  try {
    await checkStages(question, "nothing was submitted", output, patienceMs);
  } catch (error) {
    assert.ok(error instanceof SpecError);
    return error.message;
  }
  return notes.join("");
}

/** The demonstration's spec with some text replaced. */
function changed(from: RegExp, to: string): string {
  const file = join(temporaryFolder(), "changed.yaml");
  const text = readFileSync(shipped("maze_dgd"), "utf8");
  assert.match(text, from);
  writeFileSync(file, text.replace(from, to));
  return file;
}

describe("values that no run could use", () => {
  for (const name of ["maze_dgd", "dgd_hp_search", "random_hp_search", "train_then_test"]) {
    test(`a launch finds nothing wrong with the values of specs/${name}.yaml`, async () => {
      assert.equal(await said(shipped(name)), "");
    });
  }

  test("a wrong value in a spec is reported with its property and what was expected", async () => {
    const text = await said(changed(/layout: \w+/, "layout: eazy"));
    assert.match(
      text,
      /^spec\.yaml:\d+:\d+: environments\/Maze_Env: property "layout" is "eazy"; expected standard, easy, .*\n +\d+ \| +layout: eazy\n/,
    );
    assert.match(text, /\n1 problem; nothing was submitted$/);
  });

  test("each value of a hyperparameter is tried before a launch, and only the wrong ones are named", async () => {
    const text = await said(changed(/(- name: &lr\n\s+\w+: )\[.*\]/, "$1[0.001, 11, 0.01, -1]"));
    assert.match(text, /^spec\.yaml:\d+:\d+: lr = 11: agents\/AAC_Agent: property "learning_rate" is /m);
    assert.match(text, /^spec\.yaml:\d+:\d+: lr = -1: .* expected a number above 0, up to 10$/m);
    assert.match(text, /\n2 problems; nothing was submitted$/);
  });

  test("only the values that an edit adds are tried before it", async () => {
    const text = await said(shipped("maze_dgd"), { lr: ["abc", 0.002], disc: [7] });
    assert.match(text, /^spec\.yaml:\d+:\d+: lr = "abc": agents\/AAC_Agent: property "learning_rate" is "abc"; /m);
    assert.match(text, /^spec\.yaml:\d+:\d+: disc = 7: .*discount_factor/m);
    assert.match(text, /\n2 problems; /);
    assert.equal(await said(shipped("maze_dgd"), { lr: [0.002] }), "");
  });

  test("a misspelt word of a program's stage is shown in its line, with the nearest word", async () => {
    const file = join(temporaryFolder(), "program.yaml");
    const stage = (line: string): string =>
      `  - processing_stage:\n      component: processors/Command_Proc\n      command: [python3, t.py]\n      metrics: [loss]\n      ${line}\n`;
    const words = { "goal: minimise": "minimize", "as_options: argprase": "argparse", "summary: mena": "mean" };
    for (const [line, meant] of Object.entries(words)) {
      writeFileSync(
        file,
        `component: root/Root_Component\nexperiment_path: r\njob_launcher:\n  component: job_launchers/XT\n  enabled: 1\nprocessing_stages:\n${stage("goal: minimize")}${stage(line)}`,
      );
      const [property = "", found = ""] = line.split(": ");
      const lines = (await said(file)).split("\n");
      assert.match(
        lines[0] ?? "",
        new RegExp(`^spec\\.yaml:16:${9 + property.length}: processors/Command_Proc: ${property}: expected .*one of `),
      );
      assert.match(lines[0] ?? "", new RegExp(`, found "${found}"; did you mean ${meant}\\?$`));
      assert.deepEqual(lines.slice(1), [
        `   16 |       ${line}`,
        `      |       ${" ".repeat(property.length + 2)}^${"~".repeat(found.length - 1)}`,
        "1 problem; nothing was submitted",
      ]);
    }
  });
});
