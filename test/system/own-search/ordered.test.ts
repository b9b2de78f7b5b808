import assert from "node:assert/strict";
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { operatorName } from "../../../shared/broker/access/credentials.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { firstMarks } from "../../../shared/domain/ranges/first-marks.ts";
import { exitCode } from "../../../shared/errors.ts";
import { BusError } from "../../../shared/ports.ts";
import { decodeOrderAnswer, encodeOrder } from "../../../shared/wire/messages.ts";
import { operator } from "../../../shared/wire/subjects.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { runOrder } from "../../support/processes/probe-spec.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const python = "/usr/bin/python3";

describe("a search of one's own", { concurrency: 2 }, () => {
  test("the module and Optuna of specs/own_search choose for real runs, of which one is rejected meanwhile", async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    const folder = join(swarm.folder, "own_search");
    cpSync(join(packageRoot(), "specs/own_search"), folder, { recursive: true });
    const launched: JobName[] = [];
    for (const name of ["module", "optuna"]) {
      const path = join(folder, `${name}.yaml`);
      const shorter = readFileSync(path, "utf8").replace("total_runs: 60", "total_runs: 14");
      // The worker's python3 needs no packages; the coordinator's needs Optuna.
      const optuna = process.env["NEXUS_TEST_PYTHON"] ?? python;
      writeFileSync(path, shorter.replace("[python3, optuna_search.py", `[${optuna}, optuna_search.py`));
      const { code, stdout, stderr } = await nexus(["run", path, "--monitor", "none"], swarm.folder);
      assert.equal(code, exitCode.done, stderr);
      assert.match(stdout, /uploading 2 code files \(zipped\)/);
      launched.push(/job\d+/.exec(stdout)?.[0] as JobName);
    }
    const [module = "job1" as JobName, optuna = "job2" as JobName] = launched;
    swarm.worker("only", ["--slots", "3"]);
    const early = await swarm.when("Optuna has a result", optuna, ({ completions }) => completions.length > 0);
    const rejected = early.trial(early.completions[0] ?? 0)?.run ?? "";
    const reject = await nexus(["reject", rejected, "--yes"], swarm.folder);
    assert.equal(reject.code, exitCode.done, reject.stderr);
    const byModule = await swarm.when("the module's job is completed", module, ({ isOver }) => isOver);
    const byOptuna = await swarm.when("Optuna's job is completed", optuna, ({ isOver }) => isOver);
    assert.equal(byModule.outcomes.completed, 14);
    assert.equal(byOptuna.outcomes.completed + byOptuna.outcomes.pruned, 13);
    assert.equal(byOptuna.rejected.size, 1);
    const [lr] = byOptuna.submitted.hyperparameters;
    assert.ok(lr?.range);
    const first = firstMarks(lr.range, Number(lr.tuned)).length;
    assert.ok(
      [...byOptuna.trials].some(({ configuration: [at = 0] }) => at >= first),
      "it chose numbers between the marks of the range",
    );
    const deaths = swarm.log().match(/.*"its search .*/g) ?? [];
    assert.deepEqual(deaths, [], "no search died");
    const run = await nexus(["view", "events", optuna], swarm.folder);
    assert.match(run.stdout, /its own search: TPESampler/);
    await swarm.verify();
    await swarm.end();
  });

  test("a search of one's own starts only if ordered where the coordinator runs, unless told otherwise", async () => {
    const swarm = new Swarm();
    const first = await swarm.coordinator();
    copyFileSync(join(packageRoot(), "test/fixtures/own-search/walker.py"), join(swarm.folder, "walker.py"));
    const settings = { hp_tuning: "own", search: { command: [python, "walker.py"] }, total_runs: 4 };
    const spec = swarm.probeSpec("walk", settings);
    const fromElsewhere = async (): Promise<{ readonly ok: boolean; readonly reason: string }> => {
      const link = await linkWorkspace(swarm.paths, "operator");
      try {
        const order = encodeOrder(runOrder(spec));
        // A coordinator that has just begun does not hear yet.
        const answer = await eventually("somebody answers", () =>
          link.bus.request(operator(operatorName()), order, patienceMs).catch((error) => {
            if (error instanceof BusError && error.reason === "nobody answered") return undefined;
            throw error;
          }),
        );
        return decodeOrderAnswer(answer);
      } finally {
        await link.close();
      }
    };
    const refused = await fromElsewhere();
    assert.equal(refused.ok, false);
    assert.match(
      refused.reason,
      /its search would run on the coordinator's machine, and this order does not come from there\n/,
    );
    const job = await swarm.submit(spec);

    first.child.kill("SIGTERM");
    await first.exited();
    const careful = await swarm.coordinator(["--own-search", "none"]);
    const paused = await swarm.when("the job is paused", job, ({ state }) => state === "paused");
    assert.equal(
      paused.reason,
      "this coordinator starts no searches of users (nexus-coord --own-search none); to go on where one is started: nexus resume job1",
    );
    assert.match((await swarm.order(spec)).reason, /this coordinator starts no searches of users/);
    careful.child.kill("SIGTERM");
    await careful.exited();

    await swarm.coordinator(["--own-search", "operators"]);
    assert.equal((await fromElsewhere()).ok, true);
    const resumed = await nexus(["resume", job], swarm.folder);
    assert.equal(resumed.code, exitCode.done, resumed.stderr);
    swarm.worker("only", ["--slots", "2"]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assert.equal(table.outcomes.completed, 4);
    await swarm.end();
  });
});
