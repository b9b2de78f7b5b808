import type { StopRule } from "./job-settings.ts";
import type { Tree } from "./tree.ts";

const secondsPer: Readonly<Record<string, number>> = { s: 1, sec: 1, min: 60, h: 3600 };

/** Seconds, from a number of them or from text such as "30 s", "5 min", "2 h"; undefined if it is neither or not above 0. */
export function parseSeconds(value: Tree): number | undefined {
  return parseQuantity(value, secondsPer);
}

/**
 * Milliseconds since 1970 of a time with its zone: "2026-12-01T18:00Z", "2026-12-01 18:00:30 +01:00". Without a zone it would mean
 * another moment on each machine that reads it.
 */
export function parseInstant(value: Tree): number | undefined {
  const pattern = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?) ?(Z|[+-]\d\d:\d\d)$/;
  const match = typeof value === "string" ? pattern.exec(value.trim()) : null;
  if (match === null) return undefined;
  const instant = Date.parse(`${match[1]}T${match[2]}${match[3]}`);
  if (Number.isNaN(instant)) return undefined;
  // Date.parse takes 31 February for a day of March.
  return new Date(`${match[1]}T00:00Z`).toISOString().slice(0, 10) === match[1] ? instant : undefined;
}

// As for discs and network traffic, MB counts in thousands; MiB counts in 1024s, as /proc and `free` do.
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

/** Whole bytes, from a number of them or from text such as "512 MB", "2 GB", "1.5 GiB". */
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

/** A rule such as "hpmax >= 0.05". */
export function parseStopRule(value: Tree): StopRule | undefined {
  const pattern = /^\s*(hpmax|best_for|runs|hours)\s*(>=|>|<=|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/;
  const match = typeof value === "string" ? pattern.exec(value) : null;
  if (match === null) return undefined;
  // The pattern lets through nothing else.
  return { name: match[1] as StopRule["name"], op: match[2] as StopRule["op"], value: Number(match[3]) };
}
