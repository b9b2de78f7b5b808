import { clockTime, expect, minuteOf, type ReadQuantity } from "./quantities.ts";

/** A span of the day, on some days of the week. */
export interface HourSpan {
  /** Minutes since midnight. */
  readonly from: number;
  /** Minutes since midnight, never equal to `from`; below it: on the next day. 1440: midnight. */
  readonly to: number;
  /** The days on which it begins, 0 for Sunday. */
  readonly days: readonly number[];
}

const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const longNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const everyDay: readonly number[] = [0, 1, 2, 3, 4, 5, 6];
const expected = 'spans such as "19:00-07:00 mon-fri" or "sat,sun", with ; between two of them';

/** Spans such as "19:00-07:00 mon-fri; sat,sun". Times of the day are local to the machine. */
export function readHours(text: string): ReadQuantity<readonly HourSpan[]> {
  const spans: HourSpan[] = [];
  for (const part of text.split(";")) {
    const read = readSpan(part.trim());
    if (!read.ok) return read;
    spans.push(read.value);
  }
  return { ok: true, value: spans };
}

function readSpan(text: string): ReadQuantity<HourSpan> {
  const [first = "", ...rest] = text.split(/\s+/);
  if (!first.includes(":")) {
    const days = daysOf(text.replace(/\s+/g, ""));
    return Array.isArray(days) ? { ok: true, value: { from: 0, to: 1440, days } } : expect(expected, days);
  }
  const [from, to] = first.split("-").map(minuteOf);
  if (from === undefined || to === undefined || from === 1440 || first.split("-").length !== 2)
    return expect("a span of hours such as 19:00-07:00 or 00:00-24:00", first);
  if (from === to) return expect(`two different times, or 00:00-24:00 for whole days`, first);
  const days = rest.length === 0 ? everyDay : daysOf(rest.join(""));
  return Array.isArray(days) ? { ok: true, value: { from, to, days } } : expect(expected, String(days));
}

/** The days in "mon-fri,sun"; or the part that names none. */
function daysOf(text: string): number[] | string {
  const days = new Set<number>();
  for (const part of text.split(",")) {
    const ends = part.split("-").map((name) => dayNames.indexOf(name.toLowerCase().slice(0, 3)));
    const isNamed = part.split("-").every((name) => isDay(name.toLowerCase()));
    const [first = -1, last = first] = ends;
    if (!isNamed || ends.length > 2 || first < 0 || last < 0) return part;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

const isDay = (name: string): boolean =>
  dayNames.includes(name) || longNames.some((long) => long.toLowerCase() === name);

/** Whether `wall` is within one of the spans, by the machine's local time; true if there are no spans. */
export function isWithin(spans: readonly HourSpan[], wall: number): boolean {
  const date = new Date(wall);
  const minute = date.getHours() * 60 + date.getMinutes();
  const today = date.getDay();
  const yesterday = (today + 6) % 7;
  return (
    spans.length === 0 ||
    spans.some(({ from, to, days }) => {
      const isOverMidnight = to < from;
      if (days.includes(today) && minute >= from && (isOverMidnight || minute < to)) return true;
      return isOverMidnight && days.includes(yesterday) && minute < to;
    })
  );
}

/** When the next span begins, in milliseconds since 1970; undefined if it never does. */
export function nextOpening(spans: readonly HourSpan[], wall: number): number | undefined {
  const now = new Date(wall);
  let soonest: number | undefined;
  for (let ahead = 0; ahead <= 8; ahead += 1) {
    for (const { from, days } of spans) {
      const at = new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead, 0, from);
      // Where clocks go forward, 02:30 does not exist and is 03:30: the span has begun then, unless it is over by that.
      if (!days.includes(at.getDay()) || at.getTime() <= wall || !isWithin(spans, at.getTime())) continue;
      if (soonest === undefined || at.getTime() < soonest) soonest = at.getTime();
    }
  }
  return soonest;
}

/** "at 19:00", or "at 19:00 on Monday" if that is not today. */
export function openingText(at: number, wall: number): string {
  const date = new Date(at);
  const time = clockTime(date.getHours() * 60 + date.getMinutes());
  return date.toDateString() === new Date(wall).toDateString()
    ? `at ${time}`
    : `at ${time} on ${longNames[date.getDay()]}`;
}

/** "19:00-07:00 mon-fri". */
export function spanText({ from, to, days }: HourSpan): string {
  const hours = from === 0 && to === 1440 ? "" : `${clockTime(from)}-${clockTime(to)}`;
  const named = days.length === 7 ? (hours === "" ? "every day" : "") : dayList(days);
  return [hours, named].filter((part) => part !== "").join(" ");
}

/** Days as people write them, from Monday: "mon-fri", "sat,sun". */
function dayList(days: readonly number[]): string {
  const fromMonday = [1, 2, 3, 4, 5, 6, 0].filter((day) => days.includes(day));
  const parts: string[] = [];
  for (let i = 0; i < fromMonday.length; ) {
    let j = i;
    while (fromMonday[j + 1] === ((fromMonday[j] ?? 0) + 1) % 7) j += 1;
    const [first = 0, last = 0] = [fromMonday[i], fromMonday[j]];
    if (j - i >= 2) parts.push(`${dayNames[first]}-${dayNames[last]}`);
    else for (let k = i; k <= j; k += 1) parts.push(dayNames[fromMonday[k] ?? 0] ?? "");
    i = j + 1;
  }
  return parts.join(",");
}
