import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { maskedCrc32c } from "../../../shared/tensorboard/crc32c.ts";
import type { Act, Family } from "../act.ts";
import { startProcess } from "../ground/programs.ts";

const reader = fileURLToPath(new URL("../ground/read-metrics.js", import.meta.url));

/** The head of a TensorBoard record: a length and its valid checksum. */
function head(length: bigint): string {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(length);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  return bytes.toString("base64");
}
const into = (file: string, base64: string): string => `echo ${base64} | base64 -d >> ${file}`;
const events = "events.out.tfevents.1.x";
const good = "printf 'step,value\\n1,1\\n' > m.csv";
const node = (script: string): string => `"$NODE" -e '${script}'`;

/** A file that a program leaves for `metrics_file`, by its path and the line of shell that makes it. */
const files: readonly (readonly [title: string, path: string, script: string])[] = [
  ["2 GB of nothing", "m.csv", "truncate -s 2G m.csv"],
  ["a line of 100 MB", "m.csv", "head -c 100000000 /dev/zero | tr '\\0' 1 > m.csv"],
  ["400,000 rows of two bytes", "m.csv", "(echo value; yes 1 | head -n 400000) > m.csv"],
  [
    "100,000 columns",
    "m.csv",
    node('let s="";for(let i=0;i<1e5;i++)s+="c"+i+",";require("fs").writeFileSync("m.csv",(s+"\\n").repeat(8))'),
  ],
  ["a quotation without end", "m.csv", `(echo 'step,value'; echo '1,"'; yes 'x","' | head -n 300000) > m.csv`],
  ["columns called __proto__", "m.csv", "printf '__proto__,constructor,value\\n1,2,3\\n' > m.csv"],
  ["steps that are none", "m.csv", "printf 'step,value\\nnan,1\\n-inf,1\\n1e308,1\\n-5,1\\n0.5,1\\n' > m.csv"],
  ["steps that go down", "m.csv", "(echo step,value; seq 200000 -1 1 | sed 's/$/,1/') > m.csv"],
  [
    "half a table that grows all the time",
    "m.csv",
    `${good}; (while :; do echo 2,2 >> m.csv; done) & sleep 3; kill $!`,
  ],
  ["a table that is written anew all the time", "m.csv", `for i in $(seq 300); do ${good}; done`],
  ["a pipe", "m.csv", "mkfifo m.csv"],
  ["a link to another's file", "m.csv", "ln -s /etc/passwd m.csv"],
  ["a link to itself", "m.csv", "ln -s m.csv m.csv"],
  ["a device", "m.csv", "mknod m.csv c 1 5 || ln -s /dev/zero m.csv"],
  ["a folder of 20,000 files", "runs", "mkdir runs; cd runs; seq 20000 | xargs touch; cd .."],
  ["a folder that leads into itself", "runs", "mkdir -p runs/a; ln -s .. runs/a/b"],
  ["folders 200 deep", "runs", `mkdir -p runs/${"d/".repeat(200)}`],
  [
    "objects 50,000 deep",
    "log.jsonl",
    node('require("fs").writeFileSync("log.jsonl","{\\"a\\":".repeat(50000)+"1"+"}".repeat(50000)+"\\n")'),
  ],
  [
    "an object of 100,000 names",
    "log.jsonl",
    node(
      'const o={};for(let i=0;i<1e5;i++)o["k"+i]=i;require("fs").writeFileSync("log.jsonl",(JSON.stringify(o)+"\\n").repeat(5))',
    ),
  ],
  ["names of __proto__", "log.jsonl", `printf '{"__proto__": {"value": 1}, "value": 2}\\n' > log.jsonl`],
  [
    "many spaces before NaN",
    "log.jsonl",
    node('require("fs").writeFileSync("log.jsonl","{\\"value\\":"+" ".repeat(9e5)+"x\\n")'),
  ],
  ["a record of 2^63 bytes", events, into(events, head(2n ** 63n))],
  ["a record of 2^40 bytes", events, into(events, head(2n ** 40n))],
  [
    "a record of 1 GB that comes slowly",
    events,
    `${into(events, head(1_000_000_000n))}; head -c 600000000 /dev/zero >> ${events}`,
  ],
  [
    "records of no bytes",
    events,
    node(
      `const h=Buffer.from("${head(0n)}","base64");require("fs").writeFileSync("${events}",Buffer.concat(Array(1e5).fill(Buffer.concat([h,Buffer.alloc(4)]))))`,
    ),
  ],
  ["random events", events, `head -c 5000000 /dev/urandom > ${events}`],
  ["half a history of W&B", "run.wandb", "head -c 20000000 /dev/zero > run.wandb"],
  ["random bytes as W&B", "run.wandb", "head -c 5000000 /dev/urandom > run.wandb"],
];

const patterns: readonly (readonly [title: string, pattern: string, script: string])[] = [
  ["needs for ever", "(a+)+$ (?<value>\\d)", "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1!"],
  ["needs for ever in the whole line", "(.*)*(.*)*(.*)*=(?<value>\\d+)x", `${node('console.log("1".repeat(4000))')}`],
  ["looks at 20 MB", "v(?<value>\\d)", "head -c 20000000 /dev/zero | tr '\\0' 1; echo v1"],
  ["repeats what it captured", "(?<value>\\d+)\\1+\\1+\\1+x", `${node('console.log("1".repeat(3900))')}`],
  ["finds numbers that are none", "(?<value>.+)", "printf '1e999\\n-\\n0x1\\n\\033[2J\\n'"],
];

/** The most that reading hostile files may cost the run's own process. */
const most = { cpuMs: 20_000, peakMb: 900 };
const limitMs = 120_000;

interface Read {
  readonly code: number;
  readonly output: string;
}

const act = (title: string, words: readonly string[]): Act => ({
  family: "metrics",
  role: "program",
  title,
  attempt: async (ground, mark) => {
    const folder = join(ground.folder, mark);
    mkdirSync(folder);
    const program = startProcess(process.execPath, [reader, ...words], folder, ground.env);
    const code = await program.finished(limitMs);
    ground.notes.set(mark, { code, output: program.output() } satisfies Read);
    rmSync(folder, { recursive: true, force: true });
  },
  harm: (ground, mark) => {
    const { code, output } = ground.notes.get(mark) as Read; // as attempt left it
    if (code !== 0) return `reading it ended with ${code}: ${output.slice(-300)}`;
    const { cpuMs, peakMb } = JSON.parse(output) as { cpuMs: number; peakMb: number };
    if (cpuMs > most.cpuMs) return `reading it took ${cpuMs.toFixed(0)} ms of CPU`;
    return peakMb > most.peakMb ? `reading it took ${peakMb.toFixed(0)} MB` : undefined;
  },
});

export const metrics: Family = {
  name: "metrics",
  origin: "own",
  acts: () => [
    ...files.map(([title, path, script]) => act(`leaves ${title} as its metrics`, [path, script])),
    ...patterns.map(([title, pattern, script]) =>
      act(`is looked through by a pattern that ${title}`, ["--pattern", pattern, script]),
    ),
  ],
};
