import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { program } from "../../../../worker/flags.ts";
import { slotsOf } from "../../../../worker/owner/owner-watch.ts";
import { endOf } from "../../../../worker/owner/quantities.ts";
import { type Rules, readRule, ruleWords, usualRules } from "../../../../worker/owner/rules.ts";
import { readRulesText } from "../../../../worker/owner/rules-file.ts";
import { rulesText } from "../../../../worker/owner/said-rules.ts";

const word = (name: string) => ruleWords.find((each) => each.word === name) ?? assert.fail(`no rule ${name}`);

/** The rule's value, or what was expected. */
function read(name: string, ...texts: string[]): unknown {
  const found = readRule(word(name), texts);
  return found.ok ? found.value[word(name).rule] : found.expected;
}

describe("an owner's rules", () => {
  test("an owner's rules are read as they are typed", () => {
    assert.equal(read("when-idle", "5min"), 300_000);
    assert.equal(read("when-idle", "90 s"), 90_000);
    assert.equal(read("when-idle", "90"), 90_000);
    assert.equal(read("yield-after", "1d"), 86_400_000);
    assert.equal(read("max-load", "0.5"), 0.5);
    assert.equal(read("on-battery", "never"), "never");
    assert.equal(read("max-temperature", "85"), 85);
    assert.equal(read("max-temperature", "85 °C"), 85);
    assert.equal(read("slots", "3"), 3);
    assert.equal(read("cpu-share", "25%"), 0.25);
    assert.equal(read("cpu-share", "25"), 0.25);
    assert.equal(read("memory", "8GB"), 8e9);
    assert.equal(read("max-trials", "10"), 10);
    assert.equal(read("yield-after", "2min"), 120_000);
    assert.deepEqual(read("signs", "cpu, terminals"), ["terminals", "cpu"]);
    assert.deepEqual(read("until", "8h"), { kind: "after", ms: 28_800_000 });
    assert.deepEqual(read("until", "7:30"), { kind: "time of day", minute: 450 });
    assert.deepEqual(read("until", "2026-12-01 07:00 +01:00"), {
      kind: "instant",
      wall: Date.parse("2026-12-01T06:00:00Z"),
    });
    assert.deepEqual(read("until", "2026-12-01 07:00"), {
      kind: "instant",
      wall: new Date(2026, 11, 1, 7, 0).getTime(),
    });
  });

  test("an owner's rules each say what they expect of a bad value", () => {
    const bad: readonly (readonly [string, string, RegExp])[] = [
      ["when-idle", "5", /a time of at least 10s; for example 5min/],
      ["when-idle", "9s", /at least 10s/],
      ["when-idle", "tls://CODE@host:4222/ws1", /type the join line first/],
      ["hours", "19:00", /a span of hours such as 19:00-07:00/],
      ["hours", "07:00-07:00", /two different times, or 00:00-24:00/],
      ["hours", "19:00-25:00", /a span of hours/],
      ["hours", "19:00-07:00 mon-fry", /spans such as/],
      ["max-load", "much", /a number of cores above 0; for example 0.5/],
      ["max-load", "0", /above 0/],
      ["on-battery", "sometimes", /^never or always$/],
      ["max-temperature", "20", /degrees Celsius from 30 to 120; for example 85/],
      ["slots", "0", /^a whole number from 1 to 4096$/],
      ["cpu-share", "120%", /1% to 100%; for example 50%/],
      ["memory", "8", /a size of at least 256 MB; for example 8GB/],
      ["memory", "1MB", /at least 256 MB/],
      ["until", "noon", /a time: 8h from now, 07:00, or "2026-12-01 07:00"/],
      ["until", "2026-02-31 07:00", /a time:/],
      ["max-trials", "1.5", /^a whole number from 1 to 1000000$/],
      ["yield-after", "0s", /at least 1s/],
      ["signs", "keyboard", /^some of terminals, desktop, cpu, gpu$/],
    ];
    for (const [name, text, expected] of bad) assert.match(String(read(name, text)), expected, `${name} ${text}`);
    assert.deepEqual([...new Set(bad.map(([name]) => name))].sort(), ruleWords.map((each) => each.word).sort());
  });

  test("a worker until a time of day ends at the next such time, also if that is tomorrow", () => {
    const started = new Date(2026, 10, 28, 23, 0).getTime();
    assert.equal(endOf({ kind: "time of day", minute: 420 }, started), new Date(2026, 10, 29, 7, 0).getTime());
    assert.equal(endOf({ kind: "time of day", minute: 1410 }, started), new Date(2026, 10, 28, 23, 30).getTime());
    assert.equal(endOf({ kind: "after", ms: 1000 }, started), started + 1000);
  });

  test("a worker's slots follow the share of the processor", () => {
    assert.equal(slotsOf({ slots: null, cpuShare: null }, 8), 8);
    assert.equal(slotsOf({ slots: null, cpuShare: 0.5 }, 8), 4);
    assert.equal(slotsOf({ slots: 2, cpuShare: 0.5 }, 8), 2);
    assert.equal(slotsOf({ slots: null, cpuShare: 0.3 }, 2), 1);
  });

  test("an owner's rules are said in one line", () => {
    assert.equal(rulesText(usualRules, 0), "lends always, whether you use this machine or not");
    const rules: Rules = {
      ...usualRules,
      whenIdle: 300_000,
      hours: [{ from: 1140, to: 420, days: [1, 2, 3, 4, 5] }],
      onBattery: "never",
      memory: 8e9,
      maxTrials: 1,
    };
    assert.equal(
      rulesText(rules, 0),
      "lends while nobody has used this machine for 5 min, at 19:00-07:00 mon-fri, with mains power; " +
        "at most 8000 MB of memory; ends after 1 run; frozen runs move elsewhere after 10 min",
    );
  });
});

describe("worker.yaml", () => {
  const problems = (text: string): string => {
    const found = readRulesText("worker.yaml", text, "nothing was started");
    return found.ok ? "" : found.problems;
  };

  test("worker.yaml has the words of the flags", () => {
    const text = `
when-idle: 5min
hours:
  - 19:00-07:00 mon-fri
  - sat,sun
on-battery: never
slots: 2
max-load: 0.5
cpu-share: 50%
`;
    const found = readRulesText("worker.yaml", text, "");
    assert.ok(found.ok);
    assert.deepEqual(found.given, {
      whenIdle: 300_000,
      hours: [
        { from: 1140, to: 420, days: [1, 2, 3, 4, 5] },
        { from: 0, to: 1440, days: [0, 6] },
      ],
      onBattery: "never",
      slots: 2,
      maxLoad: 0.5,
      cpuShare: 0.5,
    });
  });

  test("worker.yaml may be empty", () => {
    for (const text of ["", "# nothing yet\n"]) assert.deepEqual(readRulesText("w", text, ""), { ok: true, given: {} });
  });

  test("problems of worker.yaml are told with place, what was found and expected, and the nearest word", () => {
    assert.equal(
      problems("when-idel: 5min\nslots: many\nhours: [19:00-07:00 mon-fry, sat]\nmemory:\n  - 8GB\n"),
      `worker.yaml:1:1: unknown rule "when-idel"
    1 | when-idel: 5min
      | ^~~~~~~~~
  expected one of: when-idle, hours, max-load, on-battery, max-temperature, slots, cpu-share, memory, until,
    max-trials, yield-after, signs
  did you mean "when-idle"?
worker.yaml:2:8: slots is "many"
    2 | slots: many
      |        ^~~~
  expected a whole number from 1 to 4096
worker.yaml:3:8: hours is "mon-fry"
    3 | hours: [19:00-07:00 mon-fry, sat]
      |        ^
  expected spans such as "19:00-07:00 mon-fri" or "sat,sun", with ; between two of them
worker.yaml:5:3: memory has a value of another kind
    5 |   - 8GB
      |   ^
  expected one value
4 problems; nothing was started`,
    );
    assert.match(problems("just words"), /worker.yaml:1:1: this is no rule/);
    assert.match(problems("slots: [1"), /not valid YAML/);
    assert.match(problems("slots: 1\nslots: 2"), /"slots" is given twice/);
  });
});

test("a duration of the worker's has the same forms wherever it is typed", () => {
  const names = ["--wait", "--grace", "--when-idle", "--yield-after"];
  for (const { long, parseArg } of program.options.filter((option) => names.includes(option.long ?? ""))) {
    const read = (text: string): unknown => parseArg?.(text, undefined);
    for (const text of ["90s", "90 s", "1.5min"]) assert.deepEqual(read(text), read("90"), `${long} ${text}`);
    assert.deepEqual(read("1h"), read("3600"), long);
  }
});
