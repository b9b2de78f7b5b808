import type { Lending } from "../node/lending.ts";
import { openLending } from "../node/lending.ts";
import type { Found, Now, Use } from "./detectors/detector.ts";
import { isWithin, nextOpening, openingText } from "./hours.ts";
import { durationText } from "./quantities.ts";
import type { Rules } from "./rules.ts";

/** What all detectors know together. */
export interface Signs extends Omit<Found, "use"> {
  readonly uses: readonly Use[];
  /** While `--pretend owner-active` is in effect: how long it lasts, in milliseconds. */
  readonly pretendedMs?: number;
}

/** What the next decision needs of the last one. */
export interface Decided {
  readonly lending: Lending;
  /** Which rule keeps it from lending. */
  readonly by: Kept | null;
  /** When it stopped lending, by the monotonic clock. */
  readonly since: number;
  /** Limits that were crossed. Each counts until the value is well below it, so that nothing flaps. */
  readonly isHot: boolean;
  readonly isLoaded: boolean;
}

type Kept = "pretended" | "hours" | "use" | "battery" | "temperature" | "load";

export const undecided: Decided = { lending: openLending, by: null, since: 0, isHot: false, isLoaded: false };

/** A processor that was too hot must cool to this many degrees Celsius below the limit. */
const coolerBy = 5;
/** The load must fall to this part of --max-load. */
const calmPart = 0.75;

interface Reason {
  readonly by: Kept;
  readonly why: string;
  readonly until: string;
}

/**
 * What the owner allows now.
 *
 * Outside the owner's hours, runs are handed back at once: the next hours are far away. Any other reason may pass
 * within minutes: it freezes runs at once, which keeps their leases and costs nothing, and hands them back after
 * `yieldAfter`. Each reason ends by itself, and lending begins when none is left.
 */
export function decide(rules: Rules, signs: Signs, now: Now, before: Decided): Decided {
  const isHot = isOver(signs.temperature, rules.maxTemperature, before.isHot, (most) => most - coolerBy);
  const isLoaded = isOver(signs.load, rules.maxLoad, before.isLoaded, (most) => most * calmPart);
  const reasons = [
    pretended(signs),
    outOfHours(rules, now),
    inUse(rules, signs, now),
    onBattery(rules, signs),
    tooHot(rules, signs, isHot),
    tooLoaded(rules, signs, isLoaded),
  ].filter((reason) => reason !== null);
  const [first] = reasons;
  if (first === undefined) return { lending: openLending, by: null, since: now.monotonic, isHot, isLoaded };
  const wasOpen = before.lending.word === "open";
  const since = wasOpen ? now.monotonic : before.since;
  const mustClose = first.by === "hours" || reasons.some(({ by }) => by === "hours");
  const word = mustClose || now.monotonic - since >= rules.yieldAfter ? "closed" : "frozen";
  // The message stays the same while its reason lasts: another key or degree is not news.
  const told = reasons.find(({ by }) => by === before.by);
  const shown = mustClose ? (reasons.find(({ by }) => by === "hours") ?? first) : (told ?? first);
  const lasts = shown.by === before.by && !wasOpen && isTrue(before.lending.why, shown.by, rules, signs, now);
  const why = lasts ? before.lending.why : shown.why;
  return { lending: { word, why, until: shown.until }, by: shown.by, since, isHot, isLoaded };
}

/** Whether the stated reason still holds: somebody who typed may have gone while a program goes on. */
function isTrue(why: string, by: Kept, rules: Rules, signs: Signs, now: Now): boolean {
  if (by === "battery") return why === onBattery(rules, signs)?.why;
  return by !== "use" || recentUses(rules, signs, now).some(({ what }) => withoutNumbers(what) === withoutNumbers(why));
}

/** A program that uses 1.2 cores now and 1.4 later is one sign. */
const withoutNumbers = (text: string): string => text.replace(/\d+(\.\d+)?/g, "");

const recentUses = ({ whenIdle }: Rules, { uses }: Signs, { monotonic }: Now): Use[] =>
  uses.filter(({ at }) => whenIdle !== null && monotonic - at < whenIdle);

function isOver(
  value: number | undefined,
  most: number | null,
  wasOver: boolean,
  leave: (most: number) => number,
): boolean {
  if (value === undefined || most === null) return false;
  return value > (wasOver ? leave(most) : most);
}

function pretended({ pretendedMs }: Signs): Reason | null {
  if (pretendedMs === undefined) return null;
  return { by: "pretended", why: "its owner pretends to use it", until: `after ${durationText(pretendedMs)}` };
}

function outOfHours({ hours }: Rules, { wall }: Now): Reason | null {
  if (isWithin(hours, wall)) return null;
  const next = nextOpening(hours, wall);
  const until = next === undefined ? "" : openingText(next, wall);
  return { by: "hours", why: "its owner does not lend it at this hour", until };
}

function inUse(rules: Rules, signs: Signs, now: Now): Reason | null {
  const recent = recentUses(rules, signs, now);
  if (rules.whenIdle === null || recent.length === 0) return null;
  const last = recent.reduce((latest, use) => (use.at > latest.at ? use : latest));
  return { by: "use", why: last.what, until: `after ${durationText(rules.whenIdle)} without a sign of use` };
}

function onBattery(rules: Rules, { onBattery }: Signs): Reason | null {
  if (rules.onBattery === "always" || onBattery === false || onBattery === undefined) return null;
  const why = onBattery ? "it runs on battery" : "nobody tells whether it has mains power";
  return { by: "battery", why, until: "with mains power" };
}

function tooHot({ maxTemperature }: Rules, { temperature = 0 }: Signs, isHot: boolean): Reason | null {
  if (!isHot || maxTemperature === null) return null;
  const why = `its processor has ${Math.round(temperature)} °C, more than ${maxTemperature} °C`;
  return { by: "temperature", why, until: `at ${maxTemperature - coolerBy} °C` };
}

function tooLoaded({ maxLoad }: Rules, { load = 0 }: Signs, isLoaded: boolean): Reason | null {
  if (!isLoaded || maxLoad === null) return null;
  const why = `other programs use ${coresText(load)}, more than ${maxLoad}`;
  return { by: "load", why, until: `when they use less than ${Number((maxLoad * calmPart).toPrecision(3))}` };
}

const coresText = (cores: number): string => {
  const shown = cores.toFixed(cores < 9.95 ? 1 : 0);
  return `${shown} ${shown === "1.0" ? "core" : "cores"}`;
};
