import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../../../shared/time/deadline.ts";
import { workerStateDir } from "../../../worker/joining/identity.ts";
import type { Act, Family, Found } from "../act.ts";
import { type Ground, ids } from "../ground/ground.ts";
import { startProgram } from "../ground/programs.ts";
import { probeSpec } from "../ground/specs.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const raw = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|[\u202a-\u202e\u2066-\u2069]/u;
const broke = /\n\s+at .*\(?.*:\d+:\d+\)?/;

function printed(output: string): Found {
  const text = Buffer.from(output, "latin1").toString("utf8");
  const found = raw.exec(text);
  if (found) return `${JSON.stringify(text.slice(Math.max(0, found.index - 30), found.index + 30))} came out`;
  return broke.test(text) ? `it broke: ${text.slice(0, 300)}` : undefined;
}

/** `nvidia-smi` and `rocm-smi` of a strange machine, each as a line of shell. */
const drivers: readonly (readonly [title: string, script: string])[] = [
  ["prints without end", "yes '0, GPU-1, x, 1 MiB'"],
  ["never ends", "trap '' TERM; while :; do sleep 1; done"],
  ["prints random bytes", "head -c 300000 /dev/urandom"],
  [
    "prints control characters",
    'printf \'0, GPU-1, \\033[2J\\007x, 1 MiB\\n{"card0": {"Card Series": "\\033[31m"}}\\n\'',
  ],
  ["names 10,000 GPUs", "seq -f '%.0f, GPU-%.0f, x, 1 MiB' 10000 | sed 's/GPU-.*, x/GPU-a, x/'"],
  ["names the same GPU a hundred times", "for i in $(seq 100); do echo '0, GPU-1, x, 1 MiB'; done"],
  ["names numbers without end", `echo "${"9".repeat(400)}, GPU-1, x, ${"9".repeat(400)} MiB"`],
  ["prints objects 100,000 deep", "printf '{\"card0\":%.0s' $(seq 100000)"],
  [
    "prints __proto__",
    `echo '{"__proto__": {"Card Series": "x"}, "card0": null, "card1": {"VRAM Total Memory (B)": "-1e999"}}'`,
  ],
  ["is killed", "kill -SEGV $$"],
  ["leaves a process that holds its output", "(trap '' TERM HUP; sleep 20) & echo '0, GPU-1, x, 1 MiB'"],
];
const comesUpMs = 60_000;
/** An `nvidia-smi` whose `pmon` lists a program on a GPU; the program's owner chooses its name. */
const pmon = (name: string): string =>
  `if [ "$1" = pmon ]; then while :; do printf '    0  99999999     C     99      1      -      -      -      -    ${name}\\n'; sleep 0.2; done; fi; echo '0, GPU-1, x, 1 MiB'`;
const users: readonly (readonly [title: string, script: string])[] = [
  ["has control characters in its name", pmon("\\033[2J\\007\\033]0;x\\007\\342\\200\\256evil")],
  ["has a name of 60,000 characters", pmon("x".repeat(60_000))],
  ["has a name without end", `[ "$1" = pmon ] && exec tr '\\0' x < /dev/zero; echo '0, GPU-1, x, 1 MiB'`],
];

const driven = drivers.map(
  ([title, script]): Act => ({
    family: "machine",
    role: "driver",
    title: `${title} when a worker asks for its GPUs`,
    attempt: async (ground, mark) => {
      const folder = join(ground.folder, `bin-${mark}`);
      mkdirSync(folder);
      for (const name of ["nvidia-smi", "rocm-smi"]) {
        writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`);
        chmodSync(join(folder, name), 0o755);
      }
      const env = { ...ground.env, PATH: `${folder}:${process.env["PATH"]}` };
      const words = [ground.joinLine, "--name", mark, "--target", mark, "--slots", "1"];
      const program = startProgram("worker/main.js", words, ground.folder, env);
      const limit = performance.now() + comesUpMs;
      const isUp = (): boolean => program.exitCode !== undefined || program.output().includes(" lends ");
      while (!isUp() && performance.now() < limit) await pause(50);
      ground.notes.set(mark, { isUp: isUp(), output: program.output() });
      await program.end();
    },
    harm: (ground, mark) => {
      const { isUp, output } = ground.notes.get(mark) as { isUp: boolean; output: string }; // as attempt left it
      return isUp ? printed(output) : `the worker did not start within ${comesUpMs / 1000} s`;
    },
  }),
);

/** Another user's program, whose name a worker prints when it says why it does not lend. */
const used = users.map(
  ([title, script]): Act => ({
    family: "machine",
    role: "neighbour",
    title: `uses a GPU, and ${title}`,
    attempt: async (ground, mark) => {
      const folder = join(ground.folder, `bin-${mark}`);
      mkdirSync(folder);
      writeFileSync(join(folder, "nvidia-smi"), `#!/bin/bash\n${script}\n`);
      chmodSync(join(folder, "nvidia-smi"), 0o755);
      const env = { ...ground.env, PATH: `${folder}:${process.env["PATH"]}` };
      const rules = ["--when-idle", "1h", "--signs", "gpu"];
      const words = [ground.joinLine, "--name", mark, "--target", mark, "--slots", "1", ...rules];
      const program = startProgram("worker/main.js", words, ground.folder, env);
      let told = "";
      await ground.until("it says what it does", async () => {
        told = (await ground.command(["why", "worker", mark])).output;
        return program.exitCode !== undefined || told.includes("GPU 0") || /prints a line|lends/.test(program.output());
      });
      told += (await ground.command(["list", "workers"])).output;
      ground.notes.set(mark, { isUp: program.exitCode === undefined, output: program.output() + told });
      await program.end();
    },
    harm: (ground, mark) => {
      const { isUp, output } = ground.notes.get(mark) as { isUp: boolean; output: string }; // as attempt left it
      return isUp ? printed(output) : `the worker has ended: ${output.slice(-200)}`;
    },
  }),
);

/** Changes that a run without a sandbox makes to its worker's status file. */
const statuses: readonly (readonly [title: string, change: (text: string) => string])[] = [
  ["control characters", (text) => text.replace(/"server":"/, '"server":"\\u001b[2J\\u0007\\u202e')],
  ["jobs of no kind", (text) => text.replace(/"jobs":\[[^\]]*\]/, '"jobs":[null,1,[],{"job":{},"what":1,"runs":"x"}]')],
  ["promises of any kind", (text) => text.replace(/"promises":\[[^\]]*\]/, '"promises":[null,{"a":1},"\\u001b[31m"]')],
  ["numbers that are none", (text) => text.replace(/"slots":\d+/, '"slots":1e999').replace(/"done":\d+/, '"done":"x"')],
  ["half a text", (text) => text.slice(0, text.length / 2)],
  ["a list", () => "[1,2,3]"],
  ["depth", () => "[".repeat(100_000)],
  ["5 MB", (text) => text.replace('"waits":"', `"waits":"${"x".repeat(5_000_000)}`)],
];
const told = statuses.map(
  ([title, change]): Act => ({
    family: "machine",
    role: "program",
    title: `writes ${title} into its worker's status`,
    attempt: async (ground, mark) => {
      const file = join(workerStateDir("ws1", ids.honest, ground.env), "status.json");
      let output = "";
      for (const words of [["status"], ["status", "--json"]]) {
        writeFileSync(file, change(readFileSync(file, "utf8")));
        const program = startProgram("worker/main.js", words, ground.folder, ground.env);
        await program.finished();
        output += program.output();
      }
      ground.notes.set(mark, output);
    },
    harm: (ground, mark) => printed(ground.notes.get(mark) as string),
  }),
);

const ready = `echo '{"type":"ready","protocol":1,"name":"x","deterministic":true,"reports":true}'`;
/** A user's own searches, as shell programs. */
const searches: readonly (readonly [title: string, script: string])[] = [
  ["prints without end", "yes"],
  ["prints one line without end", "tr '\\0' x < /dev/zero"],
  ["complains without end", `${ready}; yes >&2`],
  ["ends at once", "exit 7"],
  ["says nothing and does not end", "trap '' TERM; while :; do sleep 1; done"],
  [
    "chooses what there is not",
    `${ready}; while read l; do echo '{"type":"choice","ask":1,"settings":{"a":1e999,"__proto__":1}}'; done`,
  ],
  [
    "answers what nobody asked",
    `${ready}; for i in $(seq 100000); do echo "{\\"type\\":\\"later\\",\\"ask\\":$i}"; done; cat > /dev/null`,
  ],
  [
    "ends runs that are not its own",
    `${ready}; for i in $(seq 2000); do echo "{\\"type\\":\\"prune\\",\\"run\\":$i}"; done; cat > /dev/null`,
  ],
  [
    "gives control characters for a reason",
    `printf '{"type":"error","message":"\\\\u001b[2J\\\\u0007\\\\u202e"}\\n'; cat > /dev/null`,
  ],
  ["prints objects 200,000 deep", `printf '{"a":%.0s' $(seq 200000); echo`],
];
const searched = searches.map(
  ([title, script], i): Act => ({
    family: "machine",
    role: "author",
    title: `has a search choose that ${title}`,
    watch: { cpuMs: 6000, growthMb: 200 },
    attempt: async (ground, mark) => {
      const file = `search${i}.sh`;
      ground.write(file, `${script}\n`);
      const job = { hp_tuning: "own", total_runs: 5, compute_target: "honest", code: [file] };
      const spec = probeSpec(ground.folder, { ...job, search: { command: ["bash", file] } });
      const { output } = await ground.command(["run", ground.write(`search${i}.yaml`, spec)]);
      const name = /job\d+/.exec(output)?.[0];
      if (name === undefined) throw new Error(`not submitted: ${output.slice(0, 300)}`);
      await pause(3000);
      const said = await ground.command(["why", name]);
      await ground.command(["cancel", name, "--yes"]);
      ground.notes.set(mark, said.output);
    },
    harm: async (ground, mark) => printed(ground.notes.get(mark) as string) ?? (await otherJobs(ground)),
  }),
);

async function otherJobs(ground: Ground): Promise<Found> {
  const { output } = await ground.command(["list", "runs", "job1", "--status", "pruned", "--json"]);
  return /"status":"PRUNED"/i.test(output) ? "it ended runs of another job" : undefined;
}

export const machine: Family = {
  name: "machine",
  origin: "own",
  acts: () => [...driven, ...used, ...told, ...searched],
};
