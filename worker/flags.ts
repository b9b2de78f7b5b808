import { Command, InvalidArgumentError, Option } from "commander";
import { programVersion } from "../shared/components/version.ts";
import { parseBytes, typedSeconds, typedSecondsForms } from "../shared/domain/runspec/quantities.ts";
import { tellsWhereHelpIs, usual, versionWords } from "../shared/program/usual-command.ts";
import { mostGraceMs } from "../shared/wire/limits.ts";
import { type GpuChoice, gpuChoiceExpected, readGpuChoice } from "./gpus/choose-gpus.ts";
import type { Confinement } from "./node/housing.ts";
import { type SpotWord, spotWords } from "./owner/notices/watch-notices.ts";
import { readDuration } from "./owner/quantities.ts";
import { type RuleWord, ruleWords } from "./owner/rules.ts";
import type { TypedRules } from "./owner/rules-source.ts";

/** The flags of nexus-worker, typed or by default. */
export interface Flags extends Confinement, TypedRules {
  readonly name?: string;
  readonly gpus?: GpuChoice;
  readonly target?: readonly string[];
  readonly opportunistic: boolean;
  readonly workspace: string;
  readonly sameWorkspace: boolean;
  readonly tlsCa?: string;
  /** Milliseconds. */
  readonly wait: number;
  /** Milliseconds. */
  readonly grace: number;
  /** Bytes. */
  readonly cache: number;
  readonly spot?: SpotWord;
  readonly spotAddress?: string;
  readonly quiet: boolean;
  readonly tied: boolean;
  /** How long to pretend that the owner is there, milliseconds. */
  readonly pretend?: number;
}

export const program = tellsWhereHelpIs(usual(new Command("nexus-worker")))
  .description("Lends this machine to a search: executes runs until told to stop. What it needs comes with each trial.")
  .argument(
    "[join line]",
    "as nexus-coord prints it; or - to paste or pipe it, or @FILE (default: NEXUS_JOIN, else the workspace on this machine)",
  )
  .option("--name <id>", "this worker's name (default: this machine's host name)")
  .option("--gpus <which>", "GPUs that it lends: all, none, or which: 0,1 or amd:0 (default: all that are found)", gpus)
  .option("--target <a,b>", "pools (compute_target) that it serves (default: all)", commaList)
  .option("--opportunistic", "take no jobs with low_priority: false", false)
  .option(
    "--workspace <name>",
    "the workspace on this machine, if there is no join line",
    process.env["NEXUS_WORKSPACE"] || "ws1",
  )
  .option(
    "--same-workspace",
    "the line's server has a new authority or address, and is the workspace that this worker's key is for",
    false,
  )
  .option("--creds <file>", "credentials for a NATS server that others run; --name must be the id they are for")
  .option("--tls-ca <file>", "the authority that signed that server's certificate, PEM")
  .option("--no-code", "take no jobs that run programs, or that name files outside of a run's folder")
  .option("--sandbox", "keep runs from this user's files, the network and other processes (Linux, bubblewrap)", false)
  .option("--sandbox-ro <path,...>", "files and folders that runs in the sandbox may read: data, a Python", pathList)
  .option("--no-network", "in the sandbox: not even jobs with network: true reach the network")
  .option("--pass-env <name,...>", "variables of the environment that runs get besides PATH and its kin", variableList)
  .addOption(
    new Option("--wait <time>", "how long to wait for a coordinator that is not there yet: 0, 90, 10min, 2h")
      .argParser(waitTime)
      .default(Number.POSITIVE_INFINITY, "for ever"),
  )
  .addOption(
    new Option("--grace <time>", "time for runs to save and upload a checkpoint when they must leave")
      .argParser(graceTime)
      .default(10_000, "10s"),
  )
  .addOption(
    new Option(
      "--cache <size>",
      "for code and data kept for later jobs, and the same again for environments; 0: keep nothing after the run",
    )
      .argParser(cacheSize)
      .default(10e9, "10GB"),
  )
  .addOption(
    new Option(
      "--spot <cloud>",
      "hand the runs back when the cloud takes this machine away; it is asked every 5 s",
    ).choices(spotWords),
  )
  .addOption(new Option("--spot-address <url>", "of the cloud's metadata service, where it is played").hideHelp())
  .option("--owner-first", "--when-idle, unless a flag or worker.yaml says when it lends", false)
  .option("--quiet", "print only errors", false)
  .option("--pretend <owner-active[:time]>", "show what happens when its owner comes, for 30s or so long", pretended)
  .addOption(new Option("--tied", "end with the process that started this one").hideHelp())
  .version(...versionWords(programVersion()))
  .addHelpText(
    "after",
    `
Ctrl-C once finishes the runs in hand and takes no more; twice hands them back; three times kills.
SIGTERM hands them back: within --grace they save and upload a checkpoint, and continue elsewhere. A signal 5 s later shortens
that to 1 s. --spot does the same by itself, within the time that the cloud leaves. Leave the worker a little more time before it is
killed: TimeoutStopSec=, or sbatch --signal=TERM@40.

While somebody uses the machine (--when-idle), runs are frozen at once; after --yield-after they are handed back, and continue
elsewhere from their last checkpoint. Without any rule it always lends, at the lowest priority.

A job may run programs and name files to read and write. Without --sandbox they have your rights. --no-code refuses
such jobs. Join only workspaces of people you trust.

Examples:
  nexus-worker                                      on the coordinator's own machine
  nexus-worker -                                    paste the join line; it is not shown
  nexus-worker @line.txt                            the join line is in that file
  nexus-worker "tls://CODE@192.0.2.7:4222/ws1#..."  on any other machine, as nexus-coord prints it
  nexus-worker "tls://..." --slots 2 --target gpu   two runs at once, only jobs for the pool "gpu" or for none
  nexus-worker --when-idle --on-battery never       only while nobody uses it, and with mains power
  nexus-worker --hours "19:00-07:00 mon-fri; sat,sun" --memory 16GB
  nexus-worker "tls://..." --gpus 0,1               two of this machine's GPUs; CUDA_VISIBLE_DEVICES is honoured too
  nexus-worker tls://broker:4222/ws1 --creds lab.creds --name lab   a NATS server that others run (nexus-coord --nats)
  nexus-worker status                               what your workers on this machine do for whom, and how to stop them
  nexus-worker install-service @line.txt            has this machine start a worker by itself; --help says more

The line's end, #sha256=..., is the fingerprint of the workspace's authority: the worker says nothing, not even the
code, to a server that does not show it. wss:// goes through port 443, and through the proxy of HTTPS_PROXY.

Environment:
  NEXUS_JOIN        the join line, if none is typed; no child of the worker sees it
  NEXUS_WORKSPACE   the workspace on this machine, as --workspace
  NEXUS_LOG         level of its log file: debug, info, warn, error
  NEXUS_KERNELS     plain: train without WebAssembly
  NEXUS_PRIORITY    normal: runs do not give way to other programs; for a machine that nobody else uses
  HTTPS_PROXY       for wss:// only: an HTTP proxy; NO_PROXY: hosts that are reached without it
  XDG_CONFIG_HOME   nexus/worker.yaml in it has the owner's rules, as "when-idle: 5min" (default ~/.config); flags come
                    first, and a worker that runs obeys a changed file at once
  XDG_STATE_HOME    its key, log and run folders are in its folder "nexus" (default ~/.local/state)

Exit codes: 0 done, 1 failure, 2 wrong usage, a refused line or server, 4 no coordinator or broker,
130, 129 ended by Ctrl-C, SIGHUP.`,
  );

/** `0`, `90`, `10min`; milliseconds. */
function waitTime(text: string): number {
  const seconds = typedSeconds(text);
  if (seconds === undefined)
    throw new InvalidArgumentError(`Expected a time such as ${typedSecondsForms}; 0 does not wait.`);
  return seconds * 1000;
}

/** `10GB`, `512 MB`, `0`; bytes. */
function cacheSize(text: string): number {
  const bytes = text.trim() === "0" ? 0 : parseBytes(/^\d+$/.test(text.trim()) ? Number(text) : text.trim());
  if (bytes === undefined) throw new InvalidArgumentError("Expected a size such as 10GB or 512MB; 0 keeps nothing.");
  return bytes;
}

const leastGraceMs = 1000;

/** `30`, `30s`, `2min`; milliseconds. */
function graceTime(text: string): number {
  const ms = 1000 * (typedSeconds(text) ?? 0);
  if (ms >= leastGraceMs && ms <= mostGraceMs) return ms;
  throw new InvalidArgumentError("Expected a time from 1s to 1h, such as 30s or 2min.");
}

for (const word of ruleWords) program.addOption(ruleOption(word));

/** The flag of an owner's rule; its name in the flags is that of the rule. */
function ruleOption(word: RuleWord): Option {
  const { value, help, preset, isList, read } = word;
  const option = new Option(`--${word.word} ${value}`, help).helpGroup("What its owner allows, also in worker.yaml:");
  if (preset !== undefined) option.preset(preset);
  return option.argParser((text, before: unknown) => {
    const found = read(text.trim());
    if (!found.ok) {
      const part = found.found === undefined || found.found === text.trim() ? "" : ` "${found.found}" is wrong.`;
      throw new InvalidArgumentError(`${part.trim()}${part === "" ? "" : " "}Expected ${found.expected}.`);
    }
    return isList && Array.isArray(before) && Array.isArray(found.value) ? [...before, ...found.value] : found.value;
  });
}

/** `owner-active` or `owner-active:2min`: milliseconds. */
function pretended(text: string): number {
  const [, time = "30s"] = /^owner-active(?::(.+))?$/.exec(text) ?? [];
  const read = text.startsWith("owner-active") ? readDuration(time, 1000, "owner-active:30s", "") : undefined;
  if (!/^owner-active(:.+)?$/.test(text) || !read?.ok)
    throw new InvalidArgumentError("Expected owner-active, or owner-active:2min for another time than 30s.");
  return read.value;
}

function gpus(text: string): GpuChoice {
  const choice = readGpuChoice(text);
  if (choice === undefined) throw new InvalidArgumentError(gpuChoiceExpected);
  return choice;
}

function variableList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => !/^[A-Za-z_]\w*$/.test(name) || name === "NEXUS_JOIN"))
    throw new InvalidArgumentError("Expected names of variables separated by commas.");
  return names;
}

function pathList(text: string): string[] {
  return text.split(",").filter((path) => path !== "");
}

function commaList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => !/^[\w.-]{1,64}$/.test(name)))
    throw new InvalidArgumentError("Expected names separated by commas.");
  return names;
}
