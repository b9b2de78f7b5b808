import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { FileSpool, type Letter, type Spool } from "../../worker/node/spool.ts";
import { SimSpool } from "../simulate/sim-spool.ts";
import { temporaryFolder } from "../support/cleanup.ts";

interface SpoolRig {
  readonly spool: Spool;
  /** The spool as the worker's next process finds it. */
  next(): Spool;
  /** From now on this letter cannot be written. */
  fill(letter: Letter): void;
  /** Makes a letter unreadable. */
  damage(name: string): void;
}

export interface SpoolImplementation {
  readonly name: string;
  /** Whether other programs can damage its letters. The simulator keeps them in memory, where nobody can. */
  readonly isReachable: boolean;
  readonly start: () => SpoolRig;
}

export const spoolImplementations: readonly SpoolImplementation[] = [
  {
    name: "a folder",
    isReachable: true,
    start: () => {
      const folder = join(temporaryFolder(), "spool");
      return {
        spool: new FileSpool(folder),
        next: () => new FileSpool(folder),
        fill: ({ msgId }) => void mkdirSync(join(folder, `${msgId}.letter.tmp`), { recursive: true }),
        damage: (name) => writeFileSync(join(folder, name), "half a let"),
      };
    },
  },
  {
    name: "the simulator",
    isReachable: false,
    start: () => {
      const spool = new SimSpool();
      return {
        spool,
        next: () => spool,
        fill: () => {
          spool.isFull = true;
        },
        damage: () => assert.fail("nobody can"),
      };
    },
  },
];

const letter = (n: number, bytes = 3): Letter => ({
  subject: `ev.pc.job1.${n}.result`,
  msgId: `job1.${n}.1.result.nonce`,
  data: new Uint8Array(bytes).fill(n),
});

/** For comparison, with the bytes as numbers: the bytes of a file are a view on a larger buffer. */
const asSent = ({ subject, msgId, data }: Letter): unknown => ({ subject, msgId, data: [...data] });

export function spoolSuite({ name, isReachable, start }: SpoolImplementation): void {
  describe(`the spool of ${name}`, () => {
    test("an empty spool has no letters", () => {
      assert.deepEqual(start().spool.names(), []);
    });

    test("kept letters are listed and read as they were, the largest too", () => {
      const { spool } = start();
      const letters = [letter(1), letter(2, 2 ** 20), letter(3, 0)];
      const names = letters.map((each) => spool.keep(each));
      assert.deepEqual([...spool.names()].sort(), [...names].sort());
      assert.deepEqual(
        names.map((each) => asSent(spool.read(each))),
        letters.map(asSent),
      );
    });

    test("a letter outlives the worker's process", () => {
      const { spool, next } = start();
      const kept = spool.keep(letter(1));
      assert.deepEqual(next().names(), [kept]);
      assert.deepEqual(asSent(next().read(kept)), asSent(letter(1)));
    });

    test("keeping a letter again keeps it once", () => {
      const { spool } = start();
      const kept = spool.keep(letter(1));
      assert.equal(spool.keep(letter(1)), kept);
      assert.deepEqual(spool.names(), [kept]);
    });

    test("a dropped letter is gone, and may be dropped again", () => {
      const { spool } = start();
      const [one = "", two = ""] = [1, 2].map((n) => spool.keep(letter(n)));
      spool.drop(one);
      spool.drop(one);
      assert.deepEqual(spool.names(), [two]);
      assert.throws(() => spool.read(one));
    });

    test("a letter that cannot be written is said to be none, and is none", () => {
      const { spool, fill } = start();
      const kept = spool.keep(letter(1));
      fill(letter(2));
      assert.throws(() => spool.keep(letter(2)));
      assert.deepEqual(spool.names(), [kept]);
      assert.deepEqual(asSent(spool.read(kept)), asSent(letter(1)));
    });

    test("a letter put aside is no longer listed", () => {
      const { spool } = start();
      const [one = "", two = ""] = [1, 2].map((n) => spool.keep(letter(n)));
      assert.notEqual(spool.putAside(one), one);
      assert.deepEqual(spool.names(), [two]);
      assert.throws(() => spool.read(one));
    });

    test(
      isReachable
        ? "a spoiled letter is listed, refuses to be read, and can be put aside"
        : "no letter can be spoiled (difference from the folder)",
      () => {
        const { spool, damage } = start();
        const kept = spool.keep(letter(1));
        if (isReachable) {
          damage(kept);
          assert.deepEqual(spool.names(), [kept]);
          assert.throws(() => spool.read(kept));
          spool.putAside(kept);
          assert.deepEqual(spool.names(), []);
        } else {
          assert.throws(() => damage(kept));
        }
      },
    );
  });
}
