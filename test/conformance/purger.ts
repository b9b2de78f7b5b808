import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Purger } from "../../coordinator/leader/reign/ports.ts";
import { storePurger } from "../../shared/broker/store/purger.ts";
import { SubjectStore } from "../support/stories/subject-store.ts";
import { busImplementations } from "./bus-rig.ts";
import { bytes } from "./conform.ts";

interface PurgerRig {
  readonly purger: Purger;
  /** Messages in EV and pieces in BLOB, in this order. */
  store(...subjects: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

export interface PurgerImplementation {
  readonly name: string;
  /** Whether messages have sequences, so that later ones are spared. The double knows only which subjects there are. */
  readonly knowsSequences: boolean;
  readonly start: () => Promise<PurgerRig>;
}

export const purgerImplementations: readonly PurgerImplementation[] = [
  ...busImplementations
    .filter(({ name }) => name === "nats-server")
    .map(({ name, start }) => ({
      name,
      knowsSequences: true,
      start: async (): Promise<PurgerRig> => {
        const rig = await start();
        const bus = await rig.connect();
        let count = 0;
        return {
          purger: storePurger(bus),
          store: async (...subjects) => {
            for (const subject of subjects) {
              count += 1;
              await bus.store(subject, bytes("x"), { msgId: `m${count}` });
            }
          },
          end: () => rig.end(),
        };
      },
    })),
  {
    name: "the double",
    knowsSequences: false,
    start: async () => {
      const purger = new SubjectStore();
      return {
        purger,
        store: async (...subjects) => {
          purger.subjects.push(...subjects);
          purger.endsAt = purger.subjects.filter((each) => each.startsWith("ev.")).length + 1;
        },
        end: async () => undefined,
      };
    },
  },
];

const evidence = ["ev.pc.job1.1.report", "ev.mal.job1.2.report", "ev.pc.job10.1.report", "ev.mal.job1.2.result"];
const pieces = ["ck.pc.job1.1.1.state-1.0", "ck.mal.job1.2.1.state-1.0", "ck.mal.job1.2.1.state-1.1"];
const later = 1000;

export function purgerSuite({ name, knowsSequences, start }: PurgerImplementation): void {
  const check = (title: string, body: (rig: PurgerRig) => Promise<void>): void => {
    test(title, async () => {
      const rig = await start();
      try {
        await rig.store(...evidence, ...pieces);
        await body(rig);
      } finally {
        await rig.end();
      }
    });
  };

  describe(`the purger of ${name}`, { concurrency: 4 }, () => {
    check("subjects of evidence and pieces are listed by pattern, each once", async ({ purger, store }) => {
      await store("ev.pc.job1.1.report");
      const of = async (found: Promise<string[]>): Promise<string[]> => (await found).toSorted();
      assert.deepEqual(await of(purger.evidence("ev.pc.>")), ["ev.pc.job1.1.report", "ev.pc.job10.1.report"]);
      assert.deepEqual(await of(purger.evidence("ev.*.job1.2.result")), ["ev.mal.job1.2.result"]);
      assert.deepEqual(await of(purger.pieces("ck.mal.>")), pieces.slice(1));
      assert.deepEqual(await of(purger.pieces("ck.nobody.>")), []);
    });

    check("messages are deleted by pattern and counted, and are missing afterwards", async ({ purger }) => {
      assert.equal(await purger.missing(), 0);
      assert.equal(await purger.purgeEvidence("ev.*.job1.>", later), 3);
      assert.deepEqual(await purger.evidence("ev.>"), ["ev.pc.job10.1.report"], "job10 is not job1");
      assert.equal(await purger.purgeEvidence("ev.*.job1.>", later), 0);
      assert.equal(await purger.missing(), 3);
      assert.equal((await purger.pieces("ck.>")).length, 3, "pieces are in another stream");
    });

    check("pieces are deleted by pattern and counted", async ({ purger }) => {
      assert.equal(await purger.purgePieces("ck.mal.>"), 2);
      assert.deepEqual(await purger.pieces("ck.>"), pieces.slice(0, 1));
      assert.equal(await purger.purgePieces("ck.mal.>"), 0);
      assert.equal((await purger.evidence("ev.>")).length, 4);
    });

    check("the end that is stored stands behind all messages, so that all of them may go", async ({ purger }) => {
      const end = await purger.end();
      assert.equal(end, evidence.length + 1);
      assert.equal(await purger.purgeEvidence("ev.*.job1.>", end), 3);
      assert.equal(await purger.purgeEvidence("ev.*.job10.>", end), 1);
    });

    check(
      knowsSequences
        ? "messages from the given sequence on stay"
        : "all messages go, whatever the sequence (difference from the broker)",
      async ({ purger }) => {
        assert.equal(await purger.purgeEvidence("ev.mal.>", 4), knowsSequences ? 1 : 2);
        assert.deepEqual(await purger.evidence("ev.mal.>"), knowsSequences ? ["ev.mal.job1.2.result"] : []);
      },
    );
  });
}
