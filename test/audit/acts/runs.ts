import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../../../shared/time/deadline.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import type { Act, Family } from "../act.ts";
import { actsOfPlay, goesOn, printsRaw, type Scene, seesWhatIsTaken, type Try } from "../attacker/play.ts";
import { type ExtraWorker, startExtraWorker } from "../ground/extra-worker.ts";
import type { Ground } from "../ground/ground.ts";
import { secretsOf } from "../ground/secrets.ts";
import { commandSpec } from "../ground/specs.ts";

/**
 * What a run's program tries, each a line of shell that writes its findings to the file `$OUT` in the run's folder.
 * Files there are uploaded, and read from the workspace. Without a sandbox a run may do whatever the worker's user may
 * (docs/trust.md says so); then only those marked `always` are tried.
 */
const tries: readonly Try[] = [
  { title: "prints its environment", script: "env > $OUT", always: true },
  { title: "prints its parent's environment", script: "cat /proc/$PPID/environ > $OUT", always: true },
  { title: "prints the words of every process", script: "cat /proc/[0-9]*/cmdline > $OUT", always: true },
  {
    title: "reads what its descriptors lead to",
    script: "ls -l /proc/self/fd /proc/$PPID/fd > $OUT; cat <&3 >> $OUT",
    always: true,
  },
  { title: "reads the environment of every process", script: "cat /proc/[0-9]*/environ > $OUT" },
  {
    title: "reads the worker's key by a path upwards",
    script: "cat ../../../identity.json ../../../../identity.json ../identity.json > $OUT",
  },
  {
    title: "reads the worker's key by a search",
    script: "find $GROUND /root /home -name identity.json -exec cat {} + > $OUT",
  },
  { title: "reads the coordinator's secrets", script: "cat $GROUND/data/nexus/ws1/secrets/* > $OUT" },
  { title: "reads the coordinator's endpoint", script: "cat $GROUND/data/nexus/ws1/endpoint.json > $OUT" },
  {
    title: "reads the broker's configuration",
    script: "find $GROUND -name '*.conf' -path '*secrets*' -exec cat {} + > $OUT",
  },
  { title: "reads the streams", script: "find $GROUND -name '*.blk' -exec cat {} + > $OUT" },
  { title: "follows the worker's root", script: "cat /proc/$PPID/root$GROUND/data/nexus/ws1/secrets/* > $OUT" },
  { title: "follows the worker's folder", script: "cat /proc/$PPID/cwd/data/nexus/ws1/secrets/* > $OUT" },
  {
    title: "reads the worker's memory",
    script:
      "cat /proc/$PPID/maps > /dev/null && dd if=/proc/$PPID/mem bs=1 count=1 skip=4096 2> /dev/null; cat /proc/$PPID/auxv > $OUT.auxv",
  },
  { title: "reads the spool and other runs", script: "cat ../../*/*/* ../../../spool/* > $OUT" },
  { title: "connects to the broker", script: "(exec 3<>/dev/tcp/127.0.0.1/$PORT && head -c 300 <&3) > $OUT" },
  { title: "writes to its worker's folder", script: "echo x > ../../../planted; echo x > ../../planted" },
  { title: "writes to the home folder of its owner", script: "echo x > $GROUND/planted; echo x > $GROUND/.profile" },
  {
    title: "leaves a link to the secrets in its folder",
    script:
      "ln -s $GROUND/data/nexus/ws1/secrets secrets; ln -s $GROUND/data/nexus/ws1/endpoint.json a.json; ln $GROUND/data/nexus/ws1/endpoint.json b.json",
  },
  { title: "leaves a pipe, a socket and a device in its folder", script: "mkfifo pipe; mknod null c 1 3" },
  {
    title: "leaves a file without rights in its folder",
    script: "echo x > locked; chmod 000 locked; mkdir d; chmod 000 d",
  },
  {
    title: "leaves names of control characters in its folder",
    script: "touch $'\\x1b[31mred' $'a\\nb' -- -rf $'\\u202egnp.txt'",
  },
  { title: "prints control characters", script: "printf '\\033]0;owned\\007\\033[2J\\r\\233\\061m'" },
  { title: "prints 20 MB on one line", script: "head -c 20000000 /dev/zero | tr '\\0' x" },
  {
    title: "prints reports of a million names",
    script: 'i=0; while [ $i -lt 3000 ]; do echo "{\\"iters\\": $i, \\"m$i\\": 1}"; i=$((i+1)); done',
  },
  {
    title: "prints reports that are no JSON",
    script:
      "echo '{\"iters\": 1e999, \"value\": NaN}'; echo '{\"__proto__\": {\"value\": 1}}'; echo '{'; echo '[[[[[' ",
  },
];

/** The control: without a sandbox this works, as the documentation says, so the looks must see it. */
const instrument: Try = {
  title: "reads the coordinator's secrets",
  script: "cat $GROUND/data/nexus/ws1/secrets/* > $OUT",
};

const survivor = (mark: string): Try => ({
  title: "leaves a process behind that has left its session",
  script: `(setsid sh -c 'exec -a ${mark} sleep 600' > /dev/null 2>&1 < /dev/null &)`,
  always: true,
});

const killers: readonly Try[] = [
  { title: "kills its worker", script: "kill -9 $(cat /proc/$PPID/status | awk '/^PPid/ {print $2}')" },
  { title: "ends every process that it can", script: "kill -TERM -1" },
  { title: "stops every process that it can", script: "kill -STOP -1" },
];

interface RunScene extends Scene {
  readonly out: string;
  readonly mark: string;
}

/** Tries everything in one run, each in its own shell. */
async function play(ground: Ground, pool: string, options: readonly string[], list: readonly Try[]): Promise<RunScene> {
  const mark = `zqleft${pool}`;
  const worker = startExtraWorker(ground, pool, options);
  const all = [...list, survivor(mark)];
  const script = all.map(
    ({ script: words }, i) => `export OUT=$PWD/stolen-${i}; timeout 3 bash -c ${quoted(words)} 2> /dev/null`,
  );
  const begin = `export GROUND=${ground.folder} PORT=${ground.broker.port}`;
  const text = [begin, ...script, `echo '{"iters": 1, "value": 1}'`].join("\n");
  const job = await worker.run(pool, commandSpec(ground.folder, pool, ["bash", "-c", text]));
  const out = join(ground.folder, `out-${pool}`);
  const { code, output } = await ground.command(["extract", job, out]);
  if (code !== 0) throw new Error(`${job} could not be extracted: ${output.slice(0, 300)}`);
  return { worker, out, mark };
}

const quoted = (words: string): string => `'${words.replaceAll("'", `'"'"'`)}'`;

/** The harm: a secret among the files that the program took along, or a file that it planted. */
function taken(ground: Ground, { out }: RunScene, i: number): string | undefined {
  const files = readdirSync(out, { recursive: true, encoding: "utf8" });
  // Links count by the file that they led to. A file whose name is of no try counts for every act.
  for (const file of files.filter((name) => name.endsWith(`stolen-${i}`) || !/stolen-\d+$/.test(name))) {
    const text = readIfThere(join(out, file));
    for (const [name, secret] of secretsOf(ground)) if (text.includes(secret)) return `it has ${name}, in ${file}`;
    if (file.endsWith(`stolen-${i}`) && text.includes("INFO {")) return "it spoke with the broker";
  }
  const planted = [join(ground.folder, "planted"), join(ground.folder, ".profile")].find(existsSync);
  if (planted !== undefined) return `it wrote ${planted}`;
  return findPlanted(join(ground.folder, "state"));
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // a folder, or a link to nowhere
  }
}

function findPlanted(folder: string): string | undefined {
  const found = pathsBelow(folder).find((path) => path.endsWith("/planted"));
  return found && `it wrote ${found} among the worker's files`;
}

function actsOf(pool: string, options: readonly string[], list: readonly Try[], ground: Ground): readonly Act[] {
  const act = actsOfPlay(ground, {
    family: "runs",
    role: options.includes("--sandbox") ? "program in a sandbox" : "program",
    key: pool,
    begin: () => play(ground, pool, options, list),
  });
  return [
    ...list.map(({ title }, i) => act(title, (played) => taken(ground, played, i))),
    act(survivor("").title, ({ mark }) => goesOn(mark)),
    act(printsRaw.title, printsRaw.harm),
  ];
}

const killing = (ground: Ground): readonly Act[] =>
  killers.map(
    ({ title, script }, i): Act => ({
      family: "runs",
      role: "program in a sandbox",
      title,
      attempt: async (_, mark) => {
        const pool = `killer${i}`;
        const worker = startExtraWorker(ground, pool, ["--sandbox"]);
        const text = `${script}\necho '{"iters": 1, "value": 1}'`;
        await worker.run(
          pool,
          commandSpec(ground.folder, pool, ["bash", "-c", text], { retries: 0, max_run_time: "5 s" }),
        );
        ground.notes.set(mark, worker);
        await pause(500);
      },
      harm: async (_, mark) => {
        const { program } = ground.notes.get(mark) as ExtraWorker; // as attempt left it
        const ended = program.exitCode;
        await program.end();
        return ended === undefined ? undefined : `its worker ended with ${ended}: ${program.output().slice(-200)}`;
      },
    }),
  );

/** Finding 9: programs for a worker that accepts no code. */
const programs: readonly (readonly [string, readonly string[]])[] = [
  ["a shell", ["sh", "-c", "touch $FILE"]],
  ["a program by its path", ["/usr/bin/touch", "$FILE"]],
  ["node", ["node", "-e", "require('fs').writeFileSync('$FILE', '')"]],
];
const withoutCode = (ground: Ground): readonly Act[] =>
  programs.map(
    ([title, command], i): Act => ({
      family: "runs",
      role: "author",
      title: `has ${title} executed by a worker with --no-code`,
      attempt: async (_, mark) => {
        const file = join(ground.folder, mark);
        const known = ground.notes.get("nocode") as ExtraWorker | undefined;
        const worker = known ?? startExtraWorker(ground, "nocode", ["--no-code"]);
        ground.notes.set("nocode", worker);
        const words = command.map((word) => word.replaceAll("$FILE", file));
        const spec = commandSpec(ground.folder, "nocode", words);
        const { output } = await ground.command(["run", ground.write(`nocode${i}.yaml`, spec)]);
        if (!/job\d+/.test(output)) throw new Error(output.slice(0, 200));
        await pause(2500);
      },
      harm: (_, mark) => (existsSync(join(ground.folder, mark)) ? "it ran" : undefined),
    }),
  );

export const runs: Family = {
  name: "runs",
  origin: "9, 13, Low",
  acts: (ground) => {
    const everywhere = tries.filter(({ always }) => always === true);
    return [
      ...actsOf("plain", [], [...everywhere, instrument], ground).filter(({ title }) => title !== instrument.title),
      seesWhatIsTaken<RunScene>(ground, "runs", "program", "plain", (played) =>
        taken(ground, played, everywhere.length),
      ),
      ...actsOf("box", ["--sandbox"], tries, ground),
      ...killing(ground),
      ...withoutCode(ground),
    ];
  },
};
