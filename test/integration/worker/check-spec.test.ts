import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type CheckOptions, checkSpec } from "../../../coordinator/cli/check/check-spec.ts";
import { initFrom } from "../../../coordinator/cli/init/init-from.ts";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { exitCode } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

const folder = temporaryFolder();
let specs = 0;

/** The output of `nexus check` on a program, and its exit code. */
async function check(
  program: string,
  options: CheckOptions = {},
  stage = "metric_pattern: 'acc (?<acc>.*)'",
  metrics = "acc",
): Promise<{ readonly exit: number; readonly said: string }> {
  specs += 1;
  writeFileSync(join(folder, `train${specs}.mjs`), program);
  const file = join(folder, `s${specs}.yaml`);
  writeFileSync(
    file,
    `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: dgd, total_runs: 5, code: [train${specs}.mjs]}
hyperparameters:
  - name: &lr
      ordered_tuning_values: [0.1, 0.2]
      tuned_value: 0.2
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [${JSON.stringify(process.execPath)}, train${specs}.mjs]
      arguments: {lr: *lr}
      metrics: [${metrics}]
      ${stage}
`,
  );
  const said: string[] = [];
  const output = { result: (text: string) => void said.push(text), note: (text: string) => void said.push(text) };
  const exit = await checkSpec([file], options, output);
  return { exit, said: said.join("") };
}

describe("nexus check", () => {
  test("nexus check shows the command, its settings, what was printed and measured, and what was saved", async () => {
    const { exit, said } = await check(`
      const { writeFileSync } = await import("node:fs");
      writeFileSync(process.env.NEXUS_STATE + "/model.bin", "x");
      console.log("hello \\u001b[31m" + process.argv.slice(2).join(" "));
      console.log("acc 0.25");
      console.log('{"iters": 7, "acc": 0.5}');`);
    assert.equal(exit, exitCode.done, said);
    assert.match(said, /^parameters {2}lr 0\.2 \(the tuned values\)$/m);
    assert.match(said, /^command .*train1\.mjs --lr 0\.2$/m);
    assert.match(said, /^environment NEXUS_lr=0\.2$/m);
    assert.match(said, /^ {2}\| hello {2}?\[31m--lr 0\.2$/m);
    assert.match(said, /^ {2}= acc 0\.25$/m);
    assert.match(said, /^printed {5}3 lines; something was measured in 2$/m);
    assert.match(said, /^measured {4}s1-acc: 0\.25 to 0\.5, in 2 reports\n {12}iters: 1 to 7\n {12}hpmax: 0\.5$/m);
    assert.match(said, /^checkpoints .*model\.bin$/m);
    assert.match(said, /^verdict {5}it works; to search: nexus run /m);
  });

  test("nexus check says what was printed and looked for where nothing was measured, also as JSON", async () => {
    const { exit, said } = await check("console.log('accuracy is 1');", { json: true });
    assert.equal(exit, exitCode.failure);
    const told = JSON.parse(said);
    assert.deepEqual([told.type, told.v, told.works, told.outcome, told.reports], ["check", 1, false, "failed", 0]);
    assert.match(told.verdict, /looked for acc by acc \(\?<acc>\.\*\); the last that it printed: accuracy is 1$/);
    assert.deepEqual(told.parameters, { lr: 0.2 });
  });

  test("nexus check writes infinite numbers into its JSON as the other commands do", async () => {
    const { said } = await check(`console.log('{"iters": 1, "acc": Infinity}\\n{"iters": 2, "acc": -Infinity}');`, {
      json: true,
    });
    const [{ first, last }] = JSON.parse(said).metrics;
    assert.deepEqual([first, last], ["Infinity", "-Infinity"]);
  });

  test("nexus check ends an endless run, by its time or its reports, and judges what it measured", async () => {
    const endless = "let n = 0; setInterval(() => console.log('acc ' + n++), 5);";
    const cut = await check(endless, { reports: 3 });
    assert.equal(cut.exit, exitCode.done, cut.said);
    assert.match(cut.said, /it works, though it did not end \(it had made 3 reports\)/);
    const silent = await check("setInterval(() => console.log('nothing'), 5);", { time: 0.4 });
    assert.equal(silent.exit, exitCode.failure);
    assert.match(silent.said, /nothing was measured before it was stopped \(its time was over: 0\.4 s\)/);
  });

  test("nexus check fails if a stopped run never measured what a search goes by", async () => {
    const other = await check(
      "let n = 0; setInterval(() => console.log(JSON.stringify({ iters: ++n, loss: 1 / n })), 5);",
      { reports: 3 },
      "goal: maximize",
      "acc, loss",
    );
    assert.equal(other.exit, exitCode.failure, other.said);
    assert.match(other.said, /s1-acc, by which .* \(it had made 3 reports\); measured were: s1-loss; correct its name/);
    const stages = ["{command: [none], metrics: [loss]", "{command: [none], metrics: [last], enabled: 0"].map(
      (stage) => `\n  - processing_stage: ${stage}, component: processors/Command_Proc}`,
    );
    const early = await check("setInterval(() => console.log('{\"acc\": 1}'), 5);", { reports: 3 }, stages.join(""));
    assert.equal(early.exit, exitCode.failure, early.said);
    assert.match(early.said, /s2-loss, by which a search goes, was not measured .*; measured were: s1-acc;/);
  });

  test("nexus check leaves no folder where its reader has gone", async () => {
    await check("for (;;) { console.log('acc 1'); await new Promise((go) => setTimeout(go, 10)); }", { reports: 1 });
    const TMPDIR = temporaryFolder();
    const program = join(packageRoot(), "dist", "coordinator", "cli", "main.js");
    const words = [program, "check", join(folder, `s${specs}.yaml`), "--time", "300"];
    const child = spawn(process.execPath, words, {
      env: { ...process.env, TMPDIR },
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    assert.equal(readdirSync(TMPDIR).length, 1);
    child.stdout.destroy();
    const [code] = await once(child, "close");
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(TMPDIR), []);
  });

  test("nexus check refuses a spec that is wrong before anything runs", async () => {
    await assert.rejects(check("", {}, "metric_pattern: '('"), /metric_pattern: expected .*nothing was run/s);
  });

  test("a spec that nexus init wrote for a script works as it is", async () => {
    const script = fileURLToPath(new URL("../../../../test/fixtures/scripts/runnable.py", import.meta.url));
    const made = temporaryFolder();
    copyFileSync(script, join(made, "runnable.py"));
    const said: string[] = [];
    const output = { result: (text: string) => void said.push(text), note: (text: string) => void said.push(text) };
    initFrom(join(made, "runnable.py"), undefined, output);
    assert.equal(await checkSpec([join(made, "search.yaml")], {}, output), exitCode.done, said.join(""));
    assert.match(said.join(""), /s1-val_loss: 0\.909 to 0\.323, in 3 reports/);
  });
});
