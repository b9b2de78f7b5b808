import assert from "node:assert/strict";
import { test } from "node:test";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { CoordinatorBus } from "../../../shared/broker/client/bus.ts";
import { JetStreamRefusal, streamInfo, updateStream } from "../../../shared/broker/client/jetstream-api.ts";
import { ensureStreams, streamPlans } from "../../../shared/broker/store/streams.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import { streams } from "../../../shared/wire/subjects.ts";
import { hold, newWorkspace } from "../../support/broker/brokers.ts";

test("streams made on a fuller disk take more after the next start, and never less than before", async () => {
  const paths = newWorkspace();
  const held = await hold(paths, { kind: "reader" });
  const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
  const configOf = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
    (await streamInfo(bus, name))?.config ?? {};
  const [small, large] = [1_000_000, 2 ** 40];
  try {
    const plans = (await streamPlans(paths.store)).map((plan) => ({
      ...plan,
      maxBytes: plan.name === streams.blob ? large : small,
    }));
    await bus.makeStreams(plans, 1);
    // As if a flood had been cut off, and its coordinator killed.
    const evidence = await streamInfo(bus, streams.evidence);
    assert.ok(evidence);
    const madeFull = { max_bytes: 1, metadata: { "nexus-max-bytes": String(small) } };
    await updateStream(bus, evidence, madeFull);

    await ensureStreams(bus, paths.store, 1);
    assert.ok(Number((await configOf(streams.journal))["max_bytes"]) > small);
    assert.equal((await configOf(streams.blob))["max_bytes"], large);
    assert.equal((await configOf(streams.evidence))["max_bytes"], 1, "its limit is kept beside it meanwhile");

    await updateStream(bus, evidence, {});
    await ensureStreams(bus, null, 1);
    assert.equal((await configOf(streams.evidence))["max_bytes"], small, "others' brokers have limits of their own");
    await ensureStreams(bus, paths.store, 1);
    assert.ok(Number((await configOf(streams.evidence))["max_bytes"]) > small);
  } finally {
    await bus.close();
    await held.release();
  }
});

test("streams that another coordinator makes at the same moment, with other limits, do not end a start", async () => {
  const paths = newWorkspace();
  const held = await hold(paths, { kind: "reader" });
  const bus = await connectAs(held.url, readRoleSecret(paths, "coordinator"), "coordinator");
  const others = (await streamPlans(paths.store)).map((plan) => ({ ...plan, maxBytes: 1_000_000 }));
  let isFirst = true;
  const makeStreams: CoordinatorBus["makeStreams"] = async (plans, replicas) => {
    if (!isFirst) return bus.makeStreams(plans, replicas);
    isFirst = false;
    await bus.makeStreams(others, replicas);
    throw new JetStreamRefusal(
      "making the streams",
      "stream name already in use with a different configuration",
      10058,
    );
  };
  const raced = new Proxy(bus, {
    get(target, key) {
      if (key === "makeStreams") return makeStreams;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  try {
    await ensureStreams(raced, paths.store, 1);
    for (const { name } of others) assert.ok(await streamInfo(bus, name), name);
  } finally {
    await bus.close();
    await held.release();
  }
});
