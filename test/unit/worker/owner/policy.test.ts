import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Decided, decide, type Signs, undecided } from "../../../../worker/owner/policy.ts";
import { type Rules, usualRules } from "../../../../worker/owner/rules.ts";

const noon = new Date(2026, 10, 25, 12).getTime();
const second = 1000;
const minute = 60 * second;

/** An owner with these rules, whose signs come one after the other. */
class Owner {
  readonly #rules: Rules;
  #decided: Decided = undecided;

  constructor(rules: Partial<Rules>) {
    this.#rules = { ...usualRules, ...rules };
  }

  /** What the owner allows at that time, as "word: why; until". */
  at(ms: number, signs: Partial<Signs> = {}): string {
    const now = { wall: noon + ms, monotonic: ms };
    this.#decided = decide(this.#rules, { uses: [], ...signs }, now, this.#decided);
    const { word, why, until } = this.#decided.lending;
    return word === "open" ? word : `${word}: ${why}; ${until}`;
  }
}

const typed = (at: number, what = "somebody types at pts/3"): Partial<Signs> => ({ uses: [{ at, what }] });

describe("what the owner allows", () => {
  test("an owner without rules allows everything, whatever the signs", () => {
    const owner = new Owner({});
    assert.equal(owner.at(0, { ...typed(0), onBattery: true, load: 9, temperature: 99 }), "open");
  });

  test("the first sign of use freezes runs at once, and after the idle time the machine lends again", () => {
    const owner = new Owner({ whenIdle: 5 * minute });
    assert.equal(owner.at(0, typed(-6 * minute)), "open");
    const frozen = "frozen: somebody types at pts/3; after 5 min without a sign of use";
    assert.equal(owner.at(minute, typed(minute)), frozen);
    const cpu = { at: 2 * minute, what: "other programs use 1.0 cores" };
    assert.equal(owner.at(2 * minute, { uses: [...(typed(minute).uses ?? []), cpu] }), frozen, "no news");
    assert.equal(owner.at(7 * minute - 1, typed(2 * minute)), frozen);
    assert.equal(owner.at(7 * minute, typed(2 * minute)), "open");
  });

  test("once nobody has typed for the idle time, what still keeps the machine is named", () => {
    const owner = new Owner({ whenIdle: minute });
    const signs = (at: number, cores: string): Partial<Signs> => ({
      uses: [
        { at: 0, what: "somebody types at pts/3" },
        { at, what: `other programs use ${cores} cores` },
      ],
    });
    const until = "after 60 s without a sign of use";
    assert.equal(owner.at(0, typed(0)), `frozen: somebody types at pts/3; ${until}`);
    assert.equal(owner.at(50 * second, signs(50 * second, "1.1")), `frozen: somebody types at pts/3; ${until}`);
    assert.equal(owner.at(61 * second, signs(61 * second, "1.2")), `frozen: other programs use 1.2 cores; ${until}`);
    const frozen = `frozen: other programs use 1.2 cores; ${until}`;
    assert.equal(owner.at(62 * second, signs(62 * second, "1.9")), frozen, "the number is no news");
  });

  test("an owner who stays gets the runs out of the way, and lends again when he is gone", () => {
    const owner = new Owner({ whenIdle: 5 * minute, yieldAfter: 10 * minute });
    for (let at = 0; at < 10 * minute; at += minute) assert.match(owner.at(at, typed(at)), /^frozen/);
    assert.match(owner.at(10 * minute, typed(9 * minute)), /^closed: somebody types at pts\/3/);
    assert.match(owner.at(13 * minute, typed(9 * minute)), /^closed/);
    assert.equal(owner.at(14 * minute, typed(9 * minute)), "open");
    assert.match(owner.at(15 * minute, typed(15 * minute)), /^frozen/, "the time begins anew");
  });

  test("outside of the owner's hours runs are handed back at once, whoever is there", () => {
    const owner = new Owner({ hours: [{ from: 1140, to: 420, days: [3] }], whenIdle: minute });
    assert.equal(owner.at(0, typed(0)), "closed: its owner does not lend it at this hour; at 19:00");
    assert.equal(owner.at(7 * 60 * minute), "open");
    assert.match(owner.at(7 * 60 * minute + 1, typed(7 * 60 * minute + 1)), /^frozen: somebody types/);
  });

  test("a machine on battery freezes its runs, and hands them back if that lasts", () => {
    const owner = new Owner({ onBattery: "never", yieldAfter: 2 * minute });
    assert.equal(owner.at(0, { onBattery: false }), "open");
    assert.equal(owner.at(1, { onBattery: true }), "frozen: it runs on battery; with mains power");
    assert.match(owner.at(1 + 2 * minute, { onBattery: true }), /^closed: it runs on battery/);
    assert.equal(owner.at(3 * minute, { onBattery: false }), "open");
    assert.equal(new Owner({ onBattery: "always" }).at(0, { onBattery: true }), "open");
  });

  test("a hot processor must cool down well before it lends again", () => {
    const owner = new Owner({ maxTemperature: 85 });
    assert.equal(owner.at(0, { temperature: 85 }), "open");
    assert.equal(owner.at(1, { temperature: 91.4 }), "frozen: its processor has 91 °C, more than 85 °C; at 80 °C");
    assert.match(owner.at(2, { temperature: 84 }), /^frozen: its processor has 91 °C/);
    assert.equal(owner.at(3, { temperature: 80 }), "open");
    assert.equal(owner.at(4, { temperature: 84 }), "open");
  });

  test("the load must fall well below its limit before the machine lends again", () => {
    const owner = new Owner({ maxLoad: 1 });
    assert.equal(owner.at(0, { load: 1 }), "open");
    assert.equal(
      owner.at(1, { load: 1.26 }),
      "frozen: other programs use 1.3 cores, more than 1; when they use less than 0.75",
    );
    assert.match(owner.at(2, { load: 0.8 }), /^frozen/);
    assert.equal(owner.at(3, { load: 0.75 }), "open");
  });

  test("mains power that should be told and is not counts as missing", () => {
    const owner = new Owner({ onBattery: "never" });
    assert.equal(owner.at(0, { onBattery: null }), "frozen: nobody tells whether it has mains power; with mains power");
    assert.match(owner.at(1, { onBattery: true }), /^frozen: it runs on battery/);
    assert.equal(owner.at(2, { onBattery: false }), "open");
    assert.equal(new Owner({}).at(0, { onBattery: null }), "open");
  });

  test("signs that nobody can tell keep nothing from being lent", () => {
    assert.equal(new Owner({ onBattery: "never", maxLoad: 1, maxTemperature: 85, whenIdle: minute }).at(0), "open");
  });

  test("when one reason not to lend ends the next one is told, and the time runs on", () => {
    const owner = new Owner({ onBattery: "never", whenIdle: minute, yieldAfter: 3 * minute });
    assert.match(owner.at(0, { ...typed(0), onBattery: true }), /^frozen: somebody types/);
    assert.match(owner.at(2 * minute, { ...typed(0), onBattery: true }), /^frozen: it runs on battery/);
    assert.match(owner.at(3 * minute, { onBattery: true }), /^closed: it runs on battery/);
  });

  test("a pretended owner needs no rule", () => {
    const owner = new Owner({});
    assert.equal(owner.at(0, { pretendedMs: 30_000 }), "frozen: its owner pretends to use it; after 30 s");
    assert.equal(owner.at(30_000), "open");
  });
});
