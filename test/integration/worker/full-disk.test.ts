import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { WorkerDisk } from "../../../worker/node/disk-room.ts";
import { FileSpool } from "../../../worker/node/spool.ts";
import { atEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { assertExactly, Swarm } from "../../support/processes/swarm.ts";

const megabyte = 2 ** 20;

/** Mounts a small disk in the place of a folder. */
function smallDisk(folder: string, megabytes: number, before: () => Promise<void> = async () => undefined): void {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], {
    encoding: "utf8",
  });
  assert.equal(
    mounted.status,
    0,
    `this test fills a disk of its own and could not mount one (${mounted.stderr}): run it as root`,
  );
  atEnd(async () => {
    await before();
    const undone = spawnSync("umount", [folder], { encoding: "utf8" });
    assert.equal(undone.status, 0, undone.stderr);
  });
}

/** Fills the disk to the last byte. */
function fill(file: string): void {
  for (let size = megabyte; size >= 1; ) {
    try {
      appendFileSync(file, Buffer.alloc(size, 1));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      size = Math.floor(size / 16);
    }
  }
  assert.equal(statfsSync(join(file, "..")).bavail, 0);
}

test("a worker whose disk is full hands its runs back, says why, and works again once there is room", async () => {
  const swarm = new Swarm();
  const state = join(swarm.folder, "state");
  smallDisk(state, 64, () => swarm.end());
  await swarm.coordinator(["--lease", "5"]);
  const worker = swarm.worker("small", ["--slots", "2"]);
  // More runs than end before anybody looks at the disk; the search is cut later.
  const job = await swarm.submit(
    swarm.probeSpec("small", { total_runs: 1000, hp_tuning: "random" }, { seconds: 1.5, reports: 3 }),
  );
  await swarm.when("runs are under way", job, ({ running }) => running > 0);
  const other = join(state, "somebody-else's");
  fill(other);
  await eventually("it says so", () => worker.output().includes("its disk is full: 0 bytes free in "), {
    seen: worker.output,
  });
  const waiting = await swarm.when("its runs wait for others", job, ({ running }) => running === 0);
  const total = waiting.ended + waiting.open + 2;
  const cut = await nexus(["edit", job, "--total-runs", String(total), "--yes"], swarm.folder);
  assert.equal(cut.code, 0, cut.stderr);
  rmSync(other);
  await eventually("it lends again", () => worker.output().includes("the machine is lent again"), {
    seen: worker.output,
  });
  const done = await swarm.when("the search is done", job, ({ state: end }) => end === "completed");
  assertExactly(done, total);
  assert.equal(done.outcomes.failed, 0, "no run was blamed");

  // A worker that starts on a full disk does not enrol: it could not keep its key.
  fill(other);
  const late = swarm.worker("late", ["--slots", "1"]);
  await eventually("it waits", () => /this machine cannot work: .*full/.test(late.output()), { seen: late.output });
  assert.ok(!existsSync(join(swarm.folder, "state", "nexus", "workers", "ws1", "late", "identity.json")));
  rmSync(other);
  await eventually("it joins", () => late.output().includes("late lends 1 slot"), { seen: late.output });
});

test("a run that filled the disk itself has failed; one that found it full has not", () => {
  const folder = temporaryFolder();
  smallDisk(folder, 64);
  const disk = new WorkerDisk(folder);
  assert.equal(disk.trouble(), "");
  const own = join(folder, "run1");
  mkdirSync(own);
  writeFileSync(join(own, "out"), "some");
  assert.equal(disk.blameFor(own), "");
  fill(join(own, "much"));
  assert.equal(disk.blameFor(own), "", "without it there is room");
  rmSync(join(own, "much"));
  fill(join(folder, "others'"));
  assert.match(disk.blameFor(own), /^its disk is full: 0 bytes free in /);
  assert.match(disk.trouble(), /^its disk is full/);
  rmSync(join(folder, "others'"));
  assert.equal(disk.trouble(), "");
  assert.deepEqual(readdirSync(folder), ["run1"], "it leaves nothing behind");
  assert.match(new WorkerDisk(join(folder, "gone")).trouble(), /^its folder cannot be used: .*ENOENT/);
});

test("a limit on the size of files counts as a full disk, and is named", () => {
  const folder = temporaryFolder();
  const module = new URL("../../../worker/node/disk-room.js", import.meta.url);
  const script = `const { WorkerDisk } = await import(${JSON.stringify(module.href)});
    process.stdout.write(new WorkerDisk(${JSON.stringify(folder)}).blameFor(${JSON.stringify(join(folder, "run1"))}));`;
  const limited = (kilobytes: string): string =>
    spawnSync(
      "sh",
      ["-c", 'ulimit -f "$1" && exec "$2" --input-type=module -e "$3"', "sh", kilobytes, process.execPath, script],
      {
        encoding: "utf8",
      },
    ).stdout;
  assert.equal(limited("unlimited"), "");
  assert.match(
    limited("8"),
    /^its disk takes no more: a quota or the limit on a file's size \(ulimit -f\) is reached, with /,
  );
});

test("a result that a full disk and no broker takes is kept in the room that was held for it", () => {
  const folder = temporaryFolder();
  smallDisk(folder, 16);
  const spool = new FileSpool(join(folder, "spool"));
  spool.holdRoom();
  fill(join(folder, "others'"));
  const letter = (n: number) => ({
    subject: `ev.w.job1.${n}.result`,
    msgId: `job1.${n}`,
    data: Buffer.alloc(900_000, n),
  });
  const name = spool.keep(letter(1));
  assert.equal(spool.read(name).data.length, 900_000);
  assert.throws(() => spool.keep(letter(2)), { code: "ENOSPC" });
  assert.deepEqual(spool.names(), [name], "half a letter is none");
  spool.drop(name);
  assert.equal(spool.read(spool.keep(letter(2))).data.length, 900_000);
});
