import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemChance } from "../../shared/chance.ts";
import type { Chance } from "../../shared/ports.ts";
import { SimProcess } from "../simulate/sim-process.ts";
import { Timeline } from "../simulate/timeline.ts";

export interface ChanceImplementation {
  readonly name: string;
  /** Whether nonces cannot be guessed. Simulated ones follow from a seed, so that a simulation can be repeated. */
  readonly isSecret: boolean;
  readonly chance: Chance;
  /** `count` nonces of several other processes. */
  readonly ofOthers: (count: number) => string[];
}

const simulated = (seed: string): Chance => new SimProcess(new Timeline(), seed, seed).chance;

export const chanceImplementations: readonly ChanceImplementation[] = [
  {
    name: "the system",
    isSecret: true,
    chance: systemChance,
    ofOthers: (count) => [1, 2].flatMap(() => noncesOfAProcess(count / 2)),
  },
  {
    name: "the simulator",
    isSecret: false,
    chance: simulated("one"),
    ofOthers: (count) =>
      Array.from({ length: count / 10 }, (_, i) => simulated(`other ${i}`)).flatMap(({ nonce }) =>
        Array.from({ length: 10 }, nonce),
      ),
  },
];

export function chanceSuite({ name, isSecret, chance, ofOthers }: ChanceImplementation): void {
  describe(`the chance of ${name}`, () => {
    test("random fractions are spread evenly, from 0 up to 1", () => {
      const fractions = Array.from({ length: 10_000 }, chance.fraction);
      assert.ok(fractions.every((each) => each >= 0 && each < 1));
      for (const part of [0.1, 0.5, 0.9]) {
        // Five standard deviations at most.
        const below = fractions.filter((each) => each < part).length / fractions.length;
        assert.ok(Math.abs(below - part) < 0.025, `${below} of them are below ${part}`);
      }
    });

    test("a nonce is a short word that is valid in subjects, file names and ids", () => {
      for (let i = 0; i < 1000; i += 1) assert.match(chance.nonce(), /^[A-Za-z0-9_-]{8,64}$/);
    });

    test("no nonce comes twice, in this process or another", () => {
      const all = [...Array.from({ length: 20_000 }, chance.nonce), ...ofOthers(20_000)];
      assert.equal(all.length, 40_000);
      assert.equal(new Set(all).size, all.length);
    });

    test(
      isSecret
        ? "a process begins with a secret of its own"
        : "a simulation's nonces follow from its seed (difference from the system's)",
      () => {
        if (isSecret) {
          const [ofOne, ofAnother] = [noncesOfAProcess(1)[0] ?? "", noncesOfAProcess(1)[0] ?? ""];
          // At least 64 bits, six to a letter, before the count.
          for (const each of [ofOne, ofAnother]) assert.ok(each.lastIndexOf("-") >= 11, each);
          assert.notEqual(ofOne, ofAnother);
        } else {
          assert.equal(simulated("same").nonce(), simulated("same").nonce());
          assert.notEqual(simulated("same").nonce(), simulated("another").nonce());
        }
      },
    );
  });
}

function noncesOfAProcess(count: number): string[] {
  const file = fileURLToPath(new URL("../../shared/chance.js", import.meta.url));
  const code = `import { systemChance } from ${JSON.stringify(file)};
    for (let i = 0; i < ${count}; i += 1) console.log(systemChance.nonce());`;
  const options = { encoding: "utf8", maxBuffer: 2 ** 26 } as const;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", code], options);
  assert.equal(status, 0);
  return stdout.trim().split("\n");
}
