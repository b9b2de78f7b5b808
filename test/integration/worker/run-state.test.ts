import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { inboxPrefix } from "../../../shared/broker/access/accounts.ts";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { readJsonFields } from "../../../shared/machine/secret-file.ts";
import { type Bus, BusError } from "../../../shared/ports.ts";
import { encodeEvidence } from "../../../shared/wire/messages.ts";
import { newKey, sealChunks } from "../../../shared/wire/sealed-chunks.ts";
import {
  allChunks,
  chunk,
  evidence,
  parseChunk,
  stateBlob,
  stateCount,
  streams,
} from "../../../shared/wire/subjects.ts";
import { encodeRun } from "../../../worker/runner/run-state.ts";
import { countState } from "../../../worker/stages/count-state.ts";
import { eventually } from "../../support/patience.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { Swarm } from "../../support/processes/swarm.ts";

/** Leaves files of two kinds and waits; its successor prints which files it finds, and where. */
const leaves = `
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
const state = process.env.NEXUS_STATE;
if (Number(process.env.NEXUS_RESUME) > 0) {
  console.log("in the working folder: " + readdirSync(".").join(" "));
  console.log("in the state: " + readdirSync(state).sort().join(" "));
  console.log("and on");
  console.log(JSON.stringify({ iters: 2, value: Number(readFileSync(state + "/kept", "utf8")) }));
} else {
  writeFileSync("json.py", "raise SystemExit('this came from another machine')");
  writeFileSync(state + "/kept", "42");
  console.log('{"iters": 1, "value": 1}');
  setInterval(() => undefined, 1000);
}
`;

const settings = { checkpoint_every: 0.2, retries: 9 };

/** Waits until the job's only trial has a checkpoint at `iters` in the journal. */
const checkpointAt = (swarm: Swarm, job: JobName, iters: number) =>
  swarm.when(`a state at ${iters} is in the journal`, job, (table) => table.trial(1)?.checkpoint?.iters === iters);

for (const sandbox of [[], ["--sandbox"]]) {
  test(`what an earlier attempt left comes back apart from the working folder ${sandbox.join("")}`, async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    const job = await swarm.submit(writeProgramSpec(swarm.folder, "leaves", settings, leaves));
    const victim = swarm.worker("victim", ["--slots", "1", ...sandbox]);
    await checkpointAt(swarm, job, 1);
    victim.child.kill("SIGKILL");
    await victim.exited();
    assert.equal((await nexusAt(["bench", "victim", "--yes"], swarm.folder)).code, 0);
    swarm.worker("heir", ["--slots", "1", ...sandbox]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assert.equal(table.trial(1)?.hpmax, 42);
    const { stdout } = await nexusAt(["view", "console", table.trial(1)?.run ?? ""], swarm.folder);
    assert.match(stdout, /^in the working folder: parameters\.json$/m);
    assert.match(stdout, /^in the state: json\.py kept parameters\.json$/m);
    const home = await nexusAt(["download", table.trial(1)?.run ?? "", "--to", "home"], swarm.folder);
    assert.equal(home.code, 0, home.stderr);
    assert.equal(readFileSync(join(swarm.folder, "home/kept"), "utf8"), "42", "it is part of the result");
    await swarm.verify();
    await swarm.end();
  });
}

/** Keeps what the file `gate` says, and reports nothing; its successor reports what it finds. */
const keeps = (gate: string): string => `
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
const kept = process.env.NEXUS_STATE + "/kept";
if (existsSync(kept)) console.log(JSON.stringify({ value: Number(readFileSync(kept, "utf8")) }));
else {
  let last = "";
  setInterval(() => {
    const said = readFileSync(${JSON.stringify(gate)}, "utf8");
    if (said === "" || said === last) return;
    last = said;
    writeFileSync(kept + ".new", said);
    renameSync(kept + ".new", kept);
    writeFileSync(${JSON.stringify(gate)} + said, "");
  }, 20);
}
`;

describe("a state", () => {
  test("the newest state is the one to go on from, though its program has reported nothing", async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    const gate = join(swarm.folder, "gate");
    writeFileSync(gate, "");
    const job = await swarm.submit(writeProgramSpec(swarm.folder, "keeps", settings, keeps(gate)));
    const victim = swarm.worker("victim", ["--slots", "1"]);
    const countOf = (table: RunTable): number => stateCount(table.trial(1)?.checkpoint?.blob ?? stateBlob(0));
    const link = await linkWorkspace(swarm.paths, "coordinator");
    /** The newest that the worker itself has stored: it may store more while the journal stands still. */
    const stored = async (): Promise<number> => {
      const blobs = (await link.bus.subjects(streams.blob, allChunks)).map((each) => parseChunk(each)?.blob);
      return Math.max(0, ...blobs.map((blob = stateBlob(0)) => stateCount(blob)));
    };
    for (const said of ["1", "2"]) {
      writeFileSync(gate, said);
      await eventually(`it keeps ${said}`, () => existsSync(gate + said));
      const before = await stored();
      // One may be on its way, and another wait for that.
      await swarm.when("a later state is in the journal", job, (table) => countOf(table) > before + 2);
    }
    victim.child.kill("SIGKILL");
    await victim.exited();
    assert.equal((await nexusAt(["bench", "victim", "--yes"], swarm.folder)).code, 0);
    swarm.worker("heir", ["--slots", "1"]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assert.equal(table.trial(1)?.hpmax, 2);
    await link.close();
    await swarm.verify();
    await swarm.end();
  });

  test("nobody continues from a state of a worker that never held the trial, or was benched since", async () => {
    const swarm = new Swarm();
    await swarm.coordinator();
    // The worker enrols and leaves its key behind.
    const enrolled = swarm.worker("mal", ["--slots", "1"]);
    await eventually("mal is enrolled", () => enrolled.output().includes("lends"));
    enrolled.child.kill("SIGTERM");
    await enrolled.exited();
    const job = await swarm.submit(writeProgramSpec(swarm.folder, "planted", settings, leaves));
    const victim = swarm.worker("victim", ["--slots", "1"]);
    await checkpointAt(swarm, job, 1);

    const mal = await rawWorker(swarm, "mal");
    const planted = (worker: WorkerId, attempt: number, iters: number) =>
      plant(mal, { worker, job, attempt, iters }, { kept: new TextEncoder().encode("666") });
    await planted("mal" as WorkerId, 1, 1000);
    await eventually("it is told off", () => swarm.log().includes("mal never held attempt 1"));
    await assert.rejects(planted("victim" as WorkerId, 1, 1000), BusError, "it cannot store under another's name");
    await mal.close();

    // A worker that held the trial and was sent away is not believed either.
    const former = await rawWorker(swarm, "victim");
    victim.child.kill("SIGKILL");
    assert.equal((await nexusAt(["bench", "victim", "--yes"], swarm.folder)).code, 0);
    await plant(former, { worker: "victim" as WorkerId, job, attempt: 1, iters: 1000 }, {});
    await former.close();

    swarm.worker("heir", ["--slots", "1"]);
    const table = await swarm.when("the job is completed", job, ({ state }) => state === "completed");
    assert.equal(table.trial(1)?.hpmax, 42, "it went on from the holder's own state");
    await swarm.verify();
    await swarm.end();
  });
});

/** A client with the key that a worker of this machine keeps. */
async function rawWorker(swarm: Swarm, name: string) {
  const { url } = livingEndpoint(swarm.paths) ?? { url: "" };
  const found = await eventually("its key is there", () => identityOf(swarm, name));
  return connectBus({ url, credentials: { nkeySeed: found }, name, inbox: inboxPrefix(name as WorkerId) });
}

function identityOf(swarm: Swarm, name: string): string | undefined {
  const state = join(swarm.folder, "state", "nexus", "workers", "ws1");
  const [machine = ""] = readdirSync(state);
  const { nkeySeed } = readJsonFields(join(state, machine, name, "identity.json"));
  return typeof nkeySeed === "string" ? nkeySeed : undefined;
}

/** Stores a state and its checkpoint message, as a worker does. */
async function plant(
  bus: Bus,
  at: { readonly worker: WorkerId; readonly job: JobName; readonly attempt: number; readonly iters: number },
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const { worker, job, attempt, iters } = at;
  const summary = { value: 0, count: 1 };
  const run = { stage: 1, iters, hours: 0, summary, metrics: {}, state: countState(iters) };
  const key = newKey();
  const { chunks, sum } = sealChunks(encodeRun(run, files), key);
  const blob = "state-999";
  const options = (id: string) => ({ msgId: `planted.${worker}.${id}`, timeoutMs: 5000 });
  for (const [i, data] of chunks.entries())
    await bus.store(chunk(worker, job, 1, attempt, blob, i), data, options(`blob.${i}`));
  const body = { attempt, reports: [], state: { stage: 1, iters, blob, key, ...sum } };
  await bus.store(evidence(worker, job, 1, "checkpoint"), encodeEvidence(body), options("told"));
}
