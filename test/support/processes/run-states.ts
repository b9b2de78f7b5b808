import { readFileSync } from "node:fs";
import { OwnProcesses } from "../../../worker/owner/detectors/own-processes.ts";

const isRunner = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("runner/main.js");
  } catch {
    return false; // It has just ended.
  }
};

/** States of the processes that train for a worker: T stands still. @param worker  its process */
const statesOf = (worker: number): string[] =>
  new OwnProcesses(worker)
    .pids()
    .filter(isRunner)
    .map((pid) => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "");

export const standStill = (worker: number): boolean => {
  const states = statesOf(worker);
  return states.length > 0 && states.every((state) => state === "T");
};

export const goOn = (worker: number): boolean => {
  const states = statesOf(worker);
  return states.length > 0 && !states.includes("T");
};
