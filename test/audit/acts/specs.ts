import { operatorName } from "../../../shared/broker/access/credentials.ts";
import type { Act, Family, Watch } from "../act.ts";
import { order } from "../attacker/words.ts";
import type { Ground } from "../ground/ground.ts";
import { probeSpec } from "../ground/specs.ts";

const bomb = (levels: number): string => {
  const lines = ['a0: &a0 ["x","x","x","x","x","x","x","x","x"]'];
  for (let i = 1; i <= levels; i += 1)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join()}]`);
  return lines.join("\n");
};

/** Hostile specs, each made from a good one. */
const specs: readonly (readonly [title: string, text: (good: string) => string])[] = [
  ["aliases that multiply by nine, nine times", (good) => `${bomb(9)}\n${good}`],
  [
    "aliases that multiply by nine in a hyperparameter",
    (good) => good.replace("[1, 2, 3, 4, 5]", "*b9").replace("component: root", `${bomb(9)}\ncomponent: root`),
  ],
  ["an alias of itself", (good) => `x: &x [*x]\n${good}`],
  ["a merge of itself", (good) => `x: &x {<<: *x}\n${good}`],
  ["a merge key with a list of 10,000", (good) => `b: &b {k: 1}\nx: {<<: [${"*b,".repeat(10_000)}]}\n${good}`],
  ["lists 20,000 deep", (good) => `x: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n${good}`],
  ["mappings 5,000 deep", (good) => `x: ${"{a: ".repeat(5000)}1${"}".repeat(5000)}\n${good}`],
  [
    "keys __proto__ and constructor",
    (good) => `__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n${good}`,
  ],
  ["a hyperparameter called __proto__", (good) => good.replaceAll("&a", "&__proto__").replaceAll("*a", "*__proto__")],
  ["a component called __proto__", (good) => good.replace("processors/Probe_Proc", "__proto__")],
  ["a component by a path upwards", (good) => good.replace("processors/Probe_Proc", "../../../../etc/passwd")],
  ["a component by an absolute path", (good) => good.replace("processors/Probe_Proc", "/etc/passwd")],
  ["a component with a zero byte", (good) => good.replace("processors/Probe_Proc", '"processors/Probe_Proc\\0"')],
  ["a tag that makes a function", (good) => `x: !!js/function "function(){}"\n${good}`],
  ["a tag that makes a date", (good) => `x: !!timestamp 2001-12-15\n${good}`],
  ["a tag of bytes", (good) => `x: !!binary "AAAA"\n${good}`],
  ["2,000,000 values of a hyperparameter", (good) => good.replace("[1, 2, 3, 4, 5]", `[${"1,".repeat(300_000)}1]`)],
  ["values that are NaN and infinite", (good) => good.replace("[1, 2, 3, 4, 5]", "[.nan, .inf, -.inf, 1e999]")],
  ["2^53 runs", (good) => good.replace("total_runs: 5", "total_runs: 9007199254740993")],
  ["-1 runs", (good) => good.replace("total_runs: 5", "total_runs: -1")],
  ["a time of 1e308 seconds", (good) => good.replace("total_runs: 5", 'total_runs: 5\n  max_run_time: "1e308 h"')],
  [
    "a condition to stop that never ends to be read",
    (good) => good.replace("total_runs: 5", `total_runs: 5\n  stop_when: "${"best_for ".repeat(3000)}> 1"`),
  ],
  ["a name of a pool with control characters", (good) => good.replace('"nobody"', '"\\e[2J"')],
  ["a name of a pool that is a subject", (good) => good.replace('"nobody"', '"ev.>"')],
  ["a text of 900,000 characters in one line", (good) => `${good}# ${"x".repeat(900_000)}\n`],
  ["100,000 comments", (good) => `${"# x\n".repeat(100_000)}${good}`],
  ["20,000 documents", (good) => `${"---\na: 1\n".repeat(20_000)}---\n${good}`],
  ["nothing", () => ""],
  ["zero bytes", () => "\0".repeat(1000)],
  ["spaces alone", () => " ".repeat(500_000)],
  ["a spec of another's making: text", () => "x".repeat(500_000)],
  ["an escape in every line", (good) => good.replaceAll("\n", "\x1b[2J\n")],
  ["a file name with control characters", (good) => good],
];

const costly: Watch = { cpuMs: 4000, growthMb: 300 };

async function asOperator(ground: Ground, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const client = await ground.as("operator");
  client.publish(`op.${operatorName()}`, order(fields), { reply: `${ground.inbox("operator")}.x` });
  await client.sync();
}

/** The specs as orders written by hand, which no program of ours has checked; `byCommand` sends them by `nexus run`. */
const byHand = specs.map(
  ([title, text]): Act => ({
    family: "specs",
    role: "operator",
    title: `orders a spec with ${title}`,
    watch: costly,
    attempt: (ground, mark) => {
      const good = text(probeSpec(ground.folder, { total_runs: 5, compute_target: "nobody" }));
      return asOperator(ground, {
        op: mark,
        kind: "run",
        file: `${mark}\x1b[2J.yaml`,
        text: good,
        sources: {},
        commandLine: {},
      });
    },
    // Orders without a proof of the operator's password are not obeyed.
    harm: (ground, mark) => believed(ground, mark),
  }),
);

const byCommand = specs.map(
  ([title, text], i): Act => ({
    family: "specs",
    role: "author",
    title: `has an operator run a spec with ${title}`,
    watch: costly,
    attempt: async (ground, mark) => {
      const good = text(probeSpec(ground.folder, { total_runs: 5, compute_target: "nobody" }));
      const startedAt = performance.now();
      const { code, output } = await ground.command(["run", ground.write(`spec${i}.yaml`, good)]);
      ground.notes.set(mark, { code, output, ms: performance.now() - startedAt });
    },
    harm: (ground, mark) => {
      const { code, output } = ground.notes.get(mark) as { code: number; output: string }; // as attempt left it
      if (code === 128) return "nexus run had to be killed";
      if (/\n\s+at .*\(?.*:\d+:\d+\)?/.test(output)) return `nexus run broke: ${output.slice(0, 200)}`;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
      return /[\x00-\x08\x0e-\x1f]/.test(output) ? `it prints ${JSON.stringify(output).slice(0, 200)}` : undefined;
    },
  }),
);

function believed(ground: Ground, mark: string): string | undefined {
  const subject = ground.observer.saw(mark).find((each) => each.startsWith("jrn."));
  return subject && `it is in the journal, at ${subject}`;
}

/** Orders of every kind over the operator's connection, but without his proof and with unusual fields. */
const orders: readonly (readonly [title: string, fields: Readonly<Record<string, unknown>>])[] = [
  ["a cancellation of the job", { kind: "control", verb: "cancel", target: { kind: "job", job: "job1" } }],
  ["a stop of a worker", { kind: "control", verb: "stop", target: { kind: "worker", worker: "hon" } }],
  [
    "a cancellation of 100,000 runs",
    {
      kind: "control",
      verb: "cancel",
      target: { kind: "runs", job: "job1", trials: Array.from({ length: 100_000 }, (_, i) => i + 1) },
    },
  ],
  ["a bench", { kind: "bench", worker: "hon" }],
  ["an admission", { kind: "admit", worker: "lazy" }],
  ["an edit", { kind: "edit", job: "job1", changes: { totalRuns: 1 } }],
  [
    "an edit with 10^6 values",
    { kind: "edit", job: "job1", changes: { addValues: { a: Array.from({ length: 50_000 }, (_, i) => i) } } },
  ],
  [
    "an edit of __proto__",
    {
      kind: "edit",
      job: "job1",
      changes: JSON.parse('{"__proto__": {"totalRuns": 1}, "addValues": {"__proto__": [1]}}') as unknown,
    },
  ],
  [
    "an edit with NaN",
    { kind: "edit", job: "job1", changes: { priority: Number.NaN, deadline: Number.POSITIVE_INFINITY } },
  ],
  ["a release", { kind: "release", job: "job1" }],
  ["a rejection", { kind: "reject", worker: "hon", job: "job1", trials: [1] }],
  ["an invitation", { kind: "invite", for: 1e12, uses: 1e9 }],
  ["a revocation", { kind: "revoke", worker: "hon" }],
  ["a forgetting", { kind: "forget", worker: "hon" }],
  ["a purge", { kind: "purge", worker: "hon" }],
  ["a purge of everything", { kind: "purge", worker: "lazy", all: true }],
  ["a deletion of the job", { kind: "delete", job: "job1" }],
  ["an order of no kind", { kind: "__proto__" }],
  ["an order with the id of the first", { op: "", kind: "admit", worker: "lazy" }],
];
const unproven = orders.map(
  ([title, fields]): Act => ({
    family: "specs",
    role: "operator",
    title: `orders ${title} without proof of the password`,
    attempt: (ground, mark) =>
      asOperator(ground, { op: mark, ...fields, proof: new Uint8Array(32), reign: new Uint8Array(16) }),
    harm: (ground, mark) => believed(ground, mark),
  }),
);

/** Command-line words that are read as patterns or conditions. */
const filters: readonly string[] = [
  `hpmax>=${"9".repeat(10_000)}`,
  `${"(".repeat(5000)}`,
  `s1-x=${"a".repeat(50_000)}!`,
  `${"a".repeat(30_000)}=1`,
  "__proto__=1",
  "constructor=$exists",
  "hpmax=NaN",
  `run~(a+)+$`,
];
const filtered = filters.map(
  (filter): Act => ({
    family: "specs",
    role: "operator",
    title: `lists runs with the filter ${filter.slice(0, 30)}`,
    attempt: async (ground, mark) => {
      const words = ["list", "runs", "job1", "--first=5", `--filter=${filter}`];
      ground.notes.set(mark, await ground.command(words));
    },
    harm: (ground, mark) => {
      const { code, output } = ground.notes.get(mark) as { code: number; output: string }; // as attempt left it
      return code === 128 || /\n\s+at .*:\d+:\d+/.test(output) ? `it broke: ${output.slice(0, 200)}` : undefined;
    },
  }),
);

export const specsFamily: Family = {
  name: "specs",
  origin: "own",
  acts: () => [...byHand, ...unproven, ...filtered, ...byCommand],
  control: async (ground) => {
    const spec = probeSpec(ground.folder, { total_runs: 5, compute_target: "nobody" });
    const { output } = await ground.command(["run", ground.write("good.yaml", spec)]);
    return /job\d+/.test(output) ? undefined : `a good spec was not taken: ${output.slice(0, 200)}`;
  },
};
