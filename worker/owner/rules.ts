import { mostSlots } from "../../shared/wire/limits.ts";
import { type SignName, signNames } from "./detectors/detector.ts";
import { type HourSpan, readHours } from "./hours.ts";
import { expect, type ReadQuantity, readBytes, readDuration, readNumber, readUntil, type Until } from "./quantities.ts";

/** What a machine's owner allows its worker. Null: no such rule. */
export interface Rules {
  /** Lends only once nobody has used the machine for this long; milliseconds. */
  readonly whenIdle: number | null;
  /** Lends only then; empty: at any hour. */
  readonly hours: readonly HourSpan[];
  /** Most cores that other programs may use on average over a minute while it lends. */
  readonly maxLoad: number | null;
  readonly onBattery: "never" | "always";
  /** Degrees Celsius. */
  readonly maxTemperature: number | null;
  readonly slots: number | null;
  /** Part of the machine's processor time that all runs together take; above 0, at most 1. */
  readonly cpuShare: number | null;
  /** Bytes that all runs together take. */
  readonly memory: number | null;
  readonly until: Until | null;
  readonly maxTrials: number | null;
  /** How long runs stay frozen before they are handed back; milliseconds. */
  readonly yieldAfter: number;
  /** Which signs of use count for `whenIdle`. */
  readonly signs: readonly SignName[];
}

export const usualRules: Rules = {
  whenIdle: null,
  hours: [],
  maxLoad: null,
  onBattery: "always",
  maxTemperature: null,
  slots: null,
  cpuShare: null,
  memory: null,
  until: null,
  maxTrials: null,
  // Twice the usual idle time: an owner who only looks something up has gone by then, and no run moves.
  yieldAfter: 600_000,
  signs: signNames,
};

/** Rules that say when the machine may be used. */
export const whenRules = ["whenIdle", "hours", "maxLoad"] as const satisfies readonly (keyof Rules)[];

/** What --owner-first adds if none of `whenRules` is given. */
export const ownerFirstRules: Partial<Rules> = { whenIdle: 300_000 };

/** One rule as its owner writes it: a flag of nexus-worker, or a key of worker.yaml. */
export interface RuleWord<K extends keyof Rules = keyof Rules> {
  readonly rule: K;
  /** `when-idle`: `--when-idle` on the command line, `when-idle:` in worker.yaml. */
  readonly word: string;
  /** How the flag's value is shown in the help: `[time]` may be left out. */
  readonly value: string;
  readonly help: string;
  /** What a flag without its value means. */
  readonly preset?: string;
  /** Whether the flag may be repeated, and the key may hold a list. */
  readonly isList?: boolean;
  readonly read: (text: string) => ReadQuantity<Rules[K]>;
}

const word = <K extends keyof Rules>(
  rule: K,
  name: string,
  value: string,
  help: string,
  read: RuleWord<K>["read"],
  more: Pick<RuleWord, "preset" | "isList"> = {},
): RuleWord<K> => ({ rule, word: name, value, help, read, ...more });

const leastIdleMs = 10_000;
const leastMemory = 256e6;

export const ruleWords: readonly RuleWord[] = [
  word(
    "whenIdle",
    "when-idle",
    "[time]",
    "lend only once nobody has used this machine for this long",
    // Linux gives the time of the last key to within 8 s, so that nobody can time another's typing.
    (text) => readDuration(text, leastIdleMs, "5min", "a time of at least 10s"),
    { preset: "5min" },
  ),
  word("hours", "hours", "<spans>", 'lend only then, local time: "19:00-07:00 mon-fri; sat,sun"', readHours, {
    isList: true,
  }),
  word(
    "maxLoad",
    "max-load",
    "<cores>",
    "freeze runs while other programs use more cores than this (mean of a minute)",
    (text) => readNumber(text, { above: 0, most: 4096 }, "a number of cores above 0", "0.5"),
  ),
  word("onBattery", "on-battery", "<never|always>", "whether it lends without mains power (default: always)", (text) =>
    text === "never" || text === "always" ? { ok: true, value: text } : expect("never or always"),
  ),
  word("maxTemperature", "max-temperature", "<celsius>", "freeze runs while the processor is hotter", (text) =>
    readNumber(text.replace(/\s*°?C$/, ""), { above: 29.9, most: 120 }, "degrees Celsius from 30 to 120", "85"),
  ),
  word("slots", "slots", "<n>", "runs at once (default: number of cores)", (text) => wholeNumber(text, mostSlots)),
  word(
    "cpuShare",
    "cpu-share",
    "<percent>",
    "largest share of the processor for all runs together: 50% (Linux)",
    (text) => {
      const read = readNumber(text.replace(/\s*%$/, ""), { above: 0.9, most: 100 }, "1% to 100%", "50%");
      return read.ok ? { ok: true, value: read.value / 100 } : read;
    },
  ),
  word(
    "memory",
    "memory",
    "<size>",
    "most memory for all runs together; above it the newest is handed back (Linux)",
    (text) => readBytes(text, leastMemory, "a size of at least 256 MB", "8GB"),
  ),
  word(
    "until",
    "until",
    "<time>",
    'stop taking runs then, and end when those in progress finish: 8h, 07:00, "2026-12-01 07:00"',
    readUntil,
  ),
  word("maxTrials", "max-trials", "<n>", "end after so many runs", (text) => wholeNumber(text, 1_000_000)),
  word(
    "yieldAfter",
    "yield-after",
    "<time>",
    "hand back runs that have been frozen for this long; they continue elsewhere (default: 10min)",
    (text) => readDuration(text, 1000, "10min", "a time of at least 1s"),
  ),
  word(
    "signs",
    "signs",
    "<a,b>",
    `which signs of use count for --when-idle (default: all that this system supports: ${signNames.join(",")})`,
    readSigns,
    { isList: true },
  ),
];

function wholeNumber(text: string, most: number): ReadQuantity<number> {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= most ? { ok: true, value } : expect(`a whole number from 1 to ${most}`);
}

function readSigns(text: string): ReadQuantity<readonly SignName[]> {
  const names = text.split(",").map((name) => name.trim());
  const known = signNames.filter((name) => names.includes(name));
  const strange = names.find((name) => !signNames.some((each) => each === name));
  return strange === undefined ? { ok: true, value: known } : expect(`some of ${signNames.join(", ")}`, strange);
}

/**
 * The rule that these texts give, in the form of a part of `Rules`. Several texts of a list add up.
 *
 * @param texts  the flag as often as it was typed, or the items of the key's list
 */
export function readRule(each: RuleWord, texts: readonly string[]): ReadQuantity<Partial<Rules>> {
  let value: unknown;
  for (const text of texts) {
    const read: ReadQuantity<unknown> = each.read(text.trim());
    if (!read.ok) return read;
    value = Array.isArray(value) && Array.isArray(read.value) ? [...value, ...read.value] : read.value;
  }
  // What `each.read` gave is of the type of its rule.
  return { ok: true, value: { [each.rule]: value } as Partial<Rules> };
}
