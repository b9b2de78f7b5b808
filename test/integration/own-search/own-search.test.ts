import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

const python = "/usr/bin/python3";

/** A swarm with the walker fixture beside its specs. */
function withWalker(): Swarm {
  const swarm = new Swarm();
  copyFileSync(join(packageRoot(), "test/fixtures/own-search/walker.py"), join(swarm.folder, "walker.py"));
  return swarm;
}

/** Submits a job whose search is the walker with these words. */
function walk(
  swarm: Swarm,
  name: string,
  words: readonly string[],
  job: Record<string, unknown> = {},
  stage: Record<string, unknown> = {},
  search: Record<string, unknown> = {},
): Promise<JobName> {
  const own = { command: [python, "walker.py", ...words], ...search };
  return swarm.submit(swarm.probeSpec(name, { hp_tuning: "own", search: own, total_runs: 8, ...job }, stage));
}

/** Each run's place on the walker's grid of 15, in trial order. */
const places = (table: RunTable): number[] => [...table.trials].map(({ configuration: [a = 0, b = 0] }) => 3 * a + b);
const printed = (swarm: Swarm, job: JobName): string =>
  readFileSync(join(swarm.paths.logs, `search-${job}.log`), "utf8");
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
const programs = (swarm: Swarm): string[] =>
  existsSync(swarm.paths.searches) ? readdirSync(swarm.paths.searches) : [];

describe("a search of the user's own", { concurrency: 2 }, () => {
  test("a user's search whose coordinator is killed starts again with its history; no run is done twice", async () => {
    const swarm = withWalker();
    const first = await swarm.coordinator();
    swarm.standby();
    // The search that begins without a history chooses no more than twelve runs, so that the kill comes before the end.
    const job = await walk(swarm, "beheaded", ["halts"], { total_runs: 30 }, { seconds: 0.2 });
    swarm.worker("one", ["--slots", "2"]);
    swarm.worker("two", ["--slots", "2"]);
    await swarm.when("the search is under way", job, ({ ended }) => ended >= 8);
    first.child.kill("SIGKILL");
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assertExactly(table, 30);
    assert.deepEqual(
      places(table),
      Array.from({ length: 30 }, (_, i) => i % 15),
      "each run was chosen once, as its number says",
    );
    assert.ok(
      [...table.trials].every(({ attempts }) => attempts.length === 1),
      "no run was done twice",
    );
    const [began = "", again = ""] = printed(swarm, job).match(/begins with \d+ runs; secrets: \[\]/g) ?? [];
    assert.equal(began, "begins with 0 runs; secrets: []");
    assert.ok(Number(/\d+/.exec(again)?.[0]) >= 8, `the next coordinator's search began with "${again}"`);
    const pids = [...printed(swarm, job).matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
    assert.ok(pids.length >= 2);
    await eventually("no program outlives its coordinator", () => !pids.some(isRunning));
    await eventually("its program has ended, and its folder is gone", () => programs(swarm).length === 0);
    await swarm.verify();
    await swarm.end();
  });

  test("a user's search that dies is restarted; one that keeps dying has its job paused, and says why", async () => {
    const swarm = withWalker();
    await swarm.coordinator();
    swarm.worker("only", ["--slots", "2"]);
    const moody = await walk(swarm, "moody", ["moody"], { total_runs: 20 });
    const dying = await walk(swarm, "dying", ["dies"]);
    const noisy = await walk(swarm, "noisy", ["noise"]);
    const silent = await walk(swarm, "silent", ["silent"], {}, {}, { answer_time: 0.5 });
    const greedy = await walk(swarm, "greedy", ["greedy"], {}, {}, { memory: "100 MB" });
    const five = await walk(swarm, "five", ["finishes"], { total_runs: 50 });
    const isPaused = ({ state }: RunTable): boolean => state === "paused";
    const why = async (job: JobName): Promise<string> => (await swarm.when(`${job} is paused`, job, isPaused)).reason;
    assert.match(
      await why(dying),
      /^its search ended with exit code 3, and had died 3 times before; its last lines: .*there is no model here; when fixed: nexus resume job2$/,
    );
    assert.match(
      await why(noisy),
      /it printed "loading the model \.\.\.", which is no JSON; .* print everything else to standard error/,
    );
    assert.match(await why(silent), /^its search did not answer within 0\.5 s \(answer_time\)/);
    assert.match(await why(greedy), /^its search took \d+(\.\d)? MB of memory, where 100 MB are allowed \(memory\)/);
    const finished = await swarm.when("five are enough", five, ({ state }) => state === "completed");
    assert.equal(finished.reason, "its own search has finished: five are enough");
    assert.ok(finished.ended >= 5 && finished.ended < 10);
    const done = await swarm.when("the moody one is completed", moody, ({ state }) => state === "completed");
    assertExactly(done, 20);
    assert.ok((printed(swarm, moody).match(/begins with/g) ?? []).length > 1, "it never died");
    await swarm.verify();
    await swarm.end();
  });

  test("a user's search prunes runs by reports, learns of added values, and holds up nobody by thinking", async () => {
    const swarm = withWalker();
    await swarm.coordinator();
    const late = await walk(swarm, "late", ["late"]);
    const watching = swarm.worker("only", ["--slots", "2"]);
    await swarm.when("the worker is told why it waits", late, () =>
      /job1 waits for its own search, which is being started/.test(watching.output()),
    );
    const pruned = await walk(swarm, "pruned", ["prunes"], { total_runs: 6 }, { seconds: 600, reports: 600 });
    const table = await swarm.when("all are pruned", pruned, ({ state }) => state === "completed");
    assert.equal(table.outcomes.pruned, 6);
    assert.equal(table.trial(1)?.reason, "stopped by its own search: two reports were enough");

    const grown = await walk(swarm, "grown", [], { total_runs: 100_000 }, { seconds: 0.05 });
    await swarm.when("two runs have ended", grown, ({ ended }) => ended >= 2);
    const edited = await nexus(["edit", grown, "--add-value", "a=6"], swarm.folder);
    assert.equal(edited.code, exitCode.done, edited.stderr);
    await swarm.when("it chooses the added value", grown, (table) => places(table).some((place) => place >= 15));
    assert.match(printed(swarm, grown), /begins with 0 runs[\s\S]*begins with [1-9]\d* runs/);
    await swarm.end();
  });
});
