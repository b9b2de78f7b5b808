import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { inboxPrefix } from "../shared/broker/access/accounts.ts";
import { connectBus } from "../shared/broker/client/connect.ts";
import { workersNames } from "../shared/broker/client/local-names.ts";
import { parsePin } from "../shared/broker/pin.ts";
import { connectAs, credentialsOf } from "../shared/broker/workspace-link.ts";
import { systemChance } from "../shared/chance.ts";
import { systemClock } from "../shared/clock.ts";
import { programVersion } from "../shared/components/version.ts";
import type { CodeBundle } from "../shared/domain/code-bundle.ts";
import { counted } from "../shared/domain/counted.ts";
import type { WorkerId } from "../shared/domain/names.ts";
import { printableLines } from "../shared/domain/printable.ts";
import { exitCode, UnreachableError, UsageError } from "../shared/errors.ts";
import { exitAfter } from "../shared/exit-after.ts";
import { fileLog } from "../shared/log.ts";
import { explainLock, type HeldLock, takeLock } from "../shared/machine/lock-file.ts";
import { readJsonFields } from "../shared/machine/secret-file.ts";
import { workspacePaths } from "../shared/machine/workspace.ts";
import { mostSlots } from "../shared/wire/limits.ts";
import { DistrustedServer } from "./joining/distrusted-server.ts";
import { lineFrom } from "./joining/given-line.ts";
import {
  checkWorkerName,
  defaultWorkerName,
  identify,
  type WorkerIdentity,
  workerStateDir,
} from "./joining/identity.ts";
import { isOnlyHere, type JoinLine, parseJoinLine, shownServer } from "./joining/join-line.ts";
import { RefusedKey } from "./joining/refused-key.ts";
import { type Confinement, confinement, housingOf } from "./node/housing.ts";
import { type WorkerNews, WorkerNode } from "./node/node.ts";
import { RunnerPool } from "./node/runner-pool.ts";
import { FileSpool } from "./node/spool.ts";
import { dropCode, unpackCode } from "./own-code/own-code.ts";

interface Flags extends Confinement {
  readonly name?: string;
  readonly slots?: number;
  readonly target?: readonly string[];
  readonly opportunistic: boolean;
  readonly workspace: string;
  readonly tlsCa?: string;
  readonly quiet: boolean;
  readonly tied: boolean;
}

const program = new Command("nexus-worker")
  .description("Lends this machine to a search: executes runs until told to stop. What it needs comes with each trial.")
  .argument(
    "[join line]",
    "as nexus-coord prints it; or - to paste or pipe it, or @FILE (default: NEXUS_JOIN, else the workspace on this machine)",
  )
  .option("--name <id>", "this worker's name (default: this machine's host name)")
  .option("--slots <n>", "runs at once (default: number of cores)", wholeNumber)
  .option("--target <a,b>", "pools (compute_target) that it serves (default: all)", commaList)
  .option("--opportunistic", "take no jobs with low_priority: false", false)
  .option(
    "--workspace <name>",
    "the workspace on this machine, if there is no join line",
    process.env["NEXUS_WORKSPACE"] ?? "ws1",
  )
  .option("--creds <file>", "credentials for a NATS server that others run; --name must be the id they are for")
  .option("--tls-ca <file>", "the authority that signed that server's certificate, PEM")
  .option("--no-code", "take no jobs that run programs, or that name files outside of a run's folder")
  .option("--sandbox", "keep runs from this user's files, the network and other processes (Linux, bubblewrap)", false)
  .option("--sandbox-ro <path,...>", "files and folders that runs in the sandbox may read: data, a Python", pathList)
  .option("--no-network", "in the sandbox: not even jobs with network: true reach the network")
  .option("--pass-env <name,...>", "variables of the environment that runs get besides PATH and its kin", variableList)
  .option("--quiet", "print only errors", false)
  .addOption(new Option("--tied", "end with the process that started this one").hideHelp())
  .version(programVersion())
  .exitOverride()
  .addHelpText(
    "after",
    `
Ctrl-C once finishes the runs in hand and takes no more; twice hands them back; three times kills.
SIGTERM hands them back at once: they go on elsewhere.

A job may run programs and name files to read and write. Without --sandbox they have your rights. --no-code refuses
such jobs. Join only workspaces of people you trust.

Examples:
  nexus-worker                                      on the coordinator's own machine
  nexus-worker -                                    paste the join line; it is not shown
  nexus-worker @line.txt                            the join line is in that file
  nexus-worker "tls://CODE@192.0.2.7:4222/ws1#..."  on any other machine, as nexus-coord prints it
  nexus-worker "tls://..." --slots 2 --target gpu   two runs at once, only jobs for the pool "gpu" or for none
  nexus-worker tls://broker:4222/ws1 --creds lab.creds --name lab   a NATS server that others run (nexus-coord --nats)

The line's end, #sha256=..., is the fingerprint of the workspace's authority: the worker says nothing, not even the
code, to a server that does not show it. wss:// goes through port 443, and through the proxy of HTTPS_PROXY.

Environment:
  NEXUS_JOIN        the join line, if none is typed; no child of the worker sees it
  NEXUS_WORKSPACE   the workspace on this machine, as --workspace
  NEXUS_LOG         level of its log file: debug, info, warn, error
  NEXUS_KERNELS     plain: train without WebAssembly
  HTTPS_PROXY       for wss:// only: an HTTP proxy; NO_PROXY: hosts that are reached without it
  XDG_STATE_HOME    its key, log and run folders are in its folder "nexus" (default ~/.local/state)

Exit codes: 0 done, 1 failure, 2 wrong usage, a refused line or server, 4 no coordinator or broker, 130 killed by Ctrl-C.`,
  );

/**
 * Works until told to end; sets the exit code.
 *
 * @param fromEnvironment  the join line in NEXUS_JOIN, which counts if none is typed
 */
export async function runProgram(fromEnvironment: string | undefined): Promise<void> {
  try {
    program.parse();
    process.exitCode = await work(program.args[0] ?? fromEnvironment, program.opts<Flags>());
  } catch (error) {
    process.exitCode = exitAfter(error, "nexus-worker");
  }
  // The broker's client keeps sockets for a moment; they must not keep the process of a worker that has ended.
  setTimeout(() => process.exit(), 500).unref();
}

async function work(given: string | undefined, flags: Flags): Promise<number> {
  const say = (line: string): void => {
    if (!flags.quiet) process.stdout.write(`${line}\n`);
  };
  const text = given === undefined ? await lineForNone(flags.workspace) : await lineFrom(given);
  const line = parseJoinLine(text);
  if (!flags.sandbox && (flags.sandboxRo || !flags.network)) {
    const flag = flags.sandboxRo ? "--sandbox-ro" : "--no-network";
    throw new UsageError(`${flag} without --sandbox: expected both; without a sandbox runs may do whatever you may`);
  }
  const { name, stateDir, lock } = claimState(line.workspace, flags.name);
  try {
    // Before the machine enrols: there may be no sandbox here.
    const housing = housingOf(stateDir, workspacePaths(line.workspace).dir, flags);
    const log = orSayFolder(stateDir, () => fileLog(join(stateDir, "worker.log"), "nexus-worker"));
    const shown = credentialsOf({ credentialsFile: flags.creds ?? null, caFile: flags.tlsCa ?? null });
    const identity: WorkerIdentity =
      flags.creds === undefined
        ? await identify(stateDir, name, line, say, { authority: shown.authority, isOwnLine: given === undefined })
        : { worker: name, nkeySeed: "" };
    const ownKey = identity.nkeySeed === "" ? {} : { nkeySeed: identity.nkeySeed };
    const credentials = { ...ownKey, ...shown };
    // Report wrong credentials now, instead of retrying for ever. identify has already tried a key of our own.
    if (flags.creds !== undefined) await (await connectAs(line.url, credentials, "viewer")).close();
    const key = new RefusedKey(systemClock, (isRefused) => {
      const words = isRefused ? refusedText(line, given !== undefined) : "the broker knows this worker's key again";
      if (isRefused) log.error(words);
      say(`${timeText()}  ${words}`);
    });
    const trust = new DistrustedServer((why) => {
      log.error(why);
      say(`${timeText()}  ${why}`);
    });
    const plainText = once(() => {
      say("warning: not encrypted: everyone on the network's way can read and change what this worker sends and gets");
      log.warn("the connection to the broker is not encrypted");
    });
    const bus = await connectBus({
      url: line.url,
      pin: identity.pin === undefined ? undefined : parsePin(identity.pin),
      credentials,
      name: identity.worker,
      inbox: inboxPrefix(identity.worker),
      // With credentials of others this is a server that others run, whose users share an account with the streams.
      names: identity.nkeySeed === "" ? {} : workersNames,
      waitForBroker: true,
      onStatus: (status) => log.info(status),
      onRefused: () => key.refused(),
      onDistrust: (why) => trust.found(why),
      onConnected: (isEncrypted) => {
        if (!isEncrypted && !isOnlyHere(line)) plainText();
      },
    });
    bus.onReconnect(() => {
      key.accepted();
      trust.trusted();
    });
    dropCode(stateDir);
    // Of runs that an earlier process did not bring to an end.
    rmSync(join(stateDir, "states"), { recursive: true, force: true });
    const options = {
      worker: identity.worker,
      bootId: systemChance.nonce(),
      version: programVersion(),
      slots: flags.slots ?? Math.min(availableParallelism(), mostSlots),
      targets: flags.target ?? [],
      opportunistic: flags.opportunistic,
      noCode: !flags.code,
      stateDir,
    };
    const ports = {
      bus,
      clock: systemClock,
      chance: systemChance,
      log,
      runners: new RunnerPool(log, housing),
      spool: new FileSpool(join(stateDir, "spool")),
      unpackCode: (code: CodeBundle) => unpackCode(stateDir, code),
      removeFolder: (folder: string) => rmSync(folder, { recursive: true, force: true }),
    };
    const node = new WorkerNode(ports, options, (news) => {
      if ((news.kind === "silent" || news.kind === "answered") && key.explains(news.kind)) return;
      if (!flags.quiet) say(printableLines(newsLine(news)));
    });
    const asked = obeySignals(node, say);
    if (flags.tied) process.on("disconnect", () => node.handBack("its starter ended"));
    say(
      `${identity.worker} lends ${counted(options.slots, "slot")} to ${line.workspace} at ${shownServer(line)}; Ctrl-C to finish`,
    );
    say(`  ${confinement(flags)}`);
    await node.work();
    await bus.close();
    return asked();
  } finally {
    lock.release();
  }
}

/** Locks the folder of this worker. Without --name it takes the first free one, so that two workers on one machine just work. */
function claimState(
  workspace: string,
  named: string | undefined,
): { name: WorkerId; stateDir: string; lock: HeldLock } {
  const wished = named === undefined ? defaultWorkerName() : checkWorkerName(named);
  for (let i = 1; ; i += 1) {
    const name = checkWorkerName(i === 1 ? wished : `${wished}-${i}`);
    const stateDir = workerStateDir(workspace, name);
    const path = join(stateDir, "worker.lock");
    const attempt = orSayFolder(stateDir, () => {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
      return takeLock(path, `the worker ${name}`);
    });
    if (attempt.ok) return { name, stateDir, lock: attempt.lock };
    if (named !== undefined || i > 64) {
      throw new UsageError(
        `a worker called ${name} is already running: ${explainLock(path, attempt.owner, attempt.liveness)}`,
      );
    }
  }
}

/** Turns an error of the file system into one that says what to do. */
function orSayFolder<T>(stateDir: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new UsageError(
      `cannot use ${stateDir}, where this worker keeps its key, its log and its runs (${message})\n` +
        "  set XDG_STATE_HOME to a folder that you may write to",
      { cause },
    );
  }
}

/** The line of the workspace on this machine; where there is none, a terminal is asked for one. */
async function lineForNone(workspace: string): Promise<string> {
  const { joinLine } = readJsonFields(workspacePaths(workspace).endpoint);
  if (typeof joinLine === "string") return joinLine;
  const none = `no coordinator of workspace ${workspace} runs on this machine`;
  if (process.stdin.isTTY) {
    process.stderr.write(`${none}; join one elsewhere, or press Ctrl-C and start one: nexus-coord\n`);
    return lineFrom("-");
  }
  throw new UnreachableError(
    `${none}, and no join line was given\n` +
      "  start a coordinator: nexus-coord\n" +
      '  or join one elsewhere: nexus-worker "tls://CODE@host:port/workspace#sha256=...", as its nexus-coord prints it\n' +
      "  or, to keep it out of the shell's history: nexus-worker - reads that line from standard input",
  );
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}

/** Returns a function that gives the exit code for the signals so far. */
function obeySignals(node: WorkerNode, say: (line: string) => void): () => number {
  let interrupts = 0;
  let exit: number = exitCode.done;
  process.on("SIGINT", () => {
    interrupts += 1;
    if (interrupts === 1) {
      const { running } = node;
      if (running === 0) say("no run in hand, taking no more");
      else say(`finishing ${counted(running, "run")}, taking no more; Ctrl-C again hands them back`);
      node.finish();
    } else if (interrupts === 2) {
      say("handing the runs back; Ctrl-C again kills");
      node.handBack("its owner stopped the worker");
    } else {
      process.exit(130);
    }
  });
  const handBack = (signal: string, code: number): void => {
    exit = code;
    node.handBack(`the worker got ${signal}`);
  };
  process.on("SIGTERM", () => handBack("SIGTERM", exitCode.done));
  process.on("SIGHUP", () => handBack("SIGHUP", 129));
  return () => exit;
}

/** A workspace that was restored from a backup does not know the workers that joined since either. */
function refusedText(line: JoinLine, wasGiven: boolean): string {
  const words = wasGiven
    ? "nexus-worker with the line that nexus-coord prints"
    : `nexus-worker --workspace ${line.workspace}`;
  return (
    `the broker at ${shownServer(line)} refuses this worker's key: it was revoked or forgotten, or its workspace was created again, or restored ` +
    `from a backup made before this worker joined\n  to join again end this worker (Ctrl-C twice), then type:  ${words}`
  );
}

function timeText(): string {
  return new Date().toTimeString().slice(0, 8);
}

function newsLine(news: WorkerNews): string {
  const time = timeText();
  if (news.kind === "started") return `${time}  ${news.run}  started ${news.text}`.trimEnd();
  if ("run" in news) return `${time}  ${news.run}  ${news.text}`;
  return `${time}  ${news.kind === "waiting" ? "waiting: " : ""}${news.text}`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > mostSlots)
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostSlots}.`);
  return value;
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
