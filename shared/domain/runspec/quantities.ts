import { type Goal, maximised, told } from "../goal.ts";
import { type StopRule, stopNames } from "./job-settings.ts";
import type { Tree } from "./tree.ts";

const secondsPer: Readonly<Record<string, number>> = { s: 1, sec: 1, min: 60, h: 3600 };

/** Seconds, from a number or a text such as "30 s", "5 min", "2 h"; undefined for anything else or unless above 0. */
export function parseSeconds(value: Tree): number | undefined {
  return parseQuantity(value, secondsPer);
}

const typedPer: Readonly<Record<string, number>> = { ...secondsPer, d: 86_400 };

/** Forms in which a duration may be typed, for messages that refuse one. */
export const typedSecondsForms = "90, 30s, 10min, 2h or 7d";

/** Seconds of a duration on a command line; a bare number is seconds, and 0 is allowed. Undefined for anything else. */
export function typedSeconds(text: string): number | undefined {
  const [, digits, unit = "s"] = /^(\d+(?:\.\d+)?)\s*([a-z]+)?$/.exec(text.trim()) ?? [];
  const per = Object.hasOwn(typedPer, unit) ? typedPer[unit] : undefined;
  return digits === undefined || per === undefined ? undefined : Number(digits) * per;
}

/** Milliseconds since 1970 of a time such as "2026-12-01 18:00:30 +01:00", zone included; otherwise undefined. */
export function parseInstant(value: Tree): number | undefined {
  const pattern = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?) ?(Z|[+-]\d\d:\d\d)$/;
  const match = typeof value === "string" ? pattern.exec(value.trim()) : null;
  if (match === null) return undefined;
  const instant = Date.parse(`${match[1]}T${match[2]}${match[3]}`);
  if (Number.isNaN(instant)) return undefined;
  // Date.parse accepts 31 February as a day in March.
  return new Date(`${match[1]}T00:00Z`).toISOString().slice(0, 10) === match[1] ? instant : undefined;
}

// MB is 1000^2 bytes, as for discs and networks; MiB is 1024^2 bytes, as in /proc and `free`.
const bytesPer: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Whole bytes, at least 1, of a number or a text such as "512 MB", "2 GB", "1.5 GiB"; undefined for anything else. */
export function parseBytes(value: Tree): number | undefined {
  const bytes = parseQuantity(value, bytesPer);
  return bytes === undefined || bytes < 1 ? undefined : Math.round(bytes);
}

function parseQuantity(value: Tree, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === "number") return value > 0 && Number.isFinite(value) ? value : undefined;
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(value) : null;
  const [, digits = "", unit = ""] = match ?? [];
  const per = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (per === undefined) return undefined;
  const amount = Number(digits) * per;
  return amount > 0 ? amount : undefined;
}

/**
 * The rule in a text such as "hpmax >= 0.05"; undefined for anything else. Under `goal: minimize` a rule may name the
 * metric: "loss <= 0.2" is kept as hpmax >= -0.2.
 *
 * @param goal  null: unknown, so any name may be the metric's
 */
export function parseStopRule(value: Tree, goal: Goal | null = maximised): StopRule | undefined {
  const pattern = /^\s*([A-Za-z_][\w.-]*?)\s*(>=|>|<=|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/;
  const match = typeof value === "string" ? pattern.exec(value) : null;
  if (match === null) return undefined;
  const [, word = "", comparison, number] = match;
  // The pattern allows only these comparisons.
  const op = comparison as StopRule["op"];
  const name = stopNames.find((each) => each === word);
  if (name !== undefined) return { name, op, value: Number(number) };
  const isMetric = goal === null || (goal.isLow && [word, `goal-${word}`].includes(goal.name));
  return isMetric ? { name: "hpmax", op: turned[op], value: 0 - Number(number) } : undefined;
}

/** Each comparison after both sides are negated. */
const turned: Readonly<Record<StopRule["op"], StopRule["op"]>> = { ">=": "<=", ">": "<", "<=": ">=", "<": ">" };

/** The rule as a person would write it: it names the metric if that is minimised. */
export function stopRuleText({ name, op, value }: StopRule, goal: Goal): string {
  if (name !== "hpmax" || !goal.isLow) return `${name} ${op} ${value}`;
  return `${goal.name} ${turned[op]} ${told(goal, value)}`;
}
