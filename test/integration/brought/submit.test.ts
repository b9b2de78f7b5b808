import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { loadSpecFile, packageRoot } from "../../../shared/components/component-defaults.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

/** Runs Python with our library on its path; `nexus` is a shell script, or the real one if there is none. */
const python = (code: string, script?: string, cwd = temporaryFolder()) => {
  const node = script === undefined ? process.execPath : join(cwd, "node");
  if (script !== undefined) writeFileSync(node, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return promisify(execFile)("/usr/bin/python3", ["-B", "-c", `import nexus_swarm as nexus\n${code}`], {
    cwd,
    env: { ...process.env, PYTHONPATH: join(packageRoot(), "python/src"), NEXUS_NODE: node },
  });
};

/** Submits a function of a module with these words behind it: the spec that it becomes, and what travels with it. */
async function sent(words: string, module = "def f(x=0): return x") {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "train.py"), `import functools, elsewhere\n${module}\n`);
  writeFileSync(
    join(folder, "elsewhere.py"),
    "import functools\ndef deco(f): return functools.wraps(f)(lambda *a, **k: f(*a, **k))\n",
  );
  const script = `cp -r "$(dirname "$3")" sent; echo 'a warning' >&2; echo '{"type":"launched","job":"job1"}'`;
  const { stderr } = await python(`import train\nnexus.submit(train.f, ${words})`, script, folder);
  const { spec } = loadSpecFile(join(folder, "sent/search.yaml"), {});
  return { spec, files: readdirSync(join(folder, "sent")).sort(), stderr };
}

test("an infinity in the space of a Python function is a number in the spec, and NaN is refused", async () => {
  const { spec } = await sent("{'x': [1.0, float('inf'), -float('inf')]}");
  assert.deepEqual(spec.hyperparameters[0]?.values, [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY]);
  await assert.rejects(sent("{'x': [1.0, float('nan')]}"), {
    message: /TypeError: submit\(\): x: expected .* found nan/,
  });
  await assert.rejects(sent("{'x': (0.0, float('inf'))}"), { message: /TypeError: submit\(\): x: expected .*inf/ });
});

test("what nexus run warns of reaches the person who calls submit in Python", async () => {
  assert.match((await sent("{'x': [1, 2]}")).stderr, /^a warning$/m);
});

test("submit in Python refuses arguments that the spec, or the function, has no use for", async () => {
  const ofFunction = "total_runs=9, metric='m', goal='minimize', settings={'hp_tuning': 'random'}";
  await assert.rejects(python(`nexus.submit('search.yaml', {'x': [1]}, ${ofFunction})`, "exit 0"), {
    message:
      /TypeError: submit\(\): space, total_runs, metric, goal, settings: only for a function; search\.yaml has its own/,
  });
  await assert.rejects(sent("{'x': [1]}, replacements={'a': 'b'}"), {
    message: /TypeError: submit\(\): replacements: only for a file/,
  });
  const { spec } = await sent("{'x': [1, 2]}, replacements={}");
  assert.deepEqual([spec.settings.totalRuns, spec.settings.hpTuning], [60, "dgd"]);
});

test("wait in Python says why a job is paused, once each time that it becomes so, and waits on", async () => {
  const line = (status: string, reason = ""): string => JSON.stringify({ type: "job", job: "job1", status, reason });
  const looks = [
    line("paused", "5 runs have failed"),
    line("paused", "5 runs have failed"),
    line("running"),
    line("paused"),
    line("completed"),
  ];
  const folder = temporaryFolder();
  writeFileSync(join(folder, "looks"), `${looks.join("\n")}\n`);
  const script = "head -n 1 looks; sed -i 1d looks";
  const { stdout, stderr } = await python("print(nexus.wait('job1', every=0)['status'])", script, folder);
  assert.equal(stdout, "completed\n");
  assert.equal(stderr, "job1 is paused: 5 runs have failed\njob1 is paused: nexus resume job1 lets it go on\n");
});

test("submit in Python refuses a spec that would be run here, before it runs", async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "here.yaml"),
    `component: root/Root_Component
processing_stages:
  - processing_stage: {component: processors/Command_Proc, command: [touch, ${join(folder, "ran")}], metrics: [m]}
`,
  );
  await assert.rejects(python("nexus.submit('here.yaml')", undefined, folder), {
    message: /NexusError: here\.yaml: job_launcher is not enabled, .*; to search: enabled: 1/,
  });
  assert.deepEqual(readdirSync(folder), ["here.yaml"]);
});

test("a decorated Python function travels with its own module, not with the decorator's", async () => {
  const { files } = await sent("{'x': [1, 2]}", "@elsewhere.deco\ndef f(x): return x");
  assert.deepEqual(files, ["nexus_swarm_call.py", "search.yaml", "train.py"]);
});

test("the metric of a Python function may have a name that reports cannot have, such as val/loss", async () => {
  const { spec } = await sent("{'x': [1, 2]}, metric='val/loss'");
  assert.match(spec.text, /^ {6}metrics: \["val_loss"\]$/m);
});

test("submit in Python refuses settings that it writes itself", async () => {
  await assert.rejects(sent("{'x': [1]}, settings={'component': 'a', 'code': ['helper.py'], 'seed': 1}"), {
    message: /TypeError: submit\(\): settings: component, code: submit writes these; for other code write a runspec/,
  });
});

test("a text from nexus may hold Unicode's line separators, which Python takes for ends of lines", async () => {
  const line = JSON.stringify({ type: "job", job: "job1", status: "completed", reason: "a\u2028b\u2029c\u0085d" });
  const { stdout } = await python("print(ascii(nexus.wait('job1')['reason']))", `cat <<'E'\n${line}\nE`);
  assert.equal(stdout, "'a\\u2028b\\u2029c\\x85d'\n");
});
