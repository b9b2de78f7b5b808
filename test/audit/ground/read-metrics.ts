/**
 * Program: `node read-metrics.js PATH SCRIPT` runs a line of shell in its working folder, as a run's program would, and
 * reads the metric files that it left as the stage does. `node read-metrics.js --pattern PATTERN SCRIPT` searches its
 * output instead. Prints as JSON the reports found, CPU milliseconds and peak megabytes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { MetricFiles } from "../../../worker/stages/Command_Proc/files/metric-files.ts";
import { MetricPatterns, SlowPattern } from "../../../worker/stages/Command_Proc/metric-patterns.ts";

const [first = "", second = "", third = ""] = process.argv.slice(2);
const isPattern = first === "--pattern";
const script = isPattern ? third : second;
const path = isPattern ? "." : first;

const files = new MetricFiles({ path, columns: {} }, ["value"], [process.cwd()]);
files.begin();
const child = spawn("bash", ["-c", script], {
  env: { ...process.env, NODE: process.execPath },
  stdio: ["ignore", "pipe", "ignore"],
});
let printed = "";
child.stdout.setEncoding("latin1").on("data", (text: string) => {
  // The stage gets no longer lines either.
  printed = (printed + text).slice(-64_000);
});
let reports = 0;
const looking = setInterval(() => {
  if (!isPattern) reports += files.read("new").length;
}, 100);
await once(child, "close");
clearInterval(looking);
const before = process.cpuUsage();
if (isPattern) {
  try {
    reports = new MetricPatterns([second]).find(printed.split("\n")).filter((found) => found !== undefined).length;
  } catch (error) {
    if (!(error instanceof SlowPattern)) throw error;
  }
} else {
  reports += files.read("all").length + files.read("last").length;
}
const { user, system } = process.cpuUsage(before);
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ reports, cpuMs: (user + system) / 1000, peakMb: maxRSS / 1024 })}\n`);
