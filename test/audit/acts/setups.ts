import { existsSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, filesBelow } from "../../support/living-tree.ts";
import type { Act, Family, Found } from "../act.ts";
import { actsOfPlay, goesOn, printsRaw, type Scene, seesWhatIsTaken, type Try } from "../attacker/play.ts";
import { startExtraWorker } from "../ground/extra-worker.ts";
import type { Ground } from "../ground/ground.ts";
import { secretsOf } from "../ground/secrets.ts";
import { commandSpec } from "../ground/specs.ts";
import { stateOf } from "../ground/state.ts";

/**
 * What a spec's `setup` tries on a worker that keeps environments for others' jobs, each a line of bash. Its findings
 * go to `$OUT`, in its own environment, from where the run that follows takes them.
 */
const tries: readonly Try[] = [
  { title: "prints its environment", script: "env > $OUT", always: true },
  { title: "prints its parent's environment", script: "cat /proc/$PPID/environ > $OUT", always: true },
  { title: "prints the words of every process", script: "cat /proc/[0-9]*/cmdline > $OUT", always: true },
  {
    title: "reads what its descriptors lead to",
    script: "ls -l /proc/self/fd /proc/$PPID/fd > $OUT; for i in 3 4 5 6; do timeout 1 cat <&$i >> $OUT; done",
    always: true,
  },
  { title: "prints control characters", script: "printf '\\033]0;owned\\007\\033[2J\\r\\233\\061m\\n'", always: true },
  {
    title: "reads the worker's key by a path upwards",
    script: "cat ../identity.json ../../identity.json $VIRTUAL_ENV/../../identity.json > $OUT",
  },
  {
    title: "reads the worker's key by a search",
    script: "find $GROUND /root /home -name identity.json -exec cat {} + > $OUT",
  },
  { title: "reads the coordinator's secrets", script: "cat $GROUND/data/nexus/ws1/secrets/* > $OUT" },
  { title: "reads the streams", script: "find $GROUND -name '*.blk' -exec cat {} + > $OUT" },
  { title: "connects to the broker", script: "(exec 3<>/dev/tcp/127.0.0.1/$PORT && head -c 300 <&3) > $OUT" },
  { title: "writes beside its environment", script: "echo x > $VIRTUAL_ENV/../planted; echo x > $VIRTUAL_ENV.planted" },
  {
    title: "writes among the worker's files",
    script: "echo x > $VIRTUAL_ENV/../../planted; echo x > $VIRTUAL_ENV/../../../planted",
  },
  { title: "writes to the home folder of its owner", script: "echo x > $GROUND/planted; echo x > $GROUND/.profile" },
  {
    title: "puts its own into the environments of other jobs",
    script:
      "for i in $VIRTUAL_ENV/../*/; do [ $i -ef $VIRTUAL_ENV ] || echo planted > $i/planted; done; ls $VIRTUAL_ENV/.. > $OUT.others",
  },
  {
    title: "has a link in the place of its record lead to the worker's key",
    script:
      "ln -sf $VIRTUAL_ENV/../../identity.json $VIRTUAL_ENV.json; ln -sf $VIRTUAL_ENV/../../identity.json $VIRTUAL_ENV.log",
  },
  {
    title: "has links in its environment lead to the secrets",
    script: "ln -s $GROUND/data/nexus/ws1/secrets $VIRTUAL_ENV/lib/secrets; ln -s $GROUND/data $VIRTUAL_ENV/lib/data",
  },
  {
    title: "puts a program into the place of the one that makes its sandbox",
    script:
      'printf "#!/bin/sh\\necho x > $GROUND/planted\\nexec /usr/bin/bwrap \\"\\$@\\"\\n" > $VIRTUAL_ENV/bin/bwrap; chmod +x $VIRTUAL_ENV/bin/bwrap',
  },
  {
    title: "leaves folders without rights in its environment",
    script: "mkdir -p $VIRTUAL_ENV/closed/inner; chmod 000 $VIRTUAL_ENV/closed",
  },
];

/** The control: without a sandbox this works, as the documentation says, so the looks must see it. */
const instrument: Try = {
  title: "reads the coordinator's secrets",
  script: "cat $GROUND/data/nexus/ws1/secrets/* > $OUT",
};

const leavers: readonly Try[] = [
  {
    title: "leaves a process behind that has left its session",
    script: "(setsid bash -c 'exec -a $LEFT-1 sleep 600' > /dev/null 2>&1 < /dev/null &)",
    always: true,
  },
  {
    title: "leaves a process behind that has left its session and wiped its environment",
    script: '(env -i setsid bash -c "exec -a $LEFT-2 sleep 600" > /dev/null 2>&1 < /dev/null &)',
    always: true,
  },
];

const quoted = (words: string): string => `'${words.replaceAll("'", `'"'"'`)}'`;

interface SetupScene extends Scene {
  readonly out: string;
  readonly left: string;
  /** Files fetched by the first job that a later job with another setup found; "" if none. */
  readonly later: string;
}

/**
 * Runs a job whose setup tries everything and plants a file in the cache, then another job that looks for such files.
 */
async function play(
  ground: Ground,
  pool: string,
  options: readonly string[],
  list: readonly Try[],
): Promise<SetupScene> {
  const worker = startExtraWorker(ground, pool, options);
  const left = `zqsetup${pool}`;
  const lines = [...list, ...leavers].map(
    ({ script }, i) => `export OUT=$VIRTUAL_ENV/stolen-${i}; timeout 5 bash -c ${quoted(script)} 2> /dev/null`,
  );
  const begin = `export GROUND=${ground.folder} PORT=${ground.broker.port} LEFT=${left}`;
  const plant = "mkdir -p $PIP_CACHE_DIR/wheels; echo planted > $PIP_CACHE_DIR/wheels/six.whl";
  const script = [begin, ...lines, plant, "exit 0"].join("\n");
  const take = `cp $VIRTUAL_ENV/stolen-* . ; echo '{"iters": 1, "value": 1}'`;
  const first = await worker.run(
    `${pool}-1`,
    commandSpec(ground.folder, pool, ["bash", "-c", take], { setup: [["bash", "-c", script], ["true"]] }),
  );
  const look =
    "find $PIP_CACHE_DIR $UV_CACHE_DIR $VIRTUAL_ENV/../*/planted -type f > $VIRTUAL_ENV/found 2> /dev/null; exit 0";
  const tell = `cp $VIRTUAL_ENV/found . ; echo '{"iters": 1, "value": 1}'`;
  const second = await worker.run(
    `${pool}-2`,
    commandSpec(ground.folder, pool, ["bash", "-c", tell], { setup: ["bash", "-c", look] }),
  );
  const out = join(ground.folder, `out-${pool}`);
  for (const job of [first, second]) {
    const table = (await stateOf(ground)).jobs.get(job as never);
    if (table?.outcomes.completed !== 1)
      throw new Error(`${job} has not ended well: ${worker.program.output().slice(-500)}`);
    const { code, output } = await ground.command(["extract", job, join(out, job)]);
    if (code !== 0) throw new Error(`${job} could not be extracted: ${output.slice(0, 300)}`);
  }
  return { worker, out: join(out, first), left, later: textsBelow(join(out, second), /(^|\/)found$/) };
}

const textsBelow = (folder: string, name: RegExp): string =>
  filesBelow(folder)
    .filter((file) => name.test(file))
    .map(bytesOf)
    .join("\n");

/** The harm: a secret among the files that the setup took along, or a file that it planted. */
function taken(ground: Ground, { out }: SetupScene, i: number): Found {
  const text = textsBelow(out, new RegExp(`stolen-${i}$`));
  for (const [name, secret] of secretsOf(ground)) if (text.includes(secret)) return `it has ${name}`;
  if (text.includes("INFO {")) return "it spoke with the broker";
  const planted = [join(ground.folder, "planted"), join(ground.folder, ".profile")].find(existsSync);
  if (planted !== undefined) return `it wrote ${planted}`;
  const found = filesBelow(join(ground.folder, "state")).find((name) => /(^|\/|\.)planted$/.test(name));
  return found && `it wrote ${found} among the worker's files`;
}

function actsOf(ground: Ground, pool: string, options: readonly string[], list: readonly Try[]): readonly Act[] {
  const isBox = options.includes("--sandbox");
  const act = actsOfPlay(ground, {
    family: "setups",
    role: isBox ? "setup in a sandbox" : "setup",
    key: `setups ${pool}`,
    begin: () => play(ground, pool, options, list),
  });
  const looks = list.map(({ title }, i) => act(title, (played) => taken(ground, played, i)));
  const lefts = leavers.map(({ title }, i) => act(title, ({ left }) => goesOn(`${left}-${i + 1}`)));
  const printed = act(printsRaw.title, printsRaw.harm);
  const poisoned = act("leaves what the setup of another job would install", ({ later }) => later || undefined);
  return [...looks, ...lefts, printed, ...(isBox ? [poisoned] : [])];
}

export const setups: Family = {
  name: "setups",
  origin: "own",
  acts: (ground) => {
    const everywhere = tries.filter(({ always }) => always === true);
    const plain = actsOf(ground, "freely", [], [...everywhere, instrument]);
    return [
      ...plain.filter(({ title }) => title !== instrument.title),
      seesWhatIsTaken<SetupScene>(ground, "setups", "setup", "setups freely", (played) =>
        taken(ground, played, everywhere.length),
      ),
      ...actsOf(ground, "boxed", ["--sandbox"], tries),
    ];
  },
};
