import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { workerIdFrom } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { maskedCrc32c } from "../../../shared/tensorboard/crc32c.ts";
import { chunk, streams } from "../../../shared/wire/subjects.ts";
import { readEvents } from "../../support/event-file.ts";
import { startNexus } from "../../support/processes/nexus-command.ts";
import { nexusHere, standIn } from "../../support/processes/nexus-here.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const program = fileURLToPath(new URL("../../../coordinator/cli/main.js", import.meta.url));

/** A real search on a real worker whose runs leave files, which are followed, viewed and downloaded. */
test("a run's console is followed live, its files come home verified, and what is damaged is said", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const spec = swarm.probeSpec(
    "files",
    { hp_tuning: "random", total_runs: 2, seed: 5 },
    { seconds: 2, reports: 8, writes: ["models/best.model", "note.txt"], writes_bytes: 700_000 },
  );
  const text = readFileSync(spec, "utf8");
  writeFileSync(spec, text.replace("experiment_path:", "log_to_tensorboard: true\nexperiment_path:"));
  const job = await swarm.submit(spec);
  swarm.worker("only", ["--slots", "2"]);
  standIn(swarm);
  await swarm.when("the first run has started", job, ({ trials }) => trials.length > 0);
  const followed = startNexus(["view", "console", "run1.1", "--fol"], swarm.folder);
  await swarm.when("the job is completed", job, ({ state }) => state === "completed");
  const live = await followed.ended();
  assert.equal(live.code, exitCode.done, live.stderr);
  const later = await nexusHere("view", "console", "run1.1");
  assert.equal(live.stdout, later.stdout, "what was followed is what is there afterwards");
  assert.match(
    later.stdout,
    /^Chosen hyperparameter values:\n {2}a: \d\n.*iters.*\nAll processing stages completed\.\n$/s,
  );
  assert.equal((later.stdout.match(/ iters /g) ?? []).length, 8);
  assert.equal((await nexusHere("view", "console", "run1.1", "--last=1")).stdout, "All processing stages completed.\n");
  const end = await nexusHere("view", "console", "run1.1", "--follow", "--last=1");
  assert.deepEqual([end.stdout, end.stderr], ["All processing stages completed.\n", "run1.1 is completed\n"]);

  const metrics = await nexusHere("view", "metrics", "run1.1", "--json");
  const reports = metrics.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    reports.map(({ iters }) => iters),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.match(
    (await nexusHere("view", "metrics", "run1.*", "--last=2")).stdout,
    /\nrun +iters +s1-hrs +s1-val\n\nrun1\.1 +7 /,
  );
  assert.equal((await nexusHere("view", "spec", job)).stdout, readFileSync(spec, "utf8"));
  const events = await nexusHere("view", "events", "run1.1");
  assert.match(events.stdout, /run1\.1 +1 {2}only +assigned .*\n.*run1\.1 +1 {2}only +completed +hpmax /);
  assert.match((await nexusHere("plot", "run1.1", "s1-val")).stdout, /\ns1-val: value\n/);
  const seen = await nexusHere("view", "run", "run1.1");
  assert.match(seen.stdout, /\nwhy +\S.*\n/);
  assert.match(seen.stdout, /\nmodels\/best\.model +700000 +[0-9a-f]{64}\n/);

  // Downloads one file, one run, then the whole job; the second time nothing is written.
  for (const [name, pattern] of [
    ["spec.yaml", /^component: root\/Root_Component\n/],
    ["runs.csv", /^workspace,job,.*\n(.*\n)*ws1,job1,any,run1\.1,completed,/],
  ] as const) {
    const ofJob = await nexusHere("download", `ws1/${job}`, name);
    assert.equal(ofJob.code, exitCode.done, ofJob.stderr);
    assert.match(readFileSync(join(swarm.folder, name), "utf8"), pattern);
  }
  const one = await nexusHere("download", "run1.1", "best.model", "--to", "mine.model");
  assert.equal(one.code, exitCode.done, one.stderr);
  const model = readFileSync(join(swarm.folder, "mine.model"));
  assert.equal(model.length, 700_000);
  const whole = await nexusHere("extract", job, "taken");
  assert.equal(whole.code, exitCode.done, whole.stderr);
  const taken = join(swarm.folder, "taken");
  assert.deepEqual(readdirSync(taken).sort(), ["components", "run1.1", "run1.2", "runs.csv", "spec.yaml"]);
  assert.deepEqual(readdirSync(join(taken, "run1.1")).sort(), [
    "console.txt",
    "models",
    "note.txt",
    "reports.csv",
    "repro_spec.yaml",
    "tensorboard",
  ]);
  assert.ok(model.equals(readFileSync(join(taken, "run1.1/models/best.model"))));
  assert.ok(existsSync(join(taken, "components/processors/Probe_Proc.yaml")));
  const [eventFile = ""] = readdirSync(join(taken, "run1.1/tensorboard"));
  const scalars = readEvents(readFileSync(join(taken, "run1.1/tensorboard", eventFile)), maskedCrc32c);
  assert.deepEqual(
    scalars.filter(({ scalars: { "s1-val": value } }) => value !== undefined).map(({ step }) => step),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.match((await nexusHere("extract", job, "taken")).stderr, /^0 files .*, 17 were there already\n$/);
  const asJson = (await nexusHere("extract", job, "taken", "--json")).stdout.trimEnd().split("\n");
  const objects = asJson.map((each) => JSON.parse(each) as Record<string, unknown>);
  assert.deepEqual(objects.at(-1), {
    ...{ type: "download", v: 1, folder: "taken", written: 0, there: 17, bytes: 0, neverUploaded: [], renamed: [] },
  });
  assert.ok(objects.some(({ path, bytes }) => path === "taken/run1.1/models/best.model" && bytes === 700_000));

  // The rebuilt repro spec repeats the run with the same hpmax.
  const repeated = await startNexus(["run", "taken/run1.1/repro_spec.yaml"], swarm.folder).ended();
  const hpmax = / hyperparameter tuning \(hpmax\): {2}(\S+)/;
  assert.equal(hpmax.exec(repeated.stdout)?.[1], hpmax.exec(later.stdout)?.[1]);

  // The export goes to standard output alone; no file is named "-".
  const lines = await nexusHere("export", job, "--to", "jsonl", "--output", "-");
  assert.deepEqual([lines.code, lines.stderr], [exitCode.done, ""]);
  const names = lines.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { run: string }).run);
  assert.deepEqual(names, ["run1.1", "run1.2"]);
  assert.ok(!existsSync(join(swarm.folder, "-")));
  const both = await nexusHere("export", job, "--output", "-", "--json");
  assert.deepEqual([both.code, both.stdout], [exitCode.usage, ""]);

  // Exports into other tools use their own packages; a second export doubles nothing.
  process.env["NEXUS_PYTHON"] = "/usr/bin/python3";
  // Downloaded files that a worker named like modules are not executed.
  const planted = ["json.py", "contextlib.py", "nexus_swarm.py", "optuna.py"].map((name) => join(swarm.folder, name));
  for (const file of planted) writeFileSync(file, 'open("executed", "w")\n');
  const study = await nexusHere("export", job, "--to", "optuna");
  assert.ok(!existsSync(join(swarm.folder, "executed")));
  for (const file of planted) rmSync(file);
  assert.equal(study.stderr, `2 runs written to sqlite:///ws1-${job}.optuna.db, study ${job}\n`);
  const again = JSON.parse((await nexusHere("export", job, "--to", "optuna", "--json")).stdout);
  assert.deepEqual(again, {
    ...{ type: "export", v: 1, format: "optuna", runs: 0, there: 2, open: 0, notes: [] },
    where: `sqlite:///ws1-${job}.optuna.db, study ${job}`,
  });
  const readBack = `
import json, optuna
study = optuna.load_study(study_name="${job}", storage="sqlite:///ws1-${job}.optuna.db")
print(json.dumps([[t.user_attrs["run"], t.state.name, t.value, list(t.intermediate_values)] for t in study.trials]))`;
  const trials = JSON.parse(execFileSync("/usr/bin/python3", ["-c", readBack], { encoding: "utf8" })) as unknown[][];
  assert.deepEqual(
    trials.map(([run, state, value, steps]) => [run, state, typeof value, steps]),
    ["run1.1", "run1.2"].map((run) => [run, "COMPLETE", "number", [1, 2, 3, 4, 5, 6, 7, 8]]),
  );
  for (const _ of ["once", "twice"]) {
    const board = await nexusHere("export", job, "--to", "tensorboard", "--output", "board");
    assert.match(board.stderr, /^2 runs written to board\n/);
    assert.equal(readdirSync(join(swarm.folder, "board/run1.1")).length, 1);
  }
  // A Python without any packages.
  const bare = join(swarm.folder, "bare-python");
  writeFileSync(bare, '#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n', { mode: 0o755 });
  for (const [python, words, code, message] of [
    [
      bare,
      ["--to", "mlflow"],
      exitCode.failure,
      /bare-python has no package mlflow\n {2}type: .* -m pip install mlflow/,
    ],
    ["/nowhere/python", ["--to", "wandb"], exitCode.usage, /NEXUS_PYTHON=\/nowhere\/python is not a program/],
    [bare, ["--to", "trackio", "--status", "completed"], exitCode.usage, /do not go with trackio/],
    ["/usr/bin/python3", ["--to", "optuna", "--output", "sqlite:////nowhere/x.db"], exitCode.failure, /^optuna: \w+: /],
  ] as const) {
    process.env["NEXUS_PYTHON"] = python;
    const failed = await nexusHere("export", job, ...words);
    assert.equal(failed.code, code, failed.stderr);
    assert.match(failed.stderr, message);
  }

  // An assistant speaks to the real program over its standard input and output.
  const asked = (id: number, method: string, params: object): string =>
    `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
  const input = [
    asked(1, "initialize", {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    }),
    '{"jsonrpc":"2.0","method":"notifications/initialized"}\n',
    asked(2, "tools/call", { name: "standings", arguments: { job, last: 1 } }),
    asked(3, "tools/call", { name: "best", arguments: { job: "job9" } }),
    asked(4, "tools/call", { name: "cancel", arguments: { target: job } }),
  ].join("");
  const served = spawnSync(process.execPath, [program, "mcp"], {
    cwd: swarm.folder,
    env: swarm.env,
    input,
    encoding: "utf8",
  });
  assert.deepEqual([served.status, served.stderr], [0, ""]);
  const answers = served.stdout
    .trimEnd()
    .split("\n")
    .map((each) => JSON.parse(each) as { id: number });
  const [begun, standings, best, cancel] = answers.sort((a, b) => a.id - b.id).map((each) => JSON.stringify(each));
  assert.match(begun ?? "", /"serverInfo":\{"name":"nexus-swarm"/);
  assert.match(standings ?? "", /\{\\"type\\":\\"run\\".*\\"status\\":\\"completed\\".*"isError":false/);
  assert.match(best ?? "", /there is no job9.*"isError":true/);
  assert.match(cancel ?? "", /"code":-32602,.*without --allow-changes/);

  // A file with different content is not overwritten without --overwrite.
  writeFileSync(join(taken, "run1.1/note.txt"), "my own note");
  const refused = await nexusHere("download", "run1.1", "--to", "taken/run1.1");
  assert.equal(refused.code, exitCode.usage);
  assert.match(refused.stderr, /note\.txt exists with different content.*--overwrite/s);
  assert.equal(readFileSync(join(taken, "run1.1/note.txt"), "utf8"), "my own note");
  // If a piece is lost, its file is named and the others are still downloaded.
  const link = await linkPatiently(swarm.paths, "coordinator");
  await link.bus.purge(streams.blob, chunk(workerIdFrom("only"), job, 2, 1, "files", 1));
  await link.close();
  const partly = await nexusHere("download", "run1.2", "--to", "partly");
  assert.equal(partly.code, exitCode.failure);
  assert.match(partly.stderr, /not stored as uploaded \(1\):\n {2}partly\/models\/best\.model: expected 3 pieces/);
  assert.deepEqual(readdirSync(join(swarm.folder, "partly")).sort(), [
    "console.txt",
    "note.txt",
    "reports.csv",
    "repro_spec.yaml",
    "tensorboard",
  ]);
  const wrong = await nexusHere("download", "run1.1", "best.modle");
  assert.equal(wrong.code, exitCode.notFound);
  assert.match(wrong.stderr, /run1\.1 has no file best\.modle.*\n {2}it has: console\.txt, /);
  await swarm.end();
});
