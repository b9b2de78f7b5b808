import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import {
  componentDefaults,
  loadSpecFile,
  mostSpecBytes,
  packageRoot,
} from "../../../../../shared/components/component-defaults.ts";
import { defaultSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { expandSpec, readSpec, stagesOf } from "../../../../../shared/domain/runspec/spec-read.ts";
import { isMapping } from "../../../../../shared/domain/runspec/tree.ts";
import { exitCode, SpecError } from "../../../../../shared/errors.ts";

const scratch = mkdtempSync(join(tmpdir(), "nexus-spec-files-"));
after(() => rmSync(scratch, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const minimal =
  "component: root/Root_Component\nprocessing_stages:\n  - processing_stage: {component: processors/RL_Proc}\n";

function refusal(path: string, folders: readonly string[] = []): string {
  try {
    loadSpecFile(path, {}, { folders });
  } catch (error) {
    assert.ok(error instanceof SpecError, String(error));
    assert.equal(error.exit, exitCode.usage);
    assert.equal(error.exit, 2);
    return error.message.replaceAll(scratch, "DIR");
  }
  return assert.fail(`${path} was read`);
}

suite("loadSpecFile", () => {
  test("loadSpecFile reads a spec, with its warnings", () => {
    const hyperparameters =
      "hyperparameters:\n  - name: &x\n      ordered_tuning_values: [1, 2]\n      tuned_value: 1\n";
    const path = file("good.yaml", `${minimal}${hyperparameters}`);
    const { spec, warnings } = loadSpecFile(path);
    assert.equal(spec.file, path);
    assert.deepEqual(
      warnings.map(({ place, message }) => [place, message]),
      [[{ file: path, line: 5, column: 11 }, 'nothing refers to hyperparameter "x"']],
    );
  });

  test("loadSpecFile applies the command line", () => {
    const path = file("arguments.yaml", `${minimal}string_replacements: {<n>: 1}\n`);
    assert.deepEqual(loadSpecFile(path, { n: "2" }).spec.commandLine, { n: "2" });
  });

  test("a script is no spec, and the error says how to write one for it", () => {
    assert.equal(
      refusal(file("train.py", "import argparse\n")),
      "DIR/train.py: a script, not a runspec\n  to write a spec for it: nexus init DIR/train.py\n1 problem; nothing was submitted",
    );
  });

  test("a missing spec is an error that names the nearest file", () => {
    file("near/maze_dgd.yaml", minimal);
    assert.equal(
      refusal(join(scratch, "near/maze_dg.yaml")),
      "DIR/near/maze_dg.yaml: there is no such file\n  did you mean DIR/near/maze_dgd.yaml?\n1 problem; nothing was submitted",
    );
    assert.match(refusal(join(scratch, "near/maze_dgd")), /did you mean DIR\/near\/maze_dgd\.yaml\?/);
    file("near/cores.yml", minimal);
    assert.match(refusal(join(scratch, "near/cores.yaml")), /did you mean DIR\/near\/cores\.yml\?/);
    assert.ok(!refusal(join(scratch, "near/nope.yaml")).includes("did you mean"), "the ending alone is no likeness");
    assert.equal(
      refusal(join(scratch, "nowhere/a.yaml")),
      "DIR/nowhere/a.yaml: there is no such file\n1 problem; nothing was submitted",
    );
  });

  test("a folder is not a runspec", () => assert.match(refusal(scratch), /^DIR: a folder, not a runspec\n/));
  test("a device is no runspec, as it is not a regular file", () =>
    assert.match(refusal("/dev/null"), /^\/dev\/null: not a regular file\n/));

  test("a binary file is refused as a runspec", () => {
    assert.match(refusal(file("zero.yaml", "a: 1\u0000\n")), /^DIR\/zero\.yaml: not a text file \(byte 4 is zero\)\n/);
    assert.match(
      refusal(file("latin1.yaml", Uint8Array.of(97, 58, 32, 0xe9, 10))),
      /^DIR\/latin1\.yaml: not a text file in UTF-8\n/,
    );
  });

  test("a file too large to be a runspec is refused", () => {
    const comment = `${minimal}#${"x".repeat(mostSpecBytes - minimal.length - 1)}`;
    assert.equal(loadSpecFile(file("largest.yaml", comment)).spec.text.length, mostSpecBytes);
    assert.match(
      refusal(file("large.yaml", `${comment}x`)),
      /257 KiB, which is too large for a runspec\n {2}expected at most 256 KiB/,
    );
  });

  test("all problems of a spec are reported at once, with their lines and the caller's last line", () => {
    const path = file(
      "wrong.yaml",
      minimal.replace("RL_Proc", "RL_Prox").replace("component: root", "cuda: *x\ncomponent: root"),
    );
    try {
      loadSpecFile(path, {}, { tail: "nothing was executed" });
      assert.fail("it was read");
    } catch (error) {
      assert.ok(error instanceof SpecError);
      const message = error.message.replaceAll(scratch, "DIR");
      assert.match(message, /^DIR\/wrong\.yaml:1:7: \*x names no hyperparameter; the spec defines none\n/);
      assert.match(message, /\nDIR\/wrong\.yaml:4:35: there is no component "processors\/RL_Prox"\n/);
      assert.match(message, /\n {2}did you mean "processors\/RL_Proc"\?\n2 problems; nothing was executed$/);
    }
  });

  test("a problem in a component's own defaults shows that file's line", () => {
    file("mine/agents/Odd_Agent.yaml", "model:\n  component: models/Model_Nexu\n");
    const path = file("odd.yaml", minimal.replace("RL_Proc}", "RL_Proc, agent: {component: agents/Odd_Agent}}"));
    const message = refusal(path, [join(scratch, "mine")]);
    assert.match(
      message,
      /^agents\/Odd_Agent\.yaml:2:14: there is no component "models\/Model_Nexu"\n {4}2 \| {3}component: models\/Model_Nexu\n/,
    );
  });
});

suite("componentDefaults", () => {
  const shipped = componentDefaults();

  test("componentDefaults finds the root, the launcher, stages and components in their folders", () => {
    for (const name of [
      "root/Root_Component",
      "job_launchers/XT",
      "processors/RL_Proc",
      "agents/AAC_Agent",
      "model_cores/GRU_Core",
    ]) {
      assert.match(shipped.text(name) ?? "", new RegExp(`^component: ${name}$`, "m"));
      assert.ok(shipped.names().includes(name), name);
    }
  });

  test("componentDefaults lists only components with usable defaults", () => {
    for (const name of shipped.names()) {
      if (name.startsWith("root/") || name.startsWith("job_launchers/")) continue;
      const stage = name.startsWith("processors/") ? name : "processors/RL_Proc";
      const text = minimal
        .replace("processors/RL_Proc}", `${stage}}`)
        .replace("processing_stages", `forward_definitions: [{component: ${name}}]\nprocessing_stages`);
      const reading = readSpec({ file: "a.yaml", text, defaults: shipped });
      assert.ok(reading.ok, reading.ok ? "" : `${name}: ${reading.problems[0]?.message}`);
    }
  });

  test("componentDefaults never reads outside its folders", () => {
    file("secret.yaml", "a: 1\n");
    const inside = componentDefaults([join(scratch, "empty")]);
    for (const name of [
      "../secret",
      "agents/../secret",
      "agents/../../secret",
      "/etc/passwd",
      "agents/",
      "agents",
      "a/b/c",
      "agents/.x",
      "",
    ]) {
      assert.equal(inside.text(name), undefined, name);
    }
  });

  test("componentDefaults searches the user's folders first, in both layouts", () => {
    file("user/agents/Flat_Agent.yaml", "a: 1\n");
    file("user/agents/Deep_Agent/Deep_Agent.yaml", "b: 1\n");
    file("user/agents/AAC_Agent/AAC_Agent.yaml", "mine: 1\n");
    file("user/agents/not a name.yaml", "b: 1\n");
    const both = componentDefaults([join(scratch, "user"), join(scratch, "does-not-exist")]);
    assert.equal(both.text("agents/Flat_Agent"), "a: 1\n");
    assert.equal(both.text("agents/Deep_Agent"), "b: 1\n");
    assert.equal(both.text("agents/AAC_Agent"), "mine: 1\n");
    assert.equal(both.text("models/Model_Nexus"), shipped.text("models/Model_Nexus"));
    const names = both.names();
    assert.deepEqual(
      names.filter((name) => name.startsWith("agents/")),
      ["agents/AAC_Agent", "agents/Deep_Agent", "agents/Flat_Agent"],
    );
  });

  test("the shipped launcher documents the actual defaults", () => {
    assert.deepEqual(loadSpecFile(file("settings.yaml", minimal)).spec.settings, defaultSettings);
  });
});

suite("the shipped specs", () => {
  const folder = join(packageRoot(), "specs");
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    test(`specs/${name} has no problems or warnings, and begins with what it shows`, () => {
      const { spec, warnings } = loadSpecFile(join(folder, name));
      assert.deepEqual(warnings, []);
      assert.match(spec.text, /^# \S/);
      assert.match(spec.text, new RegExp(`specs/${name.replace(".", "\\.")}`));
    });
  }

  for (const [name, tuning] of [
    ["dgd_hp_search.yaml", "dgd"],
    ["random_hp_search.yaml", "random"],
  ] as const) {
    test(`specs/${name} equals the tutorial's`, () => {
      const { spec } = loadSpecFile(join(folder, name));
      assert.deepEqual(
        spec.hyperparameters.map(({ name, tuned }) => `${name}: ${tuned}`),
        ["seqlen: 24", "disc: 0.9", "clip: 2048", "lr: 0.0004", "rscale: 32", "embed: 1024", "units: 384", "out: 1024"],
      );
      assert.ok(spec.hyperparameters.every(({ ordered }) => ordered));
      assert.deepEqual(
        spec.hyperparameters[3]?.values,
        [1e-4, 1.6e-4, 2.5e-4, 4e-4, 6.3e-4, 1e-3, 1.6e-3, 2.5e-3, 4e-3, 6.3e-3],
      );
      const { enabled, hpTuning, totalRuns, computeNodes, runsPerNode, computeTarget, lowPriority, hold } =
        spec.settings;
      assert.deepEqual([enabled, hpTuning, totalRuns, computeNodes, runsPerNode], [true, tuning, 500, 25, 4]);
      assert.deepEqual([computeTarget, lowPriority, hold], ["azb-cpu", true, false]);
      const [stage] = stagesOf(expandSpec(spec, undefined, () => 7));
      const environment = stage?.spec["environment"];
      assert.ok(isMapping(environment));
      assert.equal(environment["layout"], "standard");
    });
  }

  test("specs/maze_dgd.yaml is open to any number of workers", () => {
    const { settings } = loadSpecFile(join(folder, "maze_dgd.yaml")).spec;
    assert.deepEqual(
      [settings.hpTuning, settings.totalRuns, settings.computeNodes, settings.runsPerNode],
      ["dgd", 60, null, null],
    );
  });
});
