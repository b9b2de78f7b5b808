import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../coordinator/cli/main.js", import.meta.url));

export const costHeader = `${"".padEnd(30)}wall, s (median of all)   CPU, s   peak memory, MB\n`;

/** A printed line of a `nexus` command's cost, its data in the folder's `data`: medians of seconds, CPU s and MB. */
export async function commandCost(
  name: string,
  words: readonly string[],
  folder: string,
  times: number,
): Promise<string> {
  const found: Measured[] = [];
  for (let i = 0; i < times; i += 1) found.push(await measured(words, folder));
  const wall = found.map(({ seconds }) => seconds);
  return (
    `${name.padEnd(30)}${median(wall).toFixed(2).padStart(8)} (${wall.map((each) => each.toFixed(2)).join(" ")})` +
    `${median(found.map(({ cpu }) => cpu))
      .toFixed(2)
      .padStart(9)}${median(found.map(({ megabytes }) => megabytes))
      .toFixed(0)
      .padStart(9)}\n`
  );
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

interface Measured {
  readonly seconds: number;
  /** CPU seconds of the command itself, without its broker. */
  readonly cpu: number;
  readonly megabytes: number;
}

/** Runs one command in a process that writes its resource usage when it exits. */
async function measured(words: readonly string[], folder: string): Promise<Measured> {
  const said = join(folder, "used.json");
  const hook = join(folder, "hook.mjs");
  const used = "const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();";
  const text = "JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 })";
  const write = `writeFileSync(${JSON.stringify(said)}, ${text});`;
  const load = 'const { writeFileSync } = await import("node:fs");';
  writeFileSync(hook, `${load}\nprocess.on("exit", () => { ${used} ${write} });\n`);
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", hook, program, ...words], {
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, "data") },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`nexus ${words.join(" ")} ended with ${code}`);
  const told = JSON.parse(readFileSync(said, "utf8")) as { cpu: number; megabytes: number };
  return { seconds, ...told };
}
