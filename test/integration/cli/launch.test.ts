import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { takeCensus } from "../../../shared/broker/server/holders.ts";
import { exitCode } from "../../../shared/errors.ts";
import { workspacePaths } from "../../../shared/machine/workspace.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus, startNexus } from "../../support/processes/nexus-command.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";

/** A coordinator with, at first, no worker. */
const swarm = new Swarm();
const { folder } = swarm;

before(() => swarm.coordinator());

/** What a command says, without the line that it says where the coordinator is slow. */
const withoutAskingAgain = (said: string): string =>
  said.replace(/^no answer from the coordinator .* asking again\n/m, "");

test("a view that may only look prints no way to join, whatever else was asked for", async () => {
  const output = async (...flags: string[]): Promise<string> => {
    const view = swarm.run("coordinator/main.js", ["--plain", "--show-line", ...flags]);
    assert.equal((await view.exited()).code, exitCode.done, view.output());
    return view.output();
  };
  const { port } = runningBroker(swarm.paths) ?? assert.fail();
  const opening = `broker listens on 127.0.0.1:${port};\n +to let them join: +nexus-coord stop; nexus-coord --listen 0.0.0.0:${port}\n`;
  assert.match(await output(), new RegExp(`on this machine, run: +nexus-worker\n.*${opening}`));
  const shown = await output("--readonly");
  assert.match(shown, /the coordinator of ws1 runs/);
  assert.doesNotMatch(shown, /nexus-worker|to let them join/);
});

test("nexus-coord into a pipe finds the running coordinator, says how to watch, and returns", async () => {
  const view = swarm.run("coordinator/main.js", []);
  assert.equal((await view.exited()).code, exitCode.done, view.output());
  assert.match(view.output(), /to watch its searches: nexus-coord watch\n$/);
});

test("a running coordinator refuses another --own-search than it was started with", async () => {
  const started = async (whose: string): Promise<Program> => {
    const view = swarm.run("coordinator/main.js", ["--own-search", whose]);
    await view.exited();
    return view;
  };
  const refused = await started("none");
  assert.equal(refused.child.exitCode, exitCode.usage, refused.output());
  assert.match(refused.output(), /and its --own-search is here, not none\n.*to restart it: {2}nexus-coord stop\n/);
  const same = await started("here");
  assert.equal(same.child.exitCode, exitCode.done, same.output());
});

test("of two nexus-coord that are typed at once, one starts the coordinator, and no other is left behind", async () => {
  const two = new Swarm();
  const coordinators = (): number[] =>
    takeCensus(two.paths)
      .living.filter(({ kind }) => kind === "coordinator")
      .map(({ identity }) => identity.pid);
  atEnd(() => coordinators().map((pid) => process.kill(pid, "SIGTERM")));
  const typed = [1, 2].map(() => two.run("coordinator/main.js", ["--package", "none"]));
  for (const each of typed) assert.equal((await each.exited()).code, exitCode.done, each.output());
  const said = typed.map((each) => /^the coordinator of ws1 (has started|runs), process (\d+)$/m.exec(each.output()));
  assert.deepEqual(said.map((found) => found?.[1]).sort(), ["has started", "runs"], two.printed());
  assert.equal(said[0]?.[2], said[1]?.[2]);
  await eventually("one holds the broker", () => coordinators().length === 1);
  assert.equal(String(coordinators()[0]), said[0]?.[2]);
  const stop = two.run("coordinator/main.js", ["stop"]);
  assert.equal((await stop.exited()).code, exitCode.done, stop.output());
  assert.deepEqual(coordinators(), []);
  assert.equal(runningBroker(two.paths), undefined);
});

test("a second coordinator stands by although the first one has the port remembered for the package", async () => {
  const two = new Swarm();
  const port = await holdPort();
  const first = await two.coordinator(["--package", String(port)]);
  const second = two.run("coordinator/main.js", ["--headless", "--linger", "30"]);
  await eventually("it stands by", () => {
    assert.equal(second.child.exitCode, null, second.output());
    return second.output().includes("standing by");
  });
  assert.match(two.log(), new RegExp(`not handed out: port ${port} is taken, as it seems by process ${first.pid} `));
  first.child.kill("SIGTERM");
  await first.exited();
  await eventually("it leads", () => livingEndpoint(two.paths)?.coordinator.pid === second.pid, {
    seen: second.output,
  });
  await two.end();
});

test("nexus-coord takes a misspelt command for no spec, and starts nothing", async () => {
  const view = swarm.run("coordinator/main.js", ["wacth", "--workspace", "never"]);
  assert.equal((await view.exited()).code, exitCode.usage, view.output());
  assert.equal(view.output(), "wacth: no command and no file is called so; did you mean watch?\n");
  assert.equal(existsSync(workspacePaths("never", swarm.env).dir), false);
});

test("a launch prints what the tutorial's prints, and what to type where no worker has joined", async () => {
  const settings = { hp_tuning: "random", total_runs: 4, compute_nodes: 3, compute_target: "azb-cpu", monitor: "none" };
  const spec = swarm.probeSpec("spec", settings);
  const { code, stdout, stderr } = await nexus(["run", spec], folder);
  assert.equal(code, exitCode.done, stderr);
  assert.equal(
    stdout,
    `------- Runspec (${spec}) copied to launched_job_spec.yaml
job1, target: azb-cpu, creating parent runs: 3/3, ws1/run1, ws1/run2, ws1/run3, job submitted
------- Job launched. Use nexus commands to access results.
`,
  );
  assert.equal(readFileSync(join(folder, "launched_job_spec.yaml"), "utf8"), readFileSync(spec, "utf8"));
  const { port } = runningBroker(swarm.paths) ?? assert.fail();
  assert.equal(
    withoutAskingAgain(stderr),
    `  nexus list runs job1 --sort=metrics.hpmax --last=10
no worker has joined workspace ws1 yet; on this machine run:
  nexus-worker --target azb-cpu
other machines cannot join: the broker listens on this machine only. To let them join, run:
  nexus-coord stop; nexus-coord --listen 0.0.0.0:${port}
`,
  );
  const runs = await nexus(["list", "runs", "job1"], folder);
  assert.match(runs.stdout, /\nws1 +job1 +azb-cpu +run1 +allocating\n/);
});

test("a launch writes no copy of its spec through a link", async () => {
  const spec = swarm.probeSpec("spec", { total_runs: 1, compute_target: "nobody", monitor: "none" });
  const copy = join(folder, "launched_job_spec.yaml");
  rmSync(copy);
  writeFileSync(join(folder, "precious"), "mine");
  symlinkSync("precious", copy);
  const { code, stdout, stderr } = await nexus(["run", spec], folder);
  rmSync(copy);
  assert.equal(code, exitCode.done, stderr);
  assert.equal(readFileSync(join(folder, "precious"), "utf8"), "mine");
  assert.match(stderr, /^launched_job_spec.yaml was not written \("launched_job_spec.yaml" is a link/m);
  assert.doesNotMatch(stdout, /copied to/);
  await nexus(["cancel", "job2", "--yes"], folder);
});

test("Ctrl-C leaves the view, and the search goes on", async () => {
  const command = startNexus(["run", swarm.probeSpec("forever", { total_runs: 2, compute_target: "nobody" })], folder);
  await eventually("the view is there", () => command.stderr().includes("waiting for a worker that serves nobody"));
  process.kill(command.pid, "SIGINT");
  const { code, stdout, stderr } = await command.ended();
  assert.equal(code, 130);
  assert.match(stdout, /job3, target: nobody, creating parent runs as workers come, job submitted\n/);
  assert.match(stderr, /job3 goes on without this view; to watch it again: nexus-coord watch job3\n$/);
  assert.match(
    (await nexus(["list", "jobs"], folder)).stdout,
    /\nws1 +job3 +nobody +waiting .* waiting for a worker: no worker has joined yet\n/,
  );
});

test("a wrong spec is refused before anything is sent", async () => {
  const { code, stdout, stderr } = await nexus(["run", swarm.probeSpec("bad", { total_runs: 0 })], folder);
  assert.equal(code, exitCode.usage);
  assert.equal(stdout, "");
  assert.match(stderr, /total_runs is 0.*1 problem; nothing was submitted/s);
});

test("orders about what is not there, or not so, are refused", async () => {
  const missing = await nexus(["release", "job9"], folder);
  assert.equal(missing.code, exitCode.notFound);
  assert.match(withoutAskingAgain(missing.stderr), /^there is no job9; to see what there is: nexus list jobs\n$/);
  const searching = await nexus(["release", "job1"], folder);
  assert.equal(searching.code, exitCode.usage);
  assert.match(searching.stderr, /job1 is not held/);
  assert.equal((await nexus(["admit", "nobody"], folder)).code, exitCode.notFound);
});

test("a launch's view shows the search from its first worker to its end, and then the standings", async () => {
  const spec = swarm.probeSpec("search", { hp_tuning: "dgd", total_runs: 12, compute_target: "here" });
  const command = startNexus(["run", spec], folder);
  await eventually("the view waits", () => command.stderr().includes("waiting for a worker that serves here"));
  swarm.worker("lab", ["--target", "here"]);
  const { code, stdout, stderr } = await command.ended();
  assert.equal(code, exitCode.done, stderr);
  assert.match(stderr, / {2}run\d+\.1 completed {2}hpmax -?\d+\.\d{5} {2}a=\d b=0\.\d\n/);
  assert.match(stderr, /\njob4 {2}completed: 12\/12 runs {2}best .*\nto search on: nexus edit job4 --total-runs 30\n/);
  assert.match(stdout, /\nrank +hpmax +sd +runs +best +a +b\n\n +1 /);
  const json = await nexus(["run", "--json", spec], folder);
  const types = json.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: string }).type);
  assert.deepEqual([types[0], types.at(-1)], ["launched", "standings"]);
  assert.equal(types.filter((type) => type === "completed").length, 12);
});

test("a launch with monitor: new returns, and prints the command that watches", async () => {
  const spec = swarm.probeSpec("new", { total_runs: 1, compute_target: "nobody", monitor: "new" });
  const { code, stderr } = await nexus(["run", spec], folder);
  assert.equal(code, exitCode.done, stderr);
  assert.match(stderr, /^ {2}nexus-coord watch job6$/m);
});
