import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { untilCopied } from "../../../../coordinator/peers/until-copied.ts";
import type { Peer } from "../../../../shared/broker/peers/peers.ts";
import { type Bus, BusError, type Clock } from "../../../../shared/ports.ts";
import { systemClock } from "../../../../shared/time/clock.ts";

const peers: readonly Peer[] = ["lab1", "lab2", "lab3"].map((host) => ({
  id: `id of ${host}`,
  host,
  port: 4222,
  routePort: 6222,
}));

/** A cluster whose peer lab3 copies so slowly that EV is complete there after `ms` only. */
function slowCluster(ms: number, trouble: () => void = () => undefined) {
  let now = 0;
  const pause = async (each: number): Promise<void> => {
    now += each;
  };
  const clock: Clock = { ...systemClock, pause };
  const request = async (subject: string): Promise<Uint8Array> => {
    trouble();
    const isThere = now >= ms || !subject.endsWith(".EV");
    const replicas = [
      { name: "id of lab2", current: true },
      { name: "id of lab3", current: isThere },
    ];
    return Buffer.from(JSON.stringify({ cluster: { leader: "id of lab1", replicas } }));
  };
  const bus = { request } as unknown as Bus; // only questions about streams are asked
  return { bus, clock, passed: () => now };
}

describe("the peers' copies of a workspace that was moved to them", () => {
  test("a move to peers waits for the slowest copy, and names it once", async () => {
    const { bus, clock, passed } = slowCluster(600_000);
    const said: string[] = [];
    await untilCopied(bus, peers, { say: (why) => said.push(why), signal: new AbortController().signal, clock });
    assert.equal(passed(), 600_000);
    assert.deepEqual(said, [
      'waiting: lab3:4222 must still copy EV; nexus-coord has to run there. The packed workspace is kept until then; if one is gone for good, see "From one broker to peers" in docs/peers.md',
    ]);
  });

  test("a move to peers that is stopped while a copy is incomplete has failed", async () => {
    const ending = new AbortController();
    const { bus, clock } = slowCluster(Number.POSITIVE_INFINITY);
    const waiting = untilCopied(bus, peers, { say: () => ending.abort(), signal: ending.signal, clock });
    await assert.rejects(waiting, /lab3:4222 must still copy EV.*; the next start begins again/);
  });

  test("a move to peers goes on waiting while their servers elect a leader, and ends with its connection", async () => {
    let questions = 0;
    const silent = slowCluster(0, () => {
      questions += 1;
      if (questions < 5) throw new BusError("not connected", "the link is down");
    });
    const { signal } = new AbortController();
    const say = (): void => undefined;
    await untilCopied(silent.bus, peers, { say, signal, clock: silent.clock });
    assert.equal(silent.passed(), 1000);
    const closed = slowCluster(0, () => {
      throw new BusError("closed", "this connection was closed");
    });
    await assert.rejects(untilCopied(closed.bus, peers, { say, signal, clock: closed.clock }), /was closed/);
  });
});
