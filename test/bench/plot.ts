import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { combine } from "../../coordinator/plots/figures/combine.ts";
import { importanceOf } from "../../shared/domain/importance/importance.ts";
import { rngFrom } from "../../shared/domain/rng.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import { encodeEvidence, type ReportRow } from "../../shared/wire/messages.ts";
import { evidence } from "../../shared/wire/subjects.ts";
import { JobStory, workerOf } from "../support/stories/job-story.ts";
import { ordered } from "../support/stories/search.ts";
import { type ToldMessage, tellWorkspace } from "../support/stories/told-workspace.ts";

const program = fileURLToPath(new URL("../../coordinator/cli/main.js", import.meta.url));
const [runs, reports, perMessage] = [200, 1000, 50];
const times = 5;

/** Times `nexus plot` as a whole command: it starts a broker on a real store, reads it, draws and writes a file. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, "data") };
  try {
    const { story, messages } = searchOf();
    await tellWorkspace(workspacePaths("ws1", env), story.events, messages);
    process.stdout.write(`${runs} runs x ${reports} reports in ${messages.length} messages; median of ${times}\n\n`);
    process.stdout.write(`${"nexus plot ...".padEnd(72)}   wall s    CPU s      KB\n`);
    for (const words of [
      ["job1", "s1-rew", "--aggregate=mean", "--shadow-type=std", "--save-to=mean.svg"],
      ["job1", "s1-rew", "--save-to=all.svg"],
      ["job1", "s1-rew", "--aggregate=mean", "--shadow-type=std", "--save-to=mean.png"],
      ["job1", "s1-rew", "--aggregate=mean", "--shadow-type=std"],
      ["summary", "job1", "--save-to=summary.svg"],
      ["importance", "job1", "--save-to=importance.svg"],
    ]) {
      measure(words, folder, env);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  measureParts();
}

function searchOf(): { story: JobStory; messages: ToldMessage[] } {
  const hyperparameters = [
    ordered("lr", [1, 2, 3, 4, 5, 6]),
    ordered("units", [1, 2, 3, 4, 5]),
    ordered("clip", [1, 2, 3, 4]),
  ];
  const story = new JobStory({ number: 1, hyperparameters, settings: { totalRuns: runs } });
  const messages: ToldMessage[] = [];
  const rng = rngFrom("plot");
  for (let i = 0; i < runs; i += 1) {
    const name = `run${1 + (i % 4)}.${1 + Math.floor(i / 4)}`;
    const n = story.started(name, [rng.below(6), rng.below(5), rng.below(4)]);
    const level = rng.uniform();
    for (let from = 0; from < reports; from += perMessage) {
      const rows = Array.from({ length: perMessage }, (_, k): ReportRow => {
        const at = from + k + 1;
        return [1, at * 100, at / 3600, [level * (1 - Math.exp(-at / 200)) + 0.1 * rng.uniform()], [100]];
      });
      messages.push({
        subject: evidence(workerOf(name), story.job, n, "report"),
        data: encodeEvidence({ attempt: 1, reports: rows }),
      });
    }
    story.completed(n, name, level, reports * 100, { "s1-hrs": reports / 3600, "s1-rew": level });
  }
  return { story, messages };
}

function measure(words: readonly string[], folder: string, env: NodeJS.ProcessEnv): void {
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const cpuBefore = childSeconds();
    const before = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [program, "plot", ...words], { cwd: folder, env });
    walls.push((performance.now() - before) / 1000);
    if (status !== 0) throw new Error(`nexus plot ${words.join(" ")} ended with ${status}: ${stderr}`);
    cpus.push(childSeconds() - cpuBefore);
  }
  const file = words.at(-1)?.startsWith("--save-to=")
    ? join(folder, words.at(-1)?.slice("--save-to=".length) ?? "")
    : "";
  const size = file === "" ? "" : (statSync(file).size / 1024).toFixed(0);
  process.stdout.write(
    `${words.join(" ").padEnd(72)} ${median(walls).toFixed(2).padStart(8)} ${median(cpus).toFixed(2).padStart(8)} ${size.padStart(7)}\n`,
  );
}

/** CPU seconds of this process's ended children; 0 where there is no /proc. */
function childSeconds(): number {
  if (process.platform !== "linux") return 0;
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function measureParts(): void {
  const rng = rngFrom("parts");
  const xs = Array.from({ length: reports }, (_, i) => (i + 1) * 100);
  const curves = Array.from({ length: runs }, () => ({ xs, ys: xs.map(() => rng.uniform()) }));
  process.stdout.write("\nin this process                                              ms\n");
  timed(`combine ${runs} curves of ${reports}`, () => combine(curves));
  const space = Array.from({ length: 8 }, (_, i) => ordered(`hp${i}`, [1, 2, 3, 4, 5, 6]));
  for (const count of [100, 1000, 10_000]) {
    const searched = Array.from({ length: count }, () => {
      const configuration = space.map(() => rng.below(6));
      return { configuration, hpmax: (configuration[0] ?? 0) + rng.uniform() };
    });
    timed(`importance of 8 hyperparameters from ${count} runs`, () => importanceOf(space, searched));
  }
}

function timed(what: string, work: () => unknown): void {
  const took = Array.from({ length: times }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  });
  process.stdout.write(`${what.padEnd(56)} ${median(took).toFixed(0).padStart(6)}\n`);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
