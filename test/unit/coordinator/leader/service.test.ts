import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type ServicePorts, serve } from "../../../../coordinator/leader/service.ts";
import type { Reading } from "../../../../shared/ports.ts";
import { decodeLeader } from "../../../../shared/wire/messages.ts";
import { leaderKey, streams } from "../../../../shared/wire/subjects.ts";
import { runningTimeline } from "../../../conformance/running-timeline.ts";
import { SimBroker } from "../../../simulate/sim-broker.ts";
import { SimBus } from "../../../simulate/sim-bus.ts";
import { fairWeather } from "../../../simulate/sim-link.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { eventually } from "../../../support/patience.ts";

const { timeline, stop } = runningTimeline();
after(stop);

/** A bus on which the reading of the evidence cannot be stopped. */
class FailingBus extends SimBus {
  listeners = 0;

  override async read(...words: Parameters<SimBus["read"]>): Promise<Reading> {
    const reading = await super.read(...words);
    if (words[0] !== streams.evidence) return reading;
    return { ...reading, stop: () => Promise.reject(new Error("no answer in time")) };
  }

  override onReconnect(handler: () => void): () => void {
    const remove = super.onReconnect(handler);
    this.listeners += 1;
    return () => {
      this.listeners -= 1;
      remove();
    };
  }
}

/** A leader on a simulated broker; `end` has it step down. */
async function leader(more: Partial<ServicePorts> = {}): Promise<{ bus: FailingBus; end: () => Promise<void> }> {
  const process = new SimProcess(timeline, "leader", "leader");
  const bus = new FailingBus(new SimBroker(timeline, fairWeather, "service"), process);
  const stopping = new AbortController();
  let leads = false;
  const served = serve(
    {
      bus,
      clock: process.clock,
      chance: process.chance,
      log: silentLog,
      identity: { leader: "a", host: "a", pid: 1, started: "1" },
      leaseMs: 3000,
      isKnownDead: () => false,
      drawSeed: () => 7,
      publishUsers: async () => undefined,
      writeSnapshot: async () => undefined,
      ...more,
      onLeading: (now) => {
        leads = now;
        more.onLeading?.(now);
      },
    },
    stopping.signal,
  );
  const pause = (ms: number): Promise<void> => process.clock.pause(ms);
  await Promise.race([served, eventually("it leads", () => leads, { pause })]);
  return {
    bus,
    end: async () => {
      stopping.abort();
      await served;
      await bus.close();
    },
  };
}

describe("a leader", () => {
  test("a leader that steps down ends everything, even if the broker fails meanwhile", async () => {
    const { bus, end } = await leader();
    assert.ok(bus.listeners > 0);
    await end();
    assert.equal(bus.listeners, 0);
  });

  test("a leader gives up its lead although it cannot tell this machine that it leads no more", async () => {
    const { bus, end } = await leader({
      onLeading: (leads) => {
        if (!leads) throw new Error("ENOSPC: no space left on device, write");
      },
    });
    await assert.rejects(end(), /ENOSPC/);
    const entry = await bus.entries.get(leaderKey);
    assert.equal(entry && decodeLeader(entry.value).released, true);
    await bus.close();
  });

  test("a leader leads on when no snapshot and no join line can be written", async () => {
    const tries = { snapshot: 0, line: 0 };
    const { bus, end } = await leader({
      snapshotEvery: 0,
      showInvite: () => {
        tries.line += 1;
        throw new Error("ENOSPC: no space left on device, write");
      },
      writeSnapshot: () => {
        tries.snapshot += 1;
        throw new Error("ENOENT: no such file or directory, open");
      },
    });
    await eventually("both were tried again and again", () => tries.snapshot > 3 && tries.line > 3);
    assert.ok(bus.listeners > 0);
    await end();
  });
});
