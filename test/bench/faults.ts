import { followJournal } from "../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../shared/broker/workspace-link.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { JobName } from "../../shared/domain/names.ts";
import { pause } from "../../shared/time/deadline.ts";
import { Rig, until } from "../chaos/rig.ts";
import { Search } from "../chaos/search.ts";

const limitMs = 60_000;

/**
 * Measures how long a swarm of real processes takes to react to a loss, from the signal to the record in the journal.
 *
 * @param args  lease in seconds (10), repetitions (3)
 */
export async function run(args: string[]): Promise<void> {
  const leaseSeconds = Number(args[0] ?? 10);
  const times = Number(args[1] ?? 3);
  const measures: readonly (readonly [string, () => Promise<number>])[] = [
    [`SIGKILL of a worker to its run on another one, lease ${leaseSeconds} s`, () => moved(leaseSeconds, "SIGKILL")],
    ["SIGTERM of a worker to its run on another one", () => moved(leaseSeconds, "SIGTERM")],
    ["coordinator killed to the standby leading, same machine", () => led("SIGKILL")],
    ["coordinator silent to the standby leading, as from another machine", () => led("SIGSTOP")],
  ];
  for (const [name, measure] of measures) {
    const seconds: number[] = [];
    for (let i = 0; i < times; i += 1) seconds.push((await measure()) / 1000);
    const each = seconds.map((value) => value.toFixed(2)).join(" ");
    process.stdout.write(
      `${name.padEnd(70)}${Math.max(...seconds)
        .toFixed(2)
        .padStart(7)} s at most (${each})\n`,
    );
  }
}

/** Milliseconds from the signal to the holder of the only run until the waiting worker is assigned that run. */
async function moved(leaseSeconds: number, signal: NodeJS.Signals): Promise<number> {
  const rig = new Rig(leaseSeconds);
  try {
    await rig.lead();
    const search = new Search(rig.paths, rig.folder, { checkpointSeconds: 1, runSeconds: 600, totalRuns: 1 });
    const job = await search.submit();
    const holder = await rig.addWorker("holder", 1);
    await until("the run has begun", limitMs, async () => ((await search.table(job))?.running ?? 0) === 1);
    await rig.addWorker("heir", 1);
    await pause(3000); // the heir has asked and waits, and the lease has been renewed as usual
    return await timeTo(
      rig,
      () => holder.signal(signal),
      (event) => event.type === "assigned" && event.job === job && event.worker === "heir",
    );
  } finally {
    await rig.end();
  }
}

/** Milliseconds from the signal to the leader until the standby leads, during a search. */
async function led(signal: NodeJS.Signals): Promise<number> {
  const rig = new Rig(10);
  try {
    await rig.lead();
    const search = new Search(rig.paths, rig.folder, { checkpointSeconds: 1, runSeconds: 1, totalRuns: 100_000 });
    const job: JobName = await search.submit();
    await rig.addWorker("worker", 2);
    await until("runs end", limitMs, async () => ((await search.table(job))?.ended ?? 0) > 2);
    await pause(2000); // the second coordinator stands by
    const [leader] = rig.coordinators;
    return await timeTo(
      rig,
      () => leader?.signal(signal),
      (event) => event.type === "led" && event.term > 1,
    );
  } finally {
    await rig.end();
  }
}

async function timeTo(rig: Rig, act: () => void, isIt: (event: JournalEvent) => boolean): Promise<number> {
  const link = await linkWorkspace(rig.paths, "viewer");
  let seen: number | undefined;
  const follower = await followJournal(link.bus, (event) => {
    if (seen === undefined && isIt(event)) seen = performance.now();
  });
  try {
    const startedAt = performance.now();
    act();
    const limit = startedAt + limitMs;
    while (seen === undefined && performance.now() < limit) await pause(2);
    if (seen === undefined) throw new Error(`nothing was noticed within ${limitMs / 1000} s`);
    return seen - startedAt;
  } finally {
    await follower.stop();
    await link.close();
  }
}
