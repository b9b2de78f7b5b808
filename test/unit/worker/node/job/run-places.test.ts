import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { JobName, RunName } from "../../../../../shared/domain/names.ts";
import { Ending } from "../../../../../shared/time/ending.ts";
import { RunPlaces } from "../../../../../worker/node/job/run-places.ts";
import { SimProcess } from "../../../../simulate/sim-process.ts";
import { silentLog } from "../../../../simulate/simulation.ts";
import { Timeline } from "../../../../simulate/timeline.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

const [job1, job2, run] = ["job1" as JobName, "job2" as JobName, "run1.1" as RunName];

test("run folders that an earlier process left are deleted at the start, held ones if released", async () => {
  const base = temporaryFolder();
  const { clock } = new SimProcess(new Timeline(), "worker", "seed");
  const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });
  const asked: JobName[] = [];
  const jobs = {
    isOver: async (job: JobName) => {
      asked.push(job);
      return job === job1;
    },
  };
  const places = new RunPlaces({ clock, log: silentLog, removeFolder }, base, jobs);
  for (const isHeld of [false, true])
    for (const job of [job1, job2])
      for (const folder of Object.values(places.of(job, run, isHeld))) mkdirSync(folder, { recursive: true });
  mkdirSync(join(base, "held", "lost+found"));
  places.begin(new Ending());
  await Promise.resolve();
  assert.deepEqual([readdirSync(base), asked.sort()], [["held"], [job1, job2]]);
  assert.deepEqual(readdirSync(join(base, "held")).sort(), ["job2", "lost+found"]);
  places.clear(job2, run);
  assert.deepEqual(readdirSync(join(base, "held", job2)), [run], "what is held stays after its run");
});

test("a run folder that cannot be deleted keeps a worker neither from starting nor from deleting others", () => {
  const gone: string[] = [];
  const said: string[] = [];
  const { clock } = new SimProcess(new Timeline(), "worker", "seed");
  const removeFolder = (folder: string): void => {
    if (folder.includes("states")) throw new Error("permission denied");
    gone.push(folder);
  };
  const log = { ...silentLog, warn: (_: unknown, text?: string) => void said.push(text ?? "") };
  const places = new RunPlaces({ clock, log, removeFolder }, "here", { isOver: async () => true });
  places.begin(new Ending());
  assert.deepEqual([gone, said], [["here/runs"], ["what a run left cannot be deleted: permission denied"]]);
});

test("a run folder that cannot be deleted keeps no other run's, and a link's target stays", async () => {
  const base = temporaryFolder();
  const elsewhere = temporaryFolder();
  mkdirSync(join(elsewhere, "theirs"));
  const said: string[] = [];
  const { clock } = new SimProcess(new Timeline(), "worker", "seed");
  const removeFolder = (folder: string): void => {
    if (readdirSync(base, { recursive: true }).some((each) => join(base, String(each)).startsWith(`${folder}/root`)))
      throw new Error("permission denied");
    rmSync(folder, { recursive: true, force: true });
  };
  const log = { ...silentLog, warn: (_: unknown, text?: string) => void said.push(text ?? "") };
  const places = new RunPlaces({ clock, log, removeFolder }, base, { isOver: async () => true });
  for (const kind of ["runs", "held"]) {
    for (const [job, run] of ["job1/run1.1", "job2/run2.1", "job2/run2.2", "job2/run2.3"].map((each) =>
      each.split("/"),
    ))
      mkdirSync(join(base, kind, job ?? "", run ?? ""), { recursive: true });
    mkdirSync(join(base, kind, "job2", "run2.2", "root"));
  }
  symlinkSync(elsewhere, join(base, "runs", "job3"));
  places.begin(new Ending());
  await Promise.resolve();
  for (const kind of ["runs", "held"])
    assert.deepEqual(readdirSync(join(base, kind), { recursive: true }).sort(), [
      "job2",
      "job2/run2.2",
      "job2/run2.2/root",
    ]);
  assert.deepEqual(readdirSync(elsewhere), ["theirs"]);
  assert.equal(said.length, 2);
});

test("what an attempt left and cannot be deleted is put aside when its run comes back", () => {
  const base = temporaryFolder();
  const { clock } = new SimProcess(new Timeline(), "worker", "seed");
  const removeFolder = (folder: string): void => {
    if (existsSync(join(folder, "root"))) throw new Error("permission denied");
    rmSync(folder, { recursive: true, force: true });
  };
  const places = new RunPlaces({ clock, log: silentLog, removeFolder }, base, { isOver: async () => true });
  for (const [isHeld, kind] of [
    [false, "runs"],
    [true, "held"],
  ] as const) {
    const { directory, stateDirectory } = places.of(job1, run, isHeld);
    mkdirSync(join(directory, "root"), { recursive: true });
    mkdirSync(stateDirectory, { recursive: true });
    assert.deepEqual(places.of(job1, run, isHeld), { directory, stateDirectory });
    assert.ok(!existsSync(directory) && !existsSync(stateDirectory));
    const [aside = "", ...more] = readdirSync(join(base, kind, job1));
    assert.deepEqual([readdirSync(join(base, kind, job1, aside)), more], [["root"], []]);
  }
});
