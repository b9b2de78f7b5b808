import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { exitCode } from "../../../shared/errors.ts";
import { clockTime } from "../../../worker/owner/quantities.ts";
import { mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { untilOpen } from "../../support/processes/gated-program.ts";
import { ownedWorker } from "../../support/processes/owned-worker.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { goOn, standStill } from "../../support/processes/run-states.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";
import { TypedTerminal } from "../../support/terminal/typed-terminal.ts";

const swarm = new Swarm();
before(() => swarm.coordinator(["--lease", "12"]));
after(() => swarm.end());

const joinLine = (): string => livingEndpoint(swarm.paths)?.joinLine ?? assert.fail("no coordinator leads");
/** Iterations executed by all runs with this tally. */
const executed = (tally: string): number => (existsSync(tally) ? readFileSync(tally, "utf8").length : 0);

/** Submits a job whose one run, on the target of its name, ends once the file `gate` is there. */
async function gated(name: string): Promise<{ readonly job: JobName; readonly gate: string }> {
  const gate = join(swarm.folder, `${name}-gate`);
  const settings = { total_runs: 1, hp_tuning: false, compute_target: name };
  return { job: await swarm.submit(writeProgramSpec(swarm.folder, name, settings, untilOpen(gate))), gate };
}

async function leave(worker: Program): Promise<void> {
  worker.child.kill("SIGTERM");
  assert.equal((await worker.exited()).code, 0, worker.output());
}

describe("an owner who types at a real terminal", () => {
  test("an owner who types finds the runs standing still; they keep their leases, and go on when he goes", async () => {
    const terminal = await TypedTerminal.open();
    mustEnd(terminal.pid);
    const tally = join(swarm.folder, "typed");
    const job = await swarm.submit(
      swarm.probeSpec("typed", { total_runs: 1, compute_target: "typed" }, { seconds: 20, reports: 40, tally }),
    );
    const rules = { whenIdle: 3000 };
    const worker = await ownedWorker("typed", joinLine(), temporaryFolder(), rules, [terminal.path]);
    await swarm.when("it runs", job, ({ running }) => running === 1);
    await eventually("it trains", () => executed(tally) > 2 && goOn(process.pid));
    // Output alone is no sign of use, so the run goes on.
    const printedAt = executed(tally);
    await terminal.print();
    await eventually("it trains on", () => executed(tally) > printedAt + 4);
    assert.deepEqual(
      worker.said.filter((line) => line.includes("types")),
      [],
    );
    await terminal.press();
    await eventually("all stands still", () => standStill(process.pid));
    const place = terminal.path.replace("/dev/", "");
    const why = new RegExp(`^somebody types at ${place}: 1 run frozen; lends again after 3 s`);
    await eventually("it says why", () => worker.said.some((line) => why.test(line)));
    await eventually("it goes on", () => goOn(process.pid));
    await eventually("it says so", () => worker.said.includes("the machine is lent again"));
    const table = await swarm.when("it is over", job, ({ isOver }) => isOver);
    assert.equal(executed(tally), 40);
    assert.deepEqual([table.outcomes.completed, table.lost, table.reclaimed], [1, 0, 0]);
    await worker.leave();
    terminal.close();
  });

  test("an owner who stays gets a run out of his way; it goes on elsewhere, and no iteration is lost", async () => {
    const terminal = await TypedTerminal.open();
    mustEnd(terminal.pid);
    const tally = join(swarm.folder, "stays");
    const job = await swarm.submit(
      swarm.probeSpec("stays", { total_runs: 1, compute_target: "stays" }, { seconds: 20, reports: 40, tally }),
    );
    const rules = { whenIdle: 60_000, yieldAfter: 1500 };
    const worker = await ownedWorker("stays", joinLine(), temporaryFolder(), rules, [terminal.path]);
    await eventually("it trains", () => executed(tally) > 5);
    await terminal.press();
    await eventually("all stands still", () => standStill(process.pid));
    await swarm.when("it waits for another worker", job, ({ waiting }) => waiting.size === 1);
    const done = executed(tally);
    assert.ok(done < 40);
    const other = swarm.worker("elsewhere", ["--slots", "1", "--target", "stays"]);
    const table = await swarm.when("it is over", job, ({ isOver }) => isOver);
    assert.equal(executed(tally), 40, "each iteration was executed once");
    assert.deepEqual([table.outcomes.completed, table.lost, table.reclaimed], [1, 0, 1]);
    assert.deepEqual(
      table.trial(1)?.attempts.map((attempt) => attempt.worker),
      ["stays", "elsewhere"],
    );
    await leave(other);
    await worker.leave();
    terminal.close();
  });
});

describe("a worker's rules", { concurrency: 4 }, () => {
  test("nexus-worker --pretend owner-active shows what would happen", async () => {
    const { job, gate } = await gated("pretend");
    const flags = ["--slots", "1", "--target", "pretend", "--pretend", "owner-active:13s", "--max-trials", "1"];
    const worker = swarm.worker("pretend", flags);
    await eventually("all stands still", () => standStill(worker.pid));
    writeFileSync(gate, "");
    // The worker ends by itself, since it may execute only one run.
    assert.equal((await worker.exited()).code, exitCode.done, worker.output());
    assert.match(worker.output(), /^ {2}ends after 1 run$/m);
    assert.match(worker.output(), /pretending for 13 s that its owner is there/);
    assert.match(worker.output(), /its owner pretends to use it: 1 run frozen; lends again after 13 s/);
    assert.match(worker.output(), /(its 1 process stands|all \d+ processes of its runs stand) still after \d+ ms/);
    assert.match(worker.output(), /the machine is lent again/);
    assert.match(worker.output(), /it has executed as many runs as --max-trials allows \(1\), and takes no more/);
    const table = await swarm.when("it is over", job, ({ isOver }) => isOver);
    // The run stood still for longer than its lease.
    assert.deepEqual([table.outcomes.completed, table.lost, table.reclaimed], [1, 0, 0]);
  });

  test("nexus-worker --until ends a worker when its time is over", async () => {
    const worker = swarm.worker("until", ["--slots", "1", "--target", "until", "--until", "2s"]);
    assert.equal((await worker.exited()).code, exitCode.done, worker.output());
    assert.match(worker.output(), /its time is over \(--until\): no run in hand, taking no more/);
  });

  test("worker.yaml counts as it is now: broken it is told once, and changed it is obeyed", async () => {
    const config = temporaryFolder();
    const file = join(config, "nexus", "worker.yaml");
    mkdirSync(join(config, "nexus"));
    const write = (text: string): void => writeFileSync(file, text, { mode: 0o600 });
    write("slots: 1\n");
    const { job, gate } = await gated("yaml");
    const worker = swarm.worker("yaml", ["--target", "yaml"], { XDG_CONFIG_HOME: config });
    await swarm.when("it runs", job, ({ running }) => running === 1);
    assert.match(worker.output(), /lends 1 slot to ws1/);
    write("slots: none\n");
    await eventually("it says what is wrong", () => worker.output().includes("the rules stay as they were"));
    assert.match(
      worker.output(),
      /worker\.yaml:1:8: slots is "none"\n {4}1 \| slots: none\n.*\n {2}expected a whole number/,
    );
    // One hour, starting two hours from now.
    const from = (new Date().getHours() * 60 + new Date().getMinutes() + 120) % 1440;
    write(`hours: "${clockTime(from)}-${clockTime((from + 60) % 1440)}"\n`);
    await swarm.when("it is handed back", job, ({ waiting }) => waiting.size === 1);
    writeFileSync(gate, "");
    const output = await eventually(
      "it says why",
      () => worker.output().includes("does not lend it") && worker.output(),
    );
    assert.match(output, new RegExp(`its owner does not lend it at this hour: .*; lends again at ${clockTime(from)}`));
    assert.equal(output.match(/the rules stay as they were/g)?.length, 1);
    rmSync(file);
    const table = await swarm.when("it is over", job, ({ isOver }) => isOver);
    assert.deepEqual([table.outcomes.completed, table.lost, table.reclaimed], [1, 0, 1]);
    await leave(worker);
  });

  test("a worker.yaml that others may change is refused, with what to type", async () => {
    const config = temporaryFolder();
    const file = join(config, "nexus", "worker.yaml");
    mkdirSync(join(config, "nexus"));
    writeFileSync(file, "slots: 1\n");
    chmodSync(file, 0o666);
    const worker = swarm.worker("open", [], { XDG_CONFIG_HOME: config });
    assert.equal((await worker.exited()).code, exitCode.usage);
    assert.equal(
      worker.output(),
      `${file} may be changed by others: expected that only you may write to it\n  type:  chmod go-w ${file}\nnothing was started\n`,
    );
  });

  test("a rule of the owner's that this machine cannot keep is refused", async () => {
    const worker = swarm.worker("hot", ["--max-temperature", "85"]);
    // The worker works if there is a sensor.
    const output = await eventually(
      "it says so",
      () => /no sensor|up to 85 °C/.test(worker.output()) && worker.output(),
    );
    if (output.includes("no sensor")) assert.equal((await worker.exited()).code, exitCode.usage);
    else await leave(worker);
  });
});
