import assert from "node:assert/strict";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const withoutMask = ["sh", "-c", 'umask 000; exec "$0" "$@"'];

/** Files and folders below `root` that other users may read, change or search, with their modes. */
function open(root: string): string[] {
  return pathsBelow(root).flatMap((path) => {
    // Files that a program writes under another name first may be gone by now.
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const isOpen = stat && !stat.isSymbolicLink() && (stat.mode & 0o077) !== 0;
    return isOpen ? [`${path} ${(stat.mode & 0o777).toString(8)}`] : [];
  });
}

test("nobody else can read a file of a workspace or of a worker, under any umask", async () => {
  const swarm = new Swarm();
  const args = ["--headless", "--linger", "30"];
  const coordinator = swarm.run("coordinator/main.js", args, { NEXUS_LOG: "debug" }, withoutMask);
  await eventually("the coordinator leads", () => livingEndpoint(swarm.paths)?.coordinator !== undefined, {
    seen: coordinator.output,
  });
  swarm.worker("pc", ["--slots", "1"], {}, withoutMask);
  const stage = { reports: 5, writes: "models/best.model" };
  const job = await swarm.submit(swarm.probeSpec("noop", { total_runs: 2, hold: true, hp_tuning: "random" }, stage));
  await swarm.when("both runs end", job, (table) => table.ended === 2);
  const backup = await nexus(["backup", "copy.nexus"], swarm.folder);
  assert.equal(backup.code, 0, backup.stderr);
  const { XDG_DATA_HOME = "", XDG_STATE_HOME = "" } = swarm.env;
  for (const root of [XDG_DATA_HOME, XDG_STATE_HOME]) {
    assert.ok(readdirSync(root).length > 0);
    assert.deepEqual(open(root), []);
  }
  assert.equal(lstatSync(join(swarm.folder, "copy.nexus")).mode & 0o077, 0);
});
