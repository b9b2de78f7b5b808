import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { Swarm } from "../../support/processes/swarm.ts";

test("a worker whose cloud takes the machine back hands its run back with its state, and ends", async () => {
  let isTaken = false;
  const cloud = createServer((request, response) => {
    const isAsked = request.url === "/computeMetadata/v1/instance/preempted";
    response.writeHead(isAsked ? 200 : 404).end(isAsked && isTaken ? "TRUE" : "FALSE");
  });
  await new Promise<void>((resolve) => void cloud.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise<void>((resolve) => void cloud.close(() => resolve())));
  const address = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`; // it listens on a port
  const swarm = new Swarm();
  await swarm.coordinator();
  const job = await swarm.submit(swarm.probeSpec("spot", { total_runs: 1 }, { seconds: 3000, reports: 30000 }));
  const worker = swarm.worker("spot", ["--slots", "1", "--spot", "gcp", "--spot-address", address]);
  await swarm.when("its run runs", job, ({ running }) => running === 1);
  await eventually("it has begun", () => worker.output().includes("started"));
  isTaken = true;
  assert.equal((await worker.exited()).code, 0);
  assert.match(
    worker.output(),
    /Compute Engine takes this machine back \(preempted\): handing 1 run back, within 10 s/,
  );
  const trial = (await swarm.when("its trial waits", job, ({ waiting }) => waiting.size === 1)).trial(1);
  assert.equal(trial?.charged, 0);
  await swarm.end();
});
