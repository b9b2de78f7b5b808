import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "../../../shared/errors.ts";
import { createWorkspace } from "../../../shared/machine/workspace.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { Swarm } from "../../support/processes/swarm.ts";

const megabyte = 2 ** 20;

/** A small disk for the files of the swarm's broker and coordinator; workers write elsewhere. */
function smallDisk(swarm: Swarm, megabytes: number): string {
  const folder = join(swarm.folder, "data");
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], {
    encoding: "utf8",
  });
  assert.equal(
    mounted.status,
    0,
    `this test fills a disk of its own and could not mount one (${mounted.stderr?.trim() || mounted.error}): run it as root`,
  );
  atEnd(async () => {
    await swarm.end();
    const undone = spawnSync("umount", [folder], { encoding: "utf8" });
    assert.equal(undone.status, 0, undone.stderr);
  });
  return folder;
}

/** Fills the disk to the last byte; the returned function frees the space. */
function fill(folder: string): () => void {
  const file = join(folder, "somebody-else's");
  for (let size = megabyte; size >= 1; ) {
    try {
      appendFileSync(file, Buffer.alloc(size, 1));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      size = Math.floor(size / 16);
    }
  }
  assert.equal(statfsSync(folder).bavail, 0);
  return () => rmSync(file);
}

test("a really full disk in mid-search is reported, loses nothing, and the search resumes with space", async () => {
  const swarm = new Swarm();
  const disk = smallDisk(swarm, 64);
  createWorkspace(swarm.paths);
  writeFileSync(swarm.paths.brokerSettings, JSON.stringify({ diskReserveMb: 8 }));
  const coordinator = await swarm.coordinator();
  const total = 30;
  const job = await swarm.submit(swarm.probeSpec("full", { total_runs: total, hp_tuning: "random" }, { seconds: 0.4 }));
  const worker = swarm.worker("steady", ["--slots", "4"]);
  await swarm.when("some are done", job, ({ outcomes }) => outcomes.completed >= 4);
  const free = fill(disk);
  await eventually("the coordinator says it", () => /no space left for the broker/.test(swarm.log()));
  const list = swarm.run("coordinator/cli/main.js", ["list", "jobs"]);
  assert.equal((await list.exited()).code, exitCode.unreachable, list.output());
  assert.match(list.output(), /^no space left for the broker: .* nothing is lost: free some space/);
  free();
  await eventually("the broker is back", () => /the broker is back/.test(swarm.log()));
  const table = await swarm.when("the search is over", job, ({ isOver }) => isOver);
  assert.equal(table.outcomes.completed, total);
  for (const { child } of [coordinator, worker]) assert.equal(child.exitCode, null);
  await swarm.verify();
  await swarm.end();
});
