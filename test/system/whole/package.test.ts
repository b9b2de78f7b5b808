import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { programVersion } from "../../../shared/components/version.ts";
import { atEnd, mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { patienceMs } from "../../support/patience.ts";

/** The package as people get it: packed from the build in dist, installed into an empty folder. */
const root = packageRoot();
const scratch = temporaryFolder();
const folder = temporaryFolder();
let packed: readonly string[] = [];

/** Milliseconds: a slow or unreachable registry must fail this test with a message, not hang it. */
const npmLimitMs = 600_000;
const commandLimitMs = patienceMs;

before(async () => {
  assert.ok(existsSync(join(root, "dist/coordinator/main.js")), "nothing is built; type: npm run build");
  // Without scripts: `prepare` would rebuild dist while other tests use it.
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", scratch];
  const [tarball] = JSON.parse(await npm(pack, root)) as { filename: string; files: { path: string }[] }[];
  assert.ok(tarball);
  packed = tarball.files.map(({ path }) => path);
  await npm(["install", "--prefer-offline", "--no-audit", "--no-fund", join(scratch, tarball.filename)], folder);
});

test("the package holds every module, the kernels, all defaults and all specs", () => {
  const modules = ["coordinator", "shared", "worker"].flatMap((part) => filesIn(part, ".ts"));
  const expected = [
    ...modules.filter((file) => !file.includes("/assembly/")).map((file) => `dist/${file.replace(/\.ts$/, ".js")}`),
    ...["shared", "specs", "worker"].flatMap((part) => filesIn(part, ".yaml")),
    "dist/worker/components/kernels/kernels.wasm",
    "LICENSE",
    "package.json",
  ];
  assert.ok(expected.length > 150, `${expected.length} files expected`);
  const there = new Set(packed);
  assert.deepEqual(
    expected.filter((file) => !there.has(file)),
    [],
  );
});

test("the package holds whatever its pages link to, pictures too", () => {
  const there = new Set(packed);
  const pages = packed.filter((file) => file.endsWith(".md") && !file.startsWith("CONTRIBUTING"));
  const links = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^):#\s]+)(?:#[^)]*)?\)/g)].map(([, to = ""]) => ({
      page,
      to: join(dirname(page), to),
    })),
  );
  assert.ok(links.filter(({ to }) => to.endsWith(".png")).length >= 11, "docs/plots.md shows its pictures");
  assert.deepEqual(
    links.filter(({ to }) => !there.has(to)),
    [],
  );
});

test("the package holds no tests, no sources of ours and nothing of the build's", () => {
  assert.deepEqual(
    packed.filter((file) => /(^|\/)test\/|\.test\.|\.ts$|\.tsbuildinfo$|\.tgz$|node_modules|^\./.test(file)),
    [],
  );
});

test("the package holds nothing of a wheel that was made before", async () => {
  const copy = temporaryFolder();
  const library = "python/src/nexus_swarm";
  writeFileSync(join(copy, "package.json"), readFileSync(join(root, "package.json")));
  for (const place of [library, `${library}/js/${library}`]) {
    mkdirSync(join(copy, place), { recursive: true });
    writeFileSync(join(copy, place, "_launch.py"), "");
  }
  const [made] = JSON.parse(await npm(["pack", "--ignore-scripts", "--json", "--dry-run"], copy)) as {
    files: { path: string }[];
  }[];
  assert.deepEqual(made?.files.map(({ path }) => path).sort(), ["package.json", `${library}/_launch.py`]);
});

test("the build leaves its commands executable: npx, which links them, does so only once", () => {
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { bin: Record<string, string> };
  const modes = Object.values(bin).map((path) => (statSync(join(root, path)).mode & 0o777).toString(8));
  assert.deepEqual(modes, ["755", "755", "755"], "built by: npm run build");
});

test("the installed package's three commands have help and version", async () => {
  for (const [command, word] of [
    ["nexus", "list runs job1 --sort=metrics.hpmax"],
    ["nexus-coord", "--headless"],
    ["nexus-worker", "tls://CODE@192.0.2.7:4222/ws1#"],
  ] as const) {
    assert.ok((await installed(command, "--help")).includes(word), `${command} --help says ${word}`);
    assert.equal(await installed(command, "--version"), `${programVersion()}\n`);
  }
});

test("the installed package executes a spec", async () => {
  const path = join(folder, "probe.yaml");
  writeFileSync(
    path,
    `component: root/Root_Component
experiment_path: results
processing_stages:
  - processing_stage:
      component: processors/Probe_Proc
      value: 3
      reports: 2
`,
  );
  assert.match(await installed("nexus", "run", path), /hpmax\): {2}3\.00000\n/);
  const [run = ""] = readdirSync(join(folder, "results"));
  assert.deepEqual(readdirSync(join(folder, "results", run)).sort(), ["console.txt", "repro_spec.yaml"]);
});

test("the installed package trains with the kernels that it brings", async () => {
  const path = join(folder, "maze.yaml");
  writeFileSync(
    path,
    `component: root/Root_Component
experiment_path: trained
processing_stages:
  - processing_stage:
      component: processors/RL_Proc
      max_iterations: 200
      iters_per_report: 100
      agent:
        component: agents/AAC_Agent
        model:
          component: models/Model_Nexus
          model_core: {component: model_cores/GRU_Core, obs_embed_size: 8, num_rnn_units: 8, output_layer_size: 8}
      environment: {component: environments/Maze_Env}
`,
  );
  const console = await installed("nexus", "run", path);
  assert.match(console, /hpmax\): /);
  // "plain kernels" appears where the WebAssembly ones cannot be used.
  assert.doesNotMatch(console, /plain kernels/);
});

test("the installed package's three commands carry out a search together", async () => {
  assert.match(await installed("nexus-coord"), /^$/, "what is said goes to stderr");
  const worker = startInstalled("nexus-worker", "--slots", "1");
  const path = join(folder, "search.yaml");
  writeFileSync(
    path,
    `component: root/Root_Component
job_launcher: {component: job_launchers/XT, enabled: 1, hp_tuning: dgd, total_runs: 3}
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3]
      tuned_value: 2
processing_stages:
  - processing_stage: {component: processors/Probe_Proc, value: *a, noise: 0.1, random_seed: randint}
`,
  );
  assert.match(await installed("nexus", "run", path), /\nrank +hpmax/);
  assert.match(await installed("nexus", "list", "jobs"), /\nws1 +job1 +any +completed /);
  worker.kill("SIGTERM");
  const [code] = (await once(worker, "exit")) as [number | null];
  assert.equal(code, 0);
  assert.match(await installed("nexus-coord", "stop"), /the coordinator of ws1 has ended/);
});

function filesIn(part: string, ending: string): string[] {
  return readdirSync(join(root, part), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${part}/${file}`);
}

async function npm(words: readonly string[], cwd: string): Promise<string> {
  // Variables that `npm test` sets about this package must not reach the npm that installs elsewhere.
  const ours = /^npm_(package|lifecycle)_|^npm_config_(local_prefix|prefix)$|^INIT_CWD$/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  const options = { cwd, env: { ...env, npm_config_logs_max: "0" }, timeout: npmLimitMs, maxBuffer: 16_000_000 };
  return (await promisify(execFile)("npm", words, options)).stdout;
}

const env = {
  ...process.env,
  NEXUS_PRIORITY: "normal",
  HOME: folder,
  XDG_DATA_HOME: join(folder, "data"),
  XDG_STATE_HOME: join(folder, "state"),
};

/** The output of an installed command, which must exit with 0. */
async function installed(command: string, ...words: readonly string[]): Promise<string> {
  const options = { cwd: folder, env, timeout: commandLimitMs };
  return (await promisify(execFile)(join(folder, "node_modules/.bin", command), words, options)).stdout;
}

/** Starts an installed command that runs until told to end. */
function startInstalled(command: string, ...words: readonly string[]): ChildProcess {
  const child = spawn(join(folder, "node_modules/.bin", command), words, { cwd: folder, env, stdio: "ignore" });
  mustEnd(child.pid);
  atEnd(() => child.kill("SIGKILL"));
  atEnd(() => installed("nexus-coord", "stop"));
  return child;
}
