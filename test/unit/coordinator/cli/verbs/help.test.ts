import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { more } from "../../../../../coordinator/cli/verbs/help.ts";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import { programVersion } from "../../../../../shared/components/version.ts";
import { exitCode, signalExit } from "../../../../../shared/errors.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";
import { nexus, startNexus } from "../../../../support/processes/nexus-command.ts";

const folder = temporaryFolder();
const spec = join(packageRoot(), "specs", "maze_dgd.yaml");

test("nexus --help goes to stdout, with every verb, the environment and the exit codes", async () => {
  const { code, stdout, stderr } = await nexus(["--help"], folder);
  assert.equal(code, exitCode.done);
  assert.equal(stderr, "");
  for (const word of [
    "run",
    "list",
    "release",
    "admit",
    "NEXUS_WORKSPACE",
    "NEXUS_TLS_CA",
    "Exit codes:",
    "Examples:",
  ]) {
    assert.ok(stdout.includes(word), word);
  }
  const ofList = await nexus(["list", "runs", "--help"], folder);
  for (const option of ["--sort", "--last", "--filter", "--columns", "--export", "--available", "$none"]) {
    assert.ok(ofList.stdout.includes(option), option);
  }
  const ofRun = await nexus(["run", "--help"], folder);
  assert.equal(ofRun.code, exitCode.done);
  assert.match(ofRun.stdout, /--name value .* replaces <name>/);
});

test("nexus --help and docs/commands.md name every exit code", () => {
  const page = readFileSync(join(packageRoot(), "docs", "commands.md"), "utf8");
  const [, table = ""] = page.split("## Exit codes");
  // Only the screen is ended by SIGQUIT.
  const { SIGQUIT: _, ...bySignal } = signalExit;
  for (const code of Object.values({ ...exitCode, ...bySignal })) {
    assert.match(more, new RegExp(` {2}${code} {2}\\w`));
    assert.match(table, new RegExp(`^\\| (\\d+, )*${code}\\b`, "m"));
  }
  for (const text of [more.replace(/\s+/g, " "), table]) assert.match(text, /what was named is not there, or/);
});

test("help calls the peers' invitation what it is: a line for nexus-coord --peers-join -, no command", async () => {
  const ofPeers = (await nexus(["peers", "--help"], folder)).stdout;
  assert.match(
    ofPeers,
    /nexus-coord --peers-join - on the others: paste\s+there the line that nexus peers invite prints/,
  );
  const ofInvite = (await nexus(["peers", "invite", "--help"], folder)).stdout;
  assert.match(ofInvite, /print the line for nexus-coord\s+--peers-join -/);
});

test("nexus --version prints the package's version", async () => {
  assert.deepEqual(await nexus(["--version"], folder), {
    code: 0,
    signal: null,
    stdout: `${programVersion()}\n`,
    stderr: "",
  });
});

test("wrong usage of nexus exits with 2, suggests what was meant, and prints nothing to stdout", async () => {
  const wrong: [string[], RegExp][] = [
    [[], /Usage: nexus/],
    [["lst"], /unknown command 'lst'\n\(Did you mean list\?\)/],
    [["help", "plott"], /^there is no command "plott"; did you mean plot\?\n$/],
    [["--workspace", "ws2", "help", "view", "runz"], /^there is no command "view runz"; did you mean view run\?\n$/],
    [
      ["list", "help", "xyzzy"],
      /^there is no command "list xyzzy"\n {2}there are: runs, jobs, workers, invites, quotas\n$/,
    ],
    [["list", "run"], /unknown command 'run'\n\(Did you mean runs\?\)/],
    [["list", "runs", "--srot=hpmax"], /unknown option '--srot'\n\(Did you mean --sort\?\)/],
    [["list", "runs", "--last=many"], /Expected a whole number from 1/],
    [["list", "runs", "--last=1", "--all"], /cannot be used with option '--all'/],
    [["list", "runs", "--p"], /--p may be short for --parent or --precision/],
    [["list", "jobs", "--workspace", "No Name"], /expected lower-case letters/],
    [["run"], /missing required argument 'spec'/],
    [["run", "a.yaml", "b.yaml"], /one spec at a time/],
    [["release", "run1"], /"run1" is not a job/],
    [["admit", "Lab PC"], /"Lab PC" is not a worker/],
    [["pause"], /missing required argument 'targets'/],
    [["cancel", "job1..3"], /"job1..3" is not a job or run/],
    [["drain", "Lab PC"], /"Lab PC" is not a job, run or worker/],
    [["edit", "job1"], /nothing to change/],
    [["check", "nope.yaml"], /^nope\.yaml: there is no such file\n1 problem; nothing was run\n$/],
    [["restore", "nope.nexus"], /nope\.nexus: there is no such file; expected a file that nexus backup wrote\n$/],
    [["import", "nope.csv", "--spec", spec], /^nope\.csv: there is no such file; expected a file of runs/],
    [
      ["list", "runs", "job41", "--export", "x/out.parquet"],
      /nexus export job41 --to parquet --output x\/out\.parquet\n$/,
    ],
    [
      ["list", "runs", "job41", "--export", "x/out.parquet", "--nats", "nats://far:4222", "--creds", "op.json"],
      /nexus export job41 .* x\/out\.parquet --nats \S+far:4222 --creds op\.json\n$/,
    ],
    [
      ["list", "runs", "--export", "runs.xlsx"],
      /expected a name that ends in \.csv .*\.jsonl .*\.tsv or \.txt \(tabs\)\n$/,
    ],
    [["list", "runs", "--export", "x.xyz"], /expected a name that ends in \.csv/],
    [
      ["list", "runs", "--export", "-"],
      /to standard output: nexus list runs --json, or nexus export JOB --output -\n$/,
    ],
    [["edit", "job1", "--total-runs", "many"], /--total-runs is "many"; expected a whole number/],
  ];
  for (const [words, message] of wrong) {
    const { code, stdout, stderr } = await nexus(words, folder);
    assert.equal(code, exitCode.usage, `nexus ${words.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.ok(!stderr.includes("    at "), "no stack");
  }
});

test("without a coordinator or a store, a command says so in one sentence and exits with 4", async () => {
  for (const words of [
    ["list", "runs"],
    ["list", "jobs"],
    ["release", "job1"],
    ["admit", "lab"],
  ]) {
    const { code, stdout, stderr } = await nexus(words, folder);
    assert.equal(code, exitCode.unreachable);
    assert.match(stderr, /no coordinator .*start one: nexus-coord/s);
    assert.equal(stdout, "");
  }
});

test("a closed output pipe ends a command of nexus without an error", async () => {
  const command = startNexus(["--help"], folder);
  command.child.stdout?.destroy();
  const { code, stderr } = await command.ended();
  assert.equal(code, exitCode.done);
  assert.equal(stderr, "");
});
