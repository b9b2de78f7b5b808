import { spawnSync } from "node:child_process";
import { programOnPath } from "../../../shared/machine/program-on-path.ts";
import { perlReaper, pythonReaper } from "./scripts.ts";

/** The number of the system call prctl, by Node's names of processors. */
const prctlNumbers: Readonly<Record<string, number>> = {
  arm: 172,
  arm64: 167,
  ia32: 172,
  ppc64: 171,
  riscv64: 167,
  s390x: 172,
  x64: 157,
};

/** The programs that can be reapers, the lightest first: 0.4 MB and 5 ms; 3 MB and 30 ms (2026-11-28). */
const programs: readonly (readonly [name: string, ...words: string[]])[] = [
  ["perl", "-e", perlReaper],
  ["python3", "-IS", "-c", pythonReaper],
];

/** A program that has not shown within this time that it can be a reaper counts as missing. */
const mostTryMs = 10_000;

/** Words before a runner's command that give it a reaper (scripts.ts). Undefined where there can be none. */
export function reaperWords(
  names: readonly string[] = programs.map(([name]) => name),
  platform: NodeJS.Platform = process.platform,
  processor: string = process.arch,
): readonly string[] | undefined {
  const number = prctlNumbers[processor];
  if (platform !== "linux" || number === undefined) return undefined;
  for (const [name, ...words] of programs) {
    // Started by path: on a setup's PATH, programs that it installed come first.
    const program = names.includes(name) ? programOnPath(name, process.env["PATH"]) : undefined;
    if (program === undefined) continue;
    const all = [program, ...words, String(number), String(process.pid)];
    const [command = "", ...rest] = [...all, "/bin/sh", "-c", "exit 42"];
    const env = { ...process.env, PERL_BADLANG: "0" };
    if (spawnSync(command, rest, { stdio: "ignore", timeout: mostTryMs, env }).status === 42) return all;
  }
  return undefined;
}
