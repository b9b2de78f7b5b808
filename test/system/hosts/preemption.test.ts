import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { eventually } from "../../support/patience.ts";
import { python, writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { Slurm } from "../../support/processes/slurm.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

/** Counts to 12; at 6 it waits for a file. Saves itself only when told to stop; tells its start, wait and save. */
const program = `
import os, time, nexus_swarm as nexus
state = nexus.checkpoint_dir / "at"
at = int(state.read_text()) if state.exists() else 0
def tell(what):
    with open(os.environ["TOLD"], "a") as file: file.write(f"{what} {at}\\n")
tell("began")
waits = False
while at < 12:
    if nexus.should_stop():
        state.write_text(str(at))
        tell("saved")
        break
    time.sleep(0.1)
    if at == 6 and not os.path.exists(os.environ["GO"]):
        if not waits: tell("waits")
        waits = True
        continue
    at += 1
    nexus.report(iters=at, value=at)
`;

test("Python programs on workers that Slurm preempts save themselves, and go on where they were", async () => {
  const swarm = new Swarm();
  const folder = join(swarm.folder, "slurm");
  const lineFile = join(swarm.folder, "line.txt");
  const [go, told, ownersEnd] = ["go", "told.txt", "end"].map((name) => join(swarm.folder, name)) as [
    string,
    string,
    string,
  ];
  const said = (what: string): number[] =>
    (existsSync(told) ? readFileSync(told, "utf8") : "")
      .split("\n")
      .filter((line) => line.startsWith(`${what} `))
      .map((line) => Number(line.split(" ")[1]));
  const environment = {
    ...swarm.env,
    NEXUS_LINE_FILE: lineFile,
    NEXUS_WORKER: `${process.execPath} ${join(packageRoot(), "dist/worker/main.js")}`,
  };
  const [slurm] = await Promise.all([Slurm.start(folder, environment), swarm.coordinator()]);
  writeFileSync(lineFile, `${livingEndpoint(swarm.paths)?.joinLine}\n`, { mode: 0o600 });
  const script = join(packageRoot(), "specs/slurm/worker.sbatch");
  const array = slurm.run("sbatch", "--parsable", "--array=0-1", "--cpus-per-task=2", script).trim();
  const settings = { total_runs: 4, hp_tuning: "false", checkpoint_every: 3600 };
  const env = { TOLD: told, GO: go };
  const spec = writeProgramSpec(swarm.folder, "count", settings, program, env, python, { asks_should_stop: true });
  const job = await swarm.submit(spec);
  const output = (task: number): string => readFileSync(join(folder, `nexus-worker-${array}_${task}.log`), "utf8");
  const wait = "import sys, time, os\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.1)";
  await eventually("each waits at 6", () => said("waits").length === 4, { everyMs: 50 });

  const owners = slurm
    .run(
      "sbatch",
      "--parsable",
      "--partition=owners",
      "--exclusive",
      `--wrap=/usr/bin/python3 -c '${wait}' ${ownersEnd}`,
    )
    .trim();
  const seen = (): string => `${slurm.state(owners)}\n${output(0)}\n${slurm.log()}`;
  await eventually("the owners have their node", () => slurm.state(owners) === "RUNNING", { everyMs: 50, seen });
  assert.equal(said("saved").length, 4, `each saved itself before it left:\n${seen()}`);
  const away = await swarm.when("all runs wait", job, ({ waiting }) => waiting.size === 4);
  assert.equal(away.outcomes.failed, 0);
  writeFileSync(go, "");
  writeFileSync(ownersEnd, "");
  await eventually("the owners' job is over", () => slurm.state(owners) === "COMPLETED", { everyMs: 50, seen });
  for (const task of [0, 1]) {
    const isBack = (): boolean => output(task).match(/ lends 2 slots /g)?.length === 2;
    await slurm.comesBack(`${array}_${task}`, isBack, () => output(task));
  }
  const table = await swarm.when("the job is over", job, ({ isOver }) => isOver);
  assertExactly(table, 4);
  assert.equal(table.outcomes.completed, 4);
  assert.equal(table.lost, 0);
  for (const { hpmax } of table.trials) assert.equal(hpmax, 12, "each counted to its end");
  const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
  assert.deepEqual(sorted(said("began").slice(4)), sorted(said("saved")), "each went on where it was");
  slurm.run("scancel", array);
  await swarm.verify();
  await slurm.end();
  await swarm.end();
});
