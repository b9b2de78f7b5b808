import assert from "node:assert/strict";
import { test } from "node:test";
import { workerIdFrom } from "../../../../shared/domain/names.ts";
import type { Bus } from "../../../../shared/ports.ts";
import { Outbox } from "../../../../worker/node/outbox.ts";
import type { Letter, Spool } from "../../../../worker/node/spool.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { SimSpool } from "../../../simulate/sim-spool.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";

const letter = (n: number): Letter => ({
  subject: `ev.pc.job1.${n}.result`,
  msgId: `job1.${n}.1.result.nonce`,
  data: new Uint8Array([n]),
});

test("spooled results count as delivered unless they are damaged, or another sender was first", async () => {
  const { clock, chance } = new SimProcess(new Timeline(), "worker", "seed");
  const real = new SimSpool();
  const [damaged, sound, others] = [1, 2, 3].map((n) => real.keep(letter(n)));
  const aside: string[] = [];
  const spool: Spool = {
    keep: (each) => real.keep(each),
    drop: (name) => real.drop(name),
    names: () => real.names(),
    read: (name) => (name === damaged ? assert.fail("half a letter") : real.read(name)),
    putAside: (name) => {
      aside.push(name);
      return real.putAside(name);
    },
  };
  const stored: string[] = [];
  const bus: Partial<Bus> = {
    store: async (subject) => {
      stored.push(subject);
      real.drop(others ?? "");
      return { seq: stored.length, duplicate: false };
    },
  };
  const outbox = new Outbox({ bus: bus as Bus, clock, chance, log: silentLog, spool }, workerIdFrom("pc"));
  assert.equal(await outbox.deliverSpooled(), 1);
  assert.deepEqual([stored, aside], [[letter(2).subject], [damaged]]);
  assert.ok(!real.names().includes(sound ?? ""));
  assert.equal(await outbox.deliverSpooled(), 0);
});
