import { join } from "node:path";
import { systemChance } from "../shared/chance.ts";
import { programVersion } from "../shared/components/version.ts";
import type { WorkerId } from "../shared/domain/names.ts";
import { printableLines } from "../shared/domain/printable.ts";
import { exitCode, UnreachableError, UsageError } from "../shared/errors.ts";
import { fileLog } from "../shared/log.ts";
import { dropOldCode } from "../shared/machine/kept-code.ts";
import { readJsonFields } from "../shared/machine/secret-file.ts";
import { workspaceFlags, workspacePaths } from "../shared/machine/workspace.ts";
import { endWhenNobodyReads, goOnWhenNobodyReads } from "../shared/program/closed-pipe.ts";
import { exitAfter } from "../shared/program/exit-after.ts";
import { newsLines } from "../shared/program/help-lines.ts";
import { systemClock } from "../shared/time/clock.ts";
import { timeOfDay } from "../shared/time/time-of-day.ts";
import { type Flags, program } from "./flags.ts";
import { findGpus } from "./gpus/find-gpus.ts";
import type { LentGpus } from "./gpus/lent-gpus.ts";
import { claimState, orSayFolder } from "./joining/claim-state.ts";
import { lineFrom } from "./joining/given-line.ts";
import { joinBroker } from "./joining/join-broker.ts";
import { type JoinLine, parseJoinLine, shownServer } from "./joining/join-line.ts";
import { Patience } from "./joining/patience.ts";
import { ProgramWatch, programGone, programParts } from "./joining/program-watch.ts";
import { watchForWaking } from "./joining/wake-watch.ts";
import { WorkerDisk } from "./node/disk-room.ts";
import { confinement, environmentsIn, type Housing, housingOf } from "./node/housing.ts";
import { type Lending, openLending } from "./node/lending.ts";
import { WorkerNode, type WorkerOptions } from "./node/node.ts";
import type { Ports, WorkerPorts } from "./node/ports.ts";
import { RunnerPool } from "./node/runner-pool.ts";
import { FileSpool } from "./node/spool.ts";
import type { WorkerNews } from "./node/told/news.ts";
import { BundleCache } from "./own-code/bundle-cache.ts";
import { dropCode, unpackCode } from "./own-code/own-code.ts";
import { watchMemory } from "./owner/memory-watch.ts";
import { Owner } from "./owner/owner.ts";
import { givesWay } from "./processes/priority/priority.ts";
import { removeFolder } from "./processes/remove-folder.ts";
import { Vitals } from "./processes/vitals.ts";
import { isServiceVerb, serviceVerb } from "./service/service-verbs.ts";
import { obeyNotices, obeySignals } from "./signals.ts";
import type { Fixed } from "./status/status-file.ts";
import { statusVerb } from "./status/status-verb.ts";
import { OwnerTold } from "./status/tell-owner.ts";

/**
 * Works until told to end; sets the exit code.
 *
 * @param fromEnvironment  the join line in NEXUS_JOIN, which counts if none is typed
 */
export async function runNexusWorker(fromEnvironment: string | undefined): Promise<void> {
  try {
    const [, , verb, ...words] = process.argv;
    if (verb === "status" || isServiceVerb(verb)) endWhenNobodyReads();
    else goOnWhenNobodyReads();
    if (verb === "status") {
      process.exitCode = statusVerb(words, (text) => void process.stdout.write(`${text}\n`), Date.now());
      return;
    }
    if (isServiceVerb(verb)) {
      process.exitCode = await serviceVerb(verb, words, program, fromEnvironment);
      return;
    }
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
    if (!flags.quiet) process.stdout.write(`${printableLines(line)}\n`);
  };
  const sayLine = (line: string): void =>
    say(newsLines(line, process.stdout.isTTY ? process.stdout.columns : undefined));
  const patience = new Patience({ clock: systemClock, chance: systemChance }, flags.wait, say);
  const own = given === undefined ? await ownLine(flags.workspace, patience) : undefined;
  const line = parseJoinLine(own ?? (await lineFrom(given ?? "-")));
  const origin = { isOwnLine: own !== undefined, isSameWorkspace: flags.sameWorkspace };
  checkSandbox(flags);
  /** Says words after the time of day. */
  const note = (words: string): void => sayLine(`${timeOfDay(Date.now())}  ${words}`);
  let told: OwnerTold | undefined;
  const tell = (text: string): void => {
    sayLine(`${timeOfDay(Date.now())}  ${text}`);
    told?.changed();
  };
  const owner = new Owner(flags, systemClock, tell);
  const { name, stateDir, lock } = await patience.keepTrying(async () =>
    claimState(line, flags.creds === undefined ? origin : undefined, flags.name, say),
  );
  try {
    const disk = new WorkerDisk(stateDir);
    const spool = new FileSpool(join(stateDir, "spool"));
    // On a full disk, the key that enrolling gives would be lost, and the worker's name with it.
    await patience.keepTrying(async () => {
      const full = disk.trouble();
      if (full !== "") throw new UnreachableError(`this machine cannot work: ${full}`);
    });
    spool.holdRoom();
    const finding = findGpus(flags.gpus, process.env);
    // Before the machine enrols: both fail if the GPU or the sandbox that was asked for is not here.
    if (flags.gpus !== undefined) await finding;
    const housing = housingOf(stateDir, workspacePaths(line.workspace).dir, flags);
    const log = orSayFolder(stateDir, () => fileLog(join(stateDir, "worker.log"), "nexus-worker"));
    const { worker, bus, key } = await joinBroker(
      { name, stateDir, line, origin, credentialsFile: flags.creds, caFile: flags.tlsCa },
      { patience, log, say, note, trouble: (why) => told?.trouble(why) },
    );
    dropCode(stateDir);
    const gpus = await finding;
    const program = new ProgramWatch(programParts());
    const machine = { bus, log, spool, disk, program, gpus, housing };
    const ports = workerPorts(stateDir, flags.cache, machine);
    const options = { ...nodeOptions(flags), worker, stateDir, slots: owner.slots, gpus: gpus.count };
    const node = new WorkerNode(ports, options, (news) => {
      told?.news(news);
      if ((news.kind === "silent" || news.kind === "answered") && key.explains(news.kind)) return;
      // Only this screen needs the line.
      if (!flags.quiet) sayLine(newsLine(news));
    });
    told = new OwnerTold(
      stateDir,
      ownerFacts(worker, line),
      { node, slots: () => owner.slots, rules: () => owner.rulesText() },
      ports,
    );
    told.onSignal(sayLine);
    const asked = obeySignals(node, say, flags.grace);
    if (flags.spot !== undefined)
      obeyNotices({ clock: systemClock, log }, flags.spot, node, flags.grace, say, flags.spotAddress);
    const isGone = watchMachine(node, machine, note);
    if (flags.tied) process.on("disconnect", () => node.handBack("its starter ended"));
    sayLine(told.line);
    sayLine(`  ${confinement(flags)}`);
    if (gpus.text !== "") sayLine(`  ${gpus.text}`);
    // The first rule, when it lends, is in the line above.
    const [, ...further] = owner.rulesText().split("; ");
    if (further.length > 0) sayLine(`  ${further.join("; ")}`);
    owner.watch(node, log, flags.pretend);
    void dropOldCode(process.env, systemClock.wall());
    await node.work();
    told.close();
    await bus.close();
    return isGone() ? exitCode.failure : asked();
  } finally {
    owner.leave();
    lock.release();
  }
}

function checkSandbox({ sandbox, sandboxRo, network }: Flags): void {
  if (sandbox || (!sandboxRo && network)) return;
  const flag = sandboxRo ? "--sandbox-ro" : "--no-network";
  throw new UsageError(`${flag} without --sandbox: expected both; without a sandbox runs may do whatever you may`);
}

/** The node's options that come from flags, or are the same for every worker. */
const nodeOptions = ({
  target = [],
  opportunistic,
  code,
  grace,
}: Flags): Omit<WorkerOptions, "worker" | "stateDir" | "slots" | "gpus"> => ({
  bootId: systemChance.nonce(),
  version: programVersion(),
  targets: target,
  opportunistic,
  noCode: !code,
  fetches: true,
  graceMs: grace,
});

/** What the worker has found, or made, on this machine. */
interface Machine extends Ports<"bus" | "log"> {
  readonly spool: FileSpool;
  readonly disk: WorkerDisk;
  readonly program: ProgramWatch;
  readonly gpus: LentGpus;
  readonly housing: Housing;
}

function workerPorts(stateDir: string, mostCacheBytes: number, machine: Machine): WorkerPorts {
  const { bus, log, spool, disk, program, gpus, housing } = machine;
  const clock = systemClock;
  return {
    bus,
    clock,
    chance: systemChance,
    log,
    runners: new RunnerPool(log, housing),
    spool,
    // If this program itself is gone, a run that fails is not to blame.
    disk: { blameFor: (folder) => program.blame() || disk.blameFor(folder) },
    gpus,
    vitals: new Vitals(stateDir, { clock, log, ...gpus.useReader(process.env["PATH"]) }),
    bundles: new BundleCache({ bus, clock, log }, join(stateDir, "cache"), mostCacheBytes),
    environments: environmentsIn(
      { folder: join(stateDir, "environments"), mostBytes: mostCacheBytes, clock },
      housing,
      log,
    ),
    unpackCode: (code) => unpackCode(stateDir, code),
    removeFolder,
  };
}

/**
 * Tells the node what changes on its machine. Returns a function that says whether the worker's own program is gone.
 */
function watchMachine(
  node: WorkerNode,
  { disk, spool, program, log }: Machine,
  note: (words: string) => void,
): () => boolean {
  disk.watch(systemClock, (lending) => {
    node.lend(lending, "disk");
    if (lending.word === "open") spool.holdRoom();
  });
  watchMemory(systemClock, node);
  watchForWaking(systemClock, (missedMs) => {
    const words = `the machine slept, or this program stood still, for ${Math.round(missedMs / 1000)} s: it asks what it still holds`;
    log.warn(words);
    note(words);
    node.woke();
  });
  let isGone = false;
  const missing: Lending = { word: "frozen", why: programGone, until: "when it is there again" };
  const lendWhileThere = (isThere: boolean): void => node.lend(isThere ? openLending : missing, "program");
  program.watch(systemClock, lendWhileThere, (part) => {
    const words = `${part} is gone, so no run can start here; install it again and start this worker anew`;
    log.error(words);
    note(words);
    isGone = true;
    node.handBack(programGone);
  });
  return () => isGone;
}

/** The part of the status that never changes while the worker works. */
const ownerFacts = (worker: WorkerId, line: JoinLine): Fixed => ({
  worker,
  workspace: line.workspace,
  server: shownServer(line),
  pid: process.pid,
  hasTerminal: process.stdin.isTTY === true,
  givesWay: givesWay(process.env),
});

/**
 * The join line of the workspace on this machine, waited for if need be; undefined if a terminal can be asked for one
 * instead.
 */
async function ownLine(workspace: string, patience: Patience): Promise<string | undefined> {
  const own = (): string | undefined => {
    const { joinLine } = readJsonFields(workspacePaths(workspace).endpoint);
    return typeof joinLine === "string" ? joinLine : undefined;
  };
  const line = own();
  if (line !== undefined) return line;
  const none = `no coordinator of workspace ${workspace} runs on this machine`;
  if (process.stdin.isTTY) {
    process.stderr.write(
      `${none}; join one elsewhere, or press Ctrl-C and start one: nexus-coord${workspaceFlags(workspace)}\n`,
    );
    return undefined;
  }
  return patience.keepTrying(async () => {
    const found = own();
    if (found !== undefined) return found;
    throw new UnreachableError(
      `${none}, and no join line was given\n` +
        `  start a coordinator: nexus-coord${workspaceFlags(workspace)}\n` +
        '  or join one elsewhere: nexus-worker "tls://CODE@host:port/workspace#sha256=...", as its nexus-coord prints it\n' +
        "  or, to keep it out of the shell's history: nexus-worker - reads that line from standard input",
    );
  });
}

function newsLine(news: WorkerNews): string {
  const time = timeOfDay(Date.now());
  if (news.kind === "started") return `${time}  ${news.run}  started ${news.text}`.trimEnd();
  if ("run" in news) return `${time}  ${news.run}  ${news.text}`;
  return `${time}  ${news.kind === "waiting" ? "waiting: " : ""}${news.text}`;
}
