import { parseBytes, parseInstant, typedSeconds } from "../../shared/domain/runspec/quantities.ts";

/** A value, or what was expected instead of it, in words that follow "expected". */
export type ReadQuantity<T> =
  | { readonly ok: true; readonly value: T }
  /** `found`: the part that is wrong, if not all of it. */
  | { readonly ok: false; readonly expected: string; readonly found?: string };

export const expect = (expected: string, found?: string): ReadQuantity<never> =>
  found === undefined ? { ok: false, expected } : { ok: false, expected, found };

/** When a worker ends: after a time, at the next such time of the day, or at an instant. */
export type Until =
  | { readonly kind: "after"; readonly ms: number }
  | { readonly kind: "time of day"; readonly minute: number }
  | { readonly kind: "instant"; readonly wall: number };

const mostMs = 366 * 24 * 3_600_000;

/** A duration in milliseconds, from `leastMs` to 366 days. */
export function readDuration(text: string, leastMs: number, example: string, expected: string): ReadQuantity<number> {
  const ms = (typedSeconds(text) ?? 0) * 1000;
  if (ms >= leastMs && ms <= mostMs) return { ok: true, value: ms };
  // `--when-idle LINE`: the line was taken for the time.
  const isLine = text.includes("://") || text === "-" || text.startsWith("@");
  return expect(`${expected}; for example ${example}${isLine ? "; type the join line first" : ""}`);
}

export function readNumber(
  text: string,
  { above, most }: { readonly above: number; readonly most: number },
  expected: string,
  example: string,
): ReadQuantity<number> {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value > above && value <= most ? { ok: true, value } : expect(`${expected}; for example ${example}`);
}

export function readBytes(text: string, least: number, expected: string, example: string): ReadQuantity<number> {
  const bytes = parseBytes(text) ?? 0;
  return bytes >= least ? { ok: true, value: bytes } : expect(`${expected}; for example ${example}`);
}

/** Minutes since midnight of "19:00"; 1440 for "24:00". */
export function minuteOf(text: string): number | undefined {
  const [, hour = "", minute = ""] = /^(\d{1,2}):(\d\d)$/.exec(text) ?? [];
  if (hour === "") return undefined;
  const value = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && value <= 1440 ? value : undefined;
}

export const clockTime = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

export function readUntil(text: string): ReadQuantity<Until> {
  const expected = 'a time: 8h from now, 07:00, or "2026-12-01 07:00"';
  // A number alone might be an hour of the day.
  const seconds = /[a-z]$/.test(text) ? (typedSeconds(text) ?? 0) : 0;
  if (seconds > 0)
    return seconds * 1000 <= mostMs ? { ok: true, value: { kind: "after", ms: seconds * 1000 } } : expect(expected);
  const minute = minuteOf(text);
  if (minute !== undefined && minute < 1440) return { ok: true, value: { kind: "time of day", minute } };
  const wall = parseInstant(text) ?? localInstant(text);
  return wall === undefined ? expect(expected) : { ok: true, value: { kind: "instant", wall } };
}

/** "2026-12-01 07:00" in this machine's local time. */
function localInstant(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
  const date = new Date(year, month - 1, day, hour, minute);
  // 31 February would be a day in March.
  return date.getMonth() === month - 1 && date.getDate() === day && hour < 24 && minute < 60
    ? date.getTime()
    : undefined;
}

/** When a worker that started at `startedWall` ends, in milliseconds since 1970. */
export function endOf(until: Until, startedWall: number): number {
  if (until.kind === "after") return startedWall + until.ms;
  if (until.kind === "instant") return until.wall;
  const today = new Date(startedWall);
  const [hour, minute] = [Math.floor(until.minute / 60), until.minute % 60];
  const at = new Date(today.getFullYear(), today.getMonth(), today.getDate(), hour, minute).getTime();
  if (at > startedWall) return at;
  return new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1, hour, minute).getTime();
}

/** "5 min", "90 s", "1.5 h". */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  const round = (value: number): string => String(Math.round(value * 10) / 10);
  if (seconds < 120) return `${round(seconds)} s`;
  return seconds < 7200 ? `${round(seconds / 60)} min` : `${round(seconds / 3600)} h`;
}
