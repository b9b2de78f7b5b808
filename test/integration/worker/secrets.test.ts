import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { descendantsOf } from "../../../shared/machine/process-tree.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { filesBelow } from "../../support/living-tree.ts";
import { allProcesses, readIfThere } from "../../support/process-list.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const main = (program: string): string => fileURLToPath(new URL(`../../../${program}/main.js`, import.meta.url));

/** The command lines of all processes, and the environments of those with these pids. */
const shownByProcesses = (pids: readonly number[]): string =>
  [...allProcesses().map(({ command }) => command), ...pids.map((pid) => readIfThere(`/proc/${pid}/environ`))].join(
    "\n",
  );

describe("secrets of a workspace", () => {
  const swarm = new Swarm();

  test("a workspace's secrets are in no process list, run's environment, log, or file for others to read", async () => {
    const coordinator = await swarm.coordinator();
    const endpoint = livingEndpoint(swarm.paths);
    const code = /\/\/([^@]+)@/.exec(endpoint?.joinLine ?? "")?.[1] ?? "";
    assert.ok(code.length > 10 && endpoint);
    const file = join(swarm.folder, "line");
    writeFileSync(file, endpoint.joinLine, { mode: 0o600 });
    const piped = spawn(process.execPath, [main("worker"), "-", "--name", "piped", "--slots", "1"], {
      env: swarm.env,
      stdio: ["pipe", "ignore", "ignore"],
    });
    mustEnd(piped.pid);
    piped.stdin?.end(`nexus-worker ${endpoint.joinLine}\n`);
    const workers = [
      swarm.worker("typed", ["--slots", "1"]),
      swarm.run("worker/main.js", [`@${file}`, "--name", "filed", "--slots", "1"]),
      swarm.run("worker/main.js", ["--name", "told", "--slots", "1"], { NEXUS_JOIN: endpoint.joinLine }),
    ];
    const job = await swarm.submit(
      swarm.probeSpec("all", { total_runs: 4, compute_nodes: 4 }, { seconds: 600, reports: 1 }),
    );
    const table = await swarm.when("all four of them work", job, ({ holding }) => holding.size === 4);
    assert.deepEqual([...table.holding.keys()].sort(), ["filed", "piped", "told", "typed"]);

    const secrets = [code, ...secretsIn(swarm.paths.secrets), ...secretsIn(join(swarm.folder, "state"))];
    assert.ok(secrets.length > 6, `only ${secrets.length} secrets were found`);
    const pids = [coordinator, ...workers].map(({ pid }) => pid);
    const runners = pids.flatMap(descendantsOf);
    const shown = shownByProcesses([...pids, piped.pid ?? 0, ...runners]);
    assert.match(shown, /nats:\/\/\*\*\*@/, "what was typed is still to be recognised");
    assert.match(shown, /--name told/);
    const logs = filesBelow(swarm.folder).filter((path) => /\.(log|out)$/.test(path));
    assert.ok(logs.length > 4);
    for (const secret of secrets) {
      assert.ok(!shown.includes(secret), "a process shows a secret");
      for (const log of logs) assert.ok(!readIfThere(log).includes(secret), `${log} holds a secret`);
    }
    for (const path of filesBelow(swarm.folder)) {
      const mode = lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0;
      const text = readIfThere(path);
      if (!secrets.some((secret) => text.includes(secret))) continue;
      assert.equal(mode & 0o077, 0, `${path} holds a secret and can be read by others`);
    }
    piped.kill("SIGTERM");
  });

  test("a workspace's secrets are not in an error text", async () => {
    const { joinLine } = livingEndpoint(swarm.paths) ?? { joinLine: "" };
    const worker = swarm.run("worker/main.js", [`${joinLine}/more`]);
    assert.equal((await worker.exited()).code, 2);
    assert.match(worker.output(), /nats:\/\/\*\*\*@/);
    const nothing = swarm.run("worker/main.js", ["--workspace", "ws9", "--wait", "0"]);
    assert.equal((await nothing.exited()).code, 4);
    assert.match(nothing.output(), /nexus-worker - reads that line/);
    assert.equal((await nexus(["peers", "invite"], swarm.folder)).code, 2);
    await swarm.end();
  });
});

/** Passwords, codes and key seeds in the files of a folder. */
function secretsIn(folder: string): string[] {
  return filesBelow(folder).flatMap((file) => {
    if (!/\.(json|creds)$|\/[\w-]+$/.test(file) || /\/(runs|code)\//.test(file)) return [];
    const text = readIfThere(file);
    const named = [...text.matchAll(/"(?:password|nkeySeed|seed|key)"\s*:\s*"([^"]{12,})"/g)].map(([, found]) => found);
    return named.filter((found) => found !== undefined);
  });
}
