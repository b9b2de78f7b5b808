import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isWithin, nextOpening, openingText, readHours, spanText } from "../../../../worker/owner/hours.ts";

const spans = (text: string) => {
  const read = readHours(text);
  return read.ok ? read.value : assert.fail(read.expected);
};
const at = (day: number, hour: number, minute = 0, month = 10): number =>
  new Date(2026, month, day, hour, minute).getTime();

/** 2026-11-23 is a Monday. */
describe("an owner's hours", () => {
  const zone = process.env["TZ"];
  before(() => {
    process.env["TZ"] = "Europe/Berlin";
  });
  after(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });

  test("an owner's hours over midnight belong to the day on which they begin", () => {
    const nights = spans("19:00-07:00 mon-fri");
    assert.ok(isWithin(nights, at(23, 19)));
    assert.ok(!isWithin(nights, at(23, 18, 59)));
    assert.ok(isWithin(nights, at(24, 6, 59)));
    assert.ok(!isWithin(nights, at(24, 7)));
    assert.ok(isWithin(nights, at(28, 6)), "Friday's night ends on Saturday");
    assert.ok(!isWithin(nights, at(28, 20)), "no night begins on Saturday");
    assert.ok(!isWithin(nights, at(23, 6)), "no night began on Sunday");
  });

  test("several hours of an owner add up, and days alone are whole", () => {
    const both = spans("19:00-07:00 mon-fri; sat,sun");
    assert.ok(isWithin(both, at(28, 12)));
    assert.ok(isWithin(both, at(29, 23, 59)));
    assert.ok(!isWithin(both, at(30, 0, 1)), "Monday morning, and Sunday is over");
    assert.ok(isWithin([], at(30, 12)), "without any all hours count");
  });

  test("days of an owner's hours go round the end of the week, and may be written out", () => {
    assert.deepEqual(spans("fri-mon")[0]?.days, [0, 1, 5, 6]);
    assert.deepEqual(spans("Saturday, Sunday")[0]?.days, [0, 6]);
    assert.deepEqual(spans("08:00-12:00")[0]?.days, [0, 1, 2, 3, 4, 5, 6]);
  });

  test("the next opening of an owner's hours is told, by its day if that is another", () => {
    const nights = spans("19:00-07:00 mon-fri");
    const next = nextOpening(nights, at(28, 12)) ?? 0;
    assert.equal(next, at(30, 19));
    assert.equal(openingText(next, at(28, 12)), "at 19:00 on Monday");
    assert.equal(openingText(at(23, 19), at(23, 12)), "at 19:00");
    assert.equal(nextOpening([], at(28, 12)), undefined);
  });

  test("when clocks go forward, an owner's span in the missing hour begins an hour later", () => {
    // 2026-03-29: 02:00 is followed by 03:00.
    const early = spans("02:30-06:00");
    const before = at(29, 1, 59, 2);
    assert.ok(!isWithin(early, before));
    assert.ok(isWithin(early, before + 60_000), "03:00, an hour that is within");
    assert.equal(nextOpening(early, before), new Date(2026, 2, 29, 3, 30).getTime());
  });

  test("when clocks go back, an owner's span in the hour that comes twice counts twice", () => {
    // 2026-10-25: 03:00 is followed by 02:00.
    const night = spans("02:00-02:30");
    const first = Date.parse("2026-10-25T00:15:00Z");
    assert.ok(isWithin(night, first));
    assert.ok(!isWithin(night, first + 1_800_000));
    assert.ok(isWithin(night, first + 3_600_000));
  });

  test("an owner's hours are said as they are typed", () => {
    for (const text of ["19:00-07:00 mon-fri", "sat,sun", "08:00-12:00", "00:00-12:00 mon,wed", "every day"])
      assert.equal(spanText(spans(text === "every day" ? "00:00-24:00" : text)[0] ?? assert.fail()), text);
  });
});
