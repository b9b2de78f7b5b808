import { sizeText } from "../../shared/domain/size-text.ts";
import { spanText } from "./hours.ts";
import { durationText, endOf } from "./quantities.ts";
import type { Rules } from "./rules.ts";

/** The rules in one line for the owner. @param startedWall  for `until` */
export function rulesText(rules: Rules, startedWall: number): string {
  const { whenIdle, hours, maxLoad, onBattery, maxTemperature, cpuShare, memory, until, maxTrials, yieldAfter } = rules;
  const when = [
    whenIdle === null ? "" : `while nobody has used this machine for ${durationText(whenIdle)}`,
    hours.length === 0 ? "" : `at ${hours.map(spanText).join(" and ")}`,
    onBattery === "always" ? "" : "with mains power",
    maxLoad === null ? "" : `while others use at most ${maxLoad} ${maxLoad === 1 ? "core" : "cores"}`,
    maxTemperature === null ? "" : `up to ${maxTemperature} °C`,
  ].filter((part) => part !== "");
  const most = [
    cpuShare === null ? "" : `at most ${Math.round(cpuShare * 100)}% of the processor`,
    memory === null ? "" : `at most ${sizeText(memory)} of memory`,
    maxTrials === null ? "" : `ends after ${maxTrials === 1 ? "1 run" : `${maxTrials} runs`}`,
    until === null ? "" : `ends ${endText(endOf(until, startedWall))}`,
  ].filter((part) => part !== "");
  const lends = when.length === 0 ? "lends always, whether you use this machine or not" : `lends ${when.join(", ")}`;
  const yields = when.length === 0 ? [] : [`frozen runs move elsewhere after ${durationText(yieldAfter)}`];
  return [lends, ...most, ...yields].join("; ");
}

/** "2026-12-01 07:00" */
function endText(wall: number): string {
  const date = new Date(wall);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
