import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { JobName } from "../../../shared/domain/names.ts";
import { plainHousing } from "../../../worker/node/housing.ts";
import { RunnerPool } from "../../../worker/node/runner-pool.ts";
import type { TakenState } from "../../../worker/node/runners.ts";
import { Sandbox } from "../../../worker/processes/sandbox.ts";
import { decodeRun } from "../../../worker/runner/run-state.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { readIfThere } from "../../support/process-list.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { shellTask } from "../../support/processes/run-task.ts";
import { type Program, Swarm } from "../../support/processes/swarm.ts";
import { silentLog } from "../../support/stories/reign.ts";

const swarm = new Swarm();

type Lines = Readonly<Record<string, unknown>>;

const submitProgram = (...spec: [name: string, job: Lines, program: string, env?: Lines]): Promise<JobName> =>
  swarm.submit(writeProgramSpec(swarm.folder, ...spec));

const over = (job: JobName) => swarm.when(`${job} is over`, job, ({ isOver }) => isOver);

async function leave(worker: Program): Promise<void> {
  worker.child.kill("SIGTERM");
  assert.equal((await worker.exited()).code, 0, worker.output());
}

/** The content of told.json, which the job's program leaves in its run folder. */
async function toldBy(job: JobName, worker: string): Promise<Record<string, unknown>> {
  const trial = (await swarm.table(job)).trial(1);
  assert.equal(trial?.status, "completed", swarm.printed());
  const run = trial.run;
  const found = await eventually("its folder is there", () => folderOf(job, run, worker));
  return JSON.parse(readFileSync(join(found, "told.json"), "utf8")) as Record<string, unknown>;
}

function folderOf(job: JobName, run: string, worker: string): string | false {
  const [found] = execFileSync("find", [join(swarm.folder, "state"), "-path", `*/${worker}/held/${job}/${run}`], {
    encoding: "utf8",
  }).split("\n");
  return found !== undefined && found !== "" && existsSync(join(found, "told.json")) && found;
}

const isAlive = (pid: number): boolean =>
  readIfThere(`/proc/${pid}/stat`) !== "" && !/\) Z /.test(readIfThere(`/proc/${pid}/stat`));

/** What the programs of this file leave behind; no other process has this lifetime, in seconds. */
const daemon = `sleep 600.${process.pid}`;

/** Reads and does what a hostile program would, and leaves what it found in told.json. */
const nosy = `
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
const tried = (act) => { try { return act(); } catch (error) { return String(error.code ?? error); } };
const told = {
  environment: process.env,
  home: tried(() => readdirSync(process.env.SECRET_HOME ?? process.env.HOME)),
  identity: tried(() => readFileSync("../../../identity.json", "utf8")),
  identityByPath: tried(() => readFileSync(process.env.IDENTITY, "utf8")),
  secrets: tried(() => readdirSync(process.env.SECRETS)),
  shadow: tried(() => readFileSync("/etc/shadow", "utf8").length),
  others: tried(() => readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length),
  killed: tried(() => process.kill(Number(process.env.WORKER), "SIGKILL")),
  wrote: tried(() => writeFileSync("/usr/nexus-was-here", "")),
  moved: tried(() => { const own = process.cwd(); renameSync(own, own + "-away"); renameSync(own + "-away", own); return true; }),
  beside: tried(() => readdirSync("..").length),
  data: tried(() => readFileSync(process.env.DATA + "/numbers", "utf8")),
  reached: await new Promise((resolve) => {
    const socket = connect(Number(process.env.PORT ?? 1), "127.0.0.1");
    socket.on("connect", () => { socket.destroy(); resolve(true); });
    socket.on("error", (error) => resolve(error.code));
  }),
};
const daemon = spawn("sh", ["-c", "setsid ${daemon} & echo $!"], { stdio: ["ignore", "pipe", "ignore"], detached: true });
daemon.stdout.on("data", (pid) => {
  told.daemon = Number(String(pid));
  writeFileSync("told.json", JSON.stringify(told));
  console.log('{"value": 1}');
  process.exit(0);
});
`;

describe("a run", () => {
  test("a run sees a few of its worker's variables, what its spec names, and what the owner passes on", async () => {
    await swarm.coordinator(["--lease", "5"]);
    const job = await submitProgram("seen", { hold: true }, nosy, { DATA: "/data", LAYERS: 3 });
    const worker = swarm.worker("open", ["--slots", "1", "--pass-env", "MY_TOKEN_FILE"], {
      AWS_SECRET_ACCESS_KEY: "s3cr3t",
      NEXUS_JOIN: "nats://other@127.0.0.1:1/ws1",
      MY_TOKEN_FILE: "/run/token",
      LC_ALL: "C.UTF-8",
    });
    await over(job);
    const { environment, daemon } = (await toldBy(job, "open")) as { environment: object; daemon: number };
    const names = Object.keys(environment);
    for (const name of [
      "PATH",
      "HOME",
      "LC_ALL",
      "MY_TOKEN_FILE",
      "DATA",
      "LAYERS",
      "OMP_NUM_THREADS",
      "NEXUS_SEED",
      "NEXUS_STATE",
    ])
      assert.ok(names.includes(name), `${name} is missing: ${names.join(" ")}`);
    for (const name of ["AWS_SECRET_ACCESS_KEY", "NEXUS_JOIN", "XDG_STATE_HOME", "NODE_OPTIONS"])
      assert.ok(!names.includes(name), `${name} is there`);
    assert.ok(!JSON.stringify(environment).includes("s3cr3t"));
    await eventually("what it left behind is ended", () => !isAlive(daemon));
    assert.match(worker.output(), /runs can do anything you can here/);
    await leave(worker);
  });

  test("a run leaves no process behind, however it or its runner or its worker ends", async () => {
    const lingering = `
import { spawn } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
const daemon = spawn("sh", ["-c", "setsid ${daemon} & echo $!"], { stdio: ["ignore", "pipe", "ignore"], detached: true });
daemon.stdout.on("data", (pid) => {
  writeFileSync("told.new", JSON.stringify({ daemon: Number(String(pid)) }));
  renameSync("told.new", "told.json");
});
setInterval(() => undefined, 1000);
`;
    const job = await submitProgram("left", { hold: true, retries: 9, compute_target: "left" }, lingering);
    for (const how of ["runner", "worker", "both", "handed back"]) {
      const name = `loser-${how.replace(" ", "-")}`;
      const worker = swarm.worker(name, ["--slots", "1", "--target", "left"]);
      const run = (await swarm.when("it runs", job, ({ running }) => running === 1)).trial(1)?.run ?? "";
      const folder = await eventually("it has left one", () => folderOf(job, run, name));
      const { daemon } = JSON.parse(readFileSync(join(folder, "told.json"), "utf8")) as { daemon: number };
      assert.ok(isAlive(daemon));
      const children = readIfThere(`/proc/${worker.pid}/task/${worker.pid}/children`).trim().split(" ").map(Number);
      if (how === "handed back") worker.child.kill("SIGTERM");
      else if (how === "both") for (const pid of [worker.pid, ...children]) process.kill(pid, "SIGKILL");
      else process.kill(how === "runner" ? (children[0] ?? 0) : worker.pid, "SIGKILL");
      // Nobody can end the daemon until the worker comes back.
      if (how === "both") {
        await worker.exited();
        await leave(await started(name));
      }
      await eventually(`${how}: it is ended`, () => !isAlive(daemon));
      // A killed worker may be gone before this process hears of it.
      if (how === "worker" || how === "both") await worker.exited();
      else if (worker.child.exitCode === null && worker.child.signalCode === null) await leave(worker);
    }
  });
});

test("a worker with --no-code is given no command, and says so; another one runs it", async () => {
  const job = await submitProgram("shy", { compute_target: "shy" }, `console.log('{"value": 7}')`);
  const shy = swarm.worker("shy", ["--slots", "1", "--target", "shy", "--no-code"]);
  await eventually("it is told", () => shy.output().includes("brings code of its own, and shy takes none (--no-code)"));
  const text = readFileSync(join(swarm.folder, "shy.yaml"), "utf8").replace("  code: [shy.mjs]\n", "");
  const file = join(swarm.folder, "command.yaml");
  writeFileSync(
    file,
    text.replace(/command: .*/, `command: [sh, -c, "echo '{\\"value\\": 8}'"]\n      as_options: false`),
  );
  const command = await swarm.submit(file);
  await eventually("it is told again", () =>
    shy.output().includes(`${command} runs programs (processors/Command_Proc)`),
  );
  assert.equal((await swarm.table(command)).trials.length, 0);
  const bold = swarm.worker("bold", ["--slots", "1", "--target", "shy"]);
  assert.equal((await over(job)).trial(1)?.hpmax, 7);
  assert.equal((await over(command)).trial(1)?.hpmax, 8);
  await Promise.all([leave(shy), leave(bold)]);
});

async function started(name: string): Promise<Program> {
  const worker = swarm.worker(name, ["--slots", "1", "--target", "left"]);
  await eventually("it works", () => worker.output().includes("lends"));
  return worker;
}

describe("a sandbox", () => {
  test("a sandbox keeps home, keys, other processes, the system and the network from a run", async () => {
    const data = join(swarm.folder, "data-of-the-lab");
    mkdirSync(data);
    writeFileSync(join(data, "numbers"), "1 2 3");
    const worker = swarm.worker("boxed", ["--slots", "1", "--target", "boxed", "--sandbox", "--sandbox-ro", data]);
    const paths = swarm.paths;
    const [identity = ""] = (
      await eventually("it has enrolled", () =>
        execFileSync("find", [join(swarm.folder, "state"), "-path", "*/boxed/identity.json"], { encoding: "utf8" }),
      )
    ).split("\n");
    const port = JSON.parse(readFileSync(paths.brokerInfo, "utf8")) as { port: number };
    const env = {
      DATA: data,
      IDENTITY: identity,
      SECRETS: paths.secrets,
      WORKER: worker.pid,
      SECRET_HOME: swarm.folder,
      PORT: port.port,
    };
    for (const network of [false, true]) {
      const job = await submitProgram(`boxed-${network}`, { hold: true, network, compute_target: "boxed" }, nosy, env);
      await over(job);
      const told = await toldBy(job, "boxed");
      const {
        home,
        environment,
        daemon: _daemon,
        ...rest
      } = told as { home: string[]; environment: { HOME: string }; daemon: number };
      assert.deepEqual(rest, {
        identity: "ENOENT",
        identityByPath: "ENOENT",
        secrets: "ENOENT",
        shadow: "ENOENT",
        others: (rest as { others?: number }).others,
        killed: "ESRCH",
        wrote: "EROFS",
        moved: "EBUSY",
        beside: 1,
        data: "1 2 3",
        reached: network ? true : "ECONNREFUSED",
      });
      assert.ok(Number((rest as { others?: number }).others) < 12, "it sees its own processes only");
      assert.deepEqual([...home].sort(), ["data-of-the-lab", "state"]);
      assert.equal(environment.HOME, "/tmp/home");
    }
    assert.equal(worker.child.exitCode, null, "the worker lives");
    assert.equal(daemonsLeft(), 0, "nothing is left");
    await leave(worker);
  });

  test("a sandbox lets its run be paused, limited and ended as any other, and --no-network stays shut", async () => {
    const flags = ["--slots", "1", "--target", "still", "--sandbox", "--no-network"];
    const worker = swarm.worker("still", flags);
    const busy = `
import { connect } from "node:net";
connect(Number(process.env.PORT), "127.0.0.1").on("error", ({ code }) => console.log("not connected: " + code));
setInterval(() => console.log(JSON.stringify({ value: process.memoryUsage().rss })), 50);`;
    const { port } = JSON.parse(readFileSync(swarm.paths.brokerInfo, "utf8")) as { port: number };
    const job = await submitProgram("still", { compute_target: "still", network: true }, busy, { PORT: port });
    const run = (await swarm.when("it runs", job, ({ running }) => running === 1)).trial(1)?.run ?? "";
    await eventually("it has tried", async () => {
      const { stdout } = await nexus(["view", "console", run], swarm.folder);
      return /not connected: ECONNREFUSED/.test(stdout);
    });
    assert.equal((await nexus(["pause", run], swarm.folder)).code, 0);
    await eventually("all its processes stand still", () => {
      const all = descendantsOf(worker.pid).filter((pid) => !/ (sh|read) /.test(readIfThere(`/proc/${pid}/cmdline`)));
      const inside = all.filter((pid) => readIfThere(`/proc/${pid}/cmdline`).includes("still.mjs"));
      return inside.length > 0 && inside.every((pid) => /\) T /.test(readIfThere(`/proc/${pid}/stat`)));
    });
    assert.equal((await nexus(["resume", run], swarm.folder)).code, 0);
    await eventually("it goes on", () => worker.output().includes("continues"));
    assert.equal((await nexus(["cancel", job, "--yes"], swarm.folder)).code, 0);
    await over(job);

    const greedy = `const all = []; setInterval(() => { all.push(Buffer.alloc(4e7, 1)); console.log('{"value": 1}'); }, 20);`;
    const limited = await submitProgram("greedy", { compute_target: "still", memory_per_run: "300 MB" }, greedy);
    const table = await over(limited);
    assert.match(table.trial(1)?.reason ?? "", /more than memory_per_run, 300 MB/);
    const children = descendantsOf(worker.pid);
    worker.child.kill("SIGKILL");
    await worker.exited();
    await eventually("nothing outlives the worker", () => children.every((pid) => !isAlive(pid)));
  });

  test("a sandbox outlives a SIGTERM that reaches all its processes, and its run saves itself", async () => {
    const sandbox = Sandbox.open({ readable: [], hidden: [] });
    const runners = new RunnerPool(silentLog, { ...plainHousing(), sandbox, reaper: undefined });
    const script = `trap 'echo saved > "$NEXUS_STATE/kept"; exit 0' TERM; echo '{"value": 1}'; while :; do sleep 0.1; done`;
    const states: TakenState[] = [];
    try {
      const running = runners.run(
        { lowPriority: false, cores: 1, network: false },
        { ...shellTask(script), checkpointSeconds: 0.1 },
        (_reports, _lines, state) => {
          if (state?.iters === 1) states.push(state);
        },
      );
      mustEnd(running.pid);
      await eventually("it trains", () => states.length > 0);
      for (const pid of [running.pid, ...descendantsOf(running.pid)]) {
        try {
          process.kill(pid, "SIGTERM");
        } catch {
          // It has ended meanwhile.
        }
      }
      running.handBack(patienceMs);
      const end = await running.end;
      assert.equal(end.type, "stopped", "reason" in end ? end.reason : "");
      const { files } = decodeRun(states.at(-1)?.bytes ?? new Uint8Array());
      assert.equal(new TextDecoder().decode(files["kept"]), "saved\n");
    } finally {
      await runners.close();
    }
  });

  test("a sandbox is refused with what to install, or what it would reveal", async () => {
    const none = swarm.worker("none", ["--sandbox"], { PATH: "/nowhere" });
    assert.equal((await none.exited()).code, 2);
    assert.match(
      none.output(),
      /there is no bubblewrap \(bwrap\) in PATH\n {2}Debian, Ubuntu: apt-get install bubblewrap/,
    );
    const told = swarm.worker("told", ["--sandbox", "--sandbox-ro", join(swarm.folder, "state/nexus/workers")]);
    assert.equal((await told.exited()).code, 2);
    assert.match(told.output(), /holds the keys that a sandbox is to hide/);
    await swarm.end();
  });
});

function descendantsOf(pid: number): number[] {
  const children = readIfThere(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function daemonsLeft(): number {
  const commands = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return commands.filter((each) => each.trim() === daemon).length;
}
