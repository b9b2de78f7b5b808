import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inboxPrefix } from "../shared/broker/access/accounts.ts";
import { connectBus } from "../shared/broker/client/connect.ts";
import { workersNames } from "../shared/broker/client/local-names.ts";
import { parsePin } from "../shared/broker/pin.ts";
import { isDiskFull } from "../shared/broker/server/disk.ts";
import { connectAs, credentialsOf } from "../shared/broker/workspace-link.ts";
import { systemChance } from "../shared/chance.ts";
import { programVersion } from "../shared/components/version.ts";
import type { CodeBundle } from "../shared/domain/code-bundle.ts";
import type { WorkerId } from "../shared/domain/names.ts";
import { printableLines } from "../shared/domain/printable.ts";
import { exitCode, UnreachableError, UsageError } from "../shared/errors.ts";
import { fileLog } from "../shared/log.ts";
import { dropOldCode } from "../shared/machine/kept-code.ts";
import { explainLock, type HeldLock, takeLock } from "../shared/machine/lock-file.ts";
import { readJsonFields } from "../shared/machine/secret-file.ts";
import { workspaceFlags, workspacePaths } from "../shared/machine/workspace.ts";
import { endWhenNobodyReads, goOnWhenNobodyReads } from "../shared/program/closed-pipe.ts";
import { exitAfter } from "../shared/program/exit-after.ts";
import { newsLines } from "../shared/program/help-lines.ts";
import { systemClock } from "../shared/time/clock.ts";
import { type Flags, program } from "./flags.ts";
import { findGpus } from "./gpus/find-gpus.ts";
import { DistrustedServer } from "./joining/distrusted-server.ts";
import { lineFrom } from "./joining/given-line.ts";
import { checkWorkerName, defaultWorkerName, identify, workerStateDir } from "./joining/identity.ts";
import { isOnlyHere, type JoinLine, parseJoinLine, shownServer } from "./joining/join-line.ts";
import { folderFor, type WorkerIdentity } from "./joining/kept-identity.ts";
import { Patience } from "./joining/patience.ts";
import { ProgramWatch, programGone, programParts } from "./joining/program-watch.ts";
import { RefusedKey } from "./joining/refused-key.ts";
import { watchForWaking } from "./joining/wake-watch.ts";
import { WorkerDisk } from "./node/disk-room.ts";
import { confinement, environmentsIn, housingOf } from "./node/housing.ts";
import { type Lending, openLending } from "./node/lending.ts";
import { WorkerNode } from "./node/node.ts";
import { RunnerPool } from "./node/runner-pool.ts";
import { FileSpool } from "./node/spool.ts";
import type { WorkerNews } from "./node/told/news.ts";
import { BundleCache } from "./own-code/bundle-cache.ts";
import { dropCode, unpackCode } from "./own-code/own-code.ts";
import { watchMemory } from "./owner/memory-watch.ts";
import { Owner } from "./owner/owner.ts";
import { givesWay } from "./processes/priority/priority.ts";
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
    if (!flags.quiet) process.stdout.write(`${line}\n`);
  };
  const sayNews = (line: string): void =>
    say(newsLines(printableLines(line), process.stdout.isTTY ? process.stdout.columns : undefined));
  const patience = new Patience({ clock: systemClock, chance: systemChance }, flags.wait, say);
  const text = given === undefined ? await lineForNone(flags.workspace, patience) : await lineFrom(given);
  const line = parseJoinLine(text);
  if (!flags.sandbox && (flags.sandboxRo || !flags.network)) {
    const flag = flags.sandboxRo ? "--sandbox-ro" : "--no-network";
    throw new UsageError(`${flag} without --sandbox: expected both; without a sandbox runs may do whatever you may`);
  }
  let told: OwnerTold | undefined;
  const tell = (text: string): void => {
    sayNews(`${timeText()}  ${text}`);
    told?.changed();
  };
  const owner = new Owner(flags, systemClock, tell);
  const { name, stateDir, lock } = await patience.keepTrying(async () =>
    claimState(line, given === undefined, flags.name, say),
  );
  try {
    const disk = new WorkerDisk(stateDir);
    const spool = new FileSpool(join(stateDir, "spool"));
    // A key that cannot be kept would be lost, and the name with it.
    await patience.keepTrying(async () => {
      const full = disk.trouble();
      if (full !== "") throw new UnreachableError(`this machine cannot work: ${full}`);
    });
    spool.holdRoom();
    const finding = findGpus(flags.gpus, process.env);
    // Before the machine enrols: there may be no such GPU here, and no sandbox.
    if (flags.gpus !== undefined) await finding;
    const housing = housingOf(stateDir, workspacePaths(line.workspace).dir, flags);
    const log = orSayFolder(stateDir, () => fileLog(join(stateDir, "worker.log"), "nexus-worker"));
    const shown = credentialsOf({ credentialsFile: flags.creds ?? null, caFile: flags.tlsCa ?? null });
    const identity: WorkerIdentity =
      flags.creds === undefined
        ? await identify(stateDir, name, line, say, {
            authority: shown.authority,
            isOwnLine: given === undefined,
            patience,
          })
        : { worker: name, nkeySeed: "" };
    const ownKey = identity.nkeySeed === "" ? {} : { nkeySeed: identity.nkeySeed };
    const credentials = { ...ownKey, ...shown };
    // Report wrong credentials now, instead of retrying for ever. identify has already tried a key of our own.
    if (flags.creds !== undefined)
      await (await patience.keepTrying(() => connectAs(line.url, credentials, "viewer"))).close();
    const key = new RefusedKey(systemClock, (isRefused) => {
      const words = isRefused ? refusedText(line, given !== undefined) : "the broker knows this worker's key again";
      if (isRefused) log.error(words);
      told?.trouble(isRefused ? "the broker refuses its key" : "");
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
      isOneOfMany: true,
      waitForBroker: true,
      onStatus: (status) => log.info(status),
      onRefused: () => key.refused(),
      onDistrust: (why) => trust.found(why),
      onConnected: (isEncrypted) => {
        if (!isEncrypted && !isOnlyHere(line)) plainText();
      },
    });
    const believed = (): void => {
      key.accepted();
      trust.trusted();
    };
    believed();
    bus.onReconnect(believed);
    dropCode(stateDir);
    // What is left of runs that an earlier process did not finish.
    rmSync(join(stateDir, "states"), { recursive: true, force: true });
    const gpus = await finding;
    const options = {
      worker: identity.worker,
      bootId: systemChance.nonce(),
      version: programVersion(),
      slots: owner.slots,
      gpus: gpus.count,
      targets: flags.target ?? [],
      opportunistic: flags.opportunistic,
      noCode: !flags.code,
      fetches: true,
      stateDir,
      graceMs: flags.grace,
    };
    const program = new ProgramWatch(programParts());
    const ports = {
      bus,
      clock: systemClock,
      chance: systemChance,
      log,
      runners: new RunnerPool(log, housing),
      spool,
      // A run that fails where the program itself is gone has not failed.
      disk: {
        blameFor: (folder: string) => program.blame() || disk.blameFor(folder),
      },
      gpus,
      vitals: new Vitals(stateDir, { clock: systemClock, log, ...gpus.useReader(process.env["PATH"]) }),
      bundles: new BundleCache({ bus, clock: systemClock, log }, join(stateDir, "cache"), flags.cache),
      environments: environmentsIn(
        { folder: join(stateDir, "environments"), mostBytes: flags.cache, clock: systemClock },
        housing,
        log,
      ),
      unpackCode: (code: CodeBundle) => unpackCode(stateDir, code),
      removeFolder: (folder: string) => {
        // Most runs leave none, and an error that says so takes five times as long as a look.
        if (lstatSync(folder, { throwIfNoEntry: false })) rmSync(folder, { recursive: true, force: true });
      },
    };
    const node = new WorkerNode(ports, options, (news) => {
      told?.news(news);
      if ((news.kind === "silent" || news.kind === "answered") && key.explains(news.kind)) return;
      // The line of a run is made for nobody else.
      if (!flags.quiet) sayNews(newsLine(news));
    });
    told = new OwnerTold(
      stateDir,
      ownerFacts(options.worker, line),
      { node, slots: () => owner.slots, rules: () => owner.rulesText() },
      ports,
    );
    told.onSignal(say);
    const asked = obeySignals(node, say, flags.grace);
    if (flags.spot !== undefined)
      obeyNotices({ clock: systemClock, log }, flags.spot, node, flags.grace, say, flags.spotAddress);
    disk.watch(systemClock, (lending) => {
      node.lend(lending, "disk");
      if (lending.word === "open") spool.holdRoom();
    });
    watchMemory(systemClock, node);
    watchForWaking(systemClock, (missedMs) => {
      const words = `the machine slept, or this program stood still, for ${Math.round(missedMs / 1000)} s: it asks what it still holds`;
      log.warn(words);
      say(`${timeText()}  ${words}`);
      node.woke();
    });
    let isGone = false;
    const missing: Lending = { word: "frozen", why: programGone, until: "when it is there again" };
    const lendWhileThere = (isThere: boolean): void => node.lend(isThere ? openLending : missing, "program");
    program.watch(systemClock, lendWhileThere, (part) => {
      const words = `${part} is gone, so no run can start here; install it again and start this worker anew`;
      log.error(words);
      say(`${timeText()}  ${words}`);
      isGone = true;
      node.handBack(programGone);
    });
    if (flags.tied) process.on("disconnect", () => node.handBack("its starter ended"));
    say(told.line);
    say(`  ${confinement(flags)}`);
    if (gpus.text !== "") say(`  ${printableLines(gpus.text)}`);
    // When it lends stands in the line above.
    const [, ...further] = owner.rulesText().split("; ");
    if (further.length > 0) say(`  ${further.join("; ")}`);
    owner.watch(node, log, flags.pretend);
    void dropOldCode(process.env, systemClock.wall());
    await node.work();
    told.close();
    await bus.close();
    return isGone ? exitCode.failure : asked();
  } finally {
    owner.leave();
    lock.release();
  }
}

/** What does not change while it works. */
const ownerFacts = (worker: WorkerId, line: JoinLine): Fixed => ({
  worker,
  workspace: line.workspace,
  server: shownServer(line),
  pid: process.pid,
  hasTerminal: process.stdin.isTTY === true,
  givesWay: givesWay(process.env),
});

/**
 * Locks the folder of this worker. Without --name it takes the first free one, so that two workers on one machine just work.
 *
 * @param isOwnLine  the line is from this machine's own workspace
 */
function claimState(
  line: JoinLine,
  isOwnLine: boolean,
  named: string | undefined,
  say: (text: string) => void,
): { name: WorkerId; stateDir: string; lock: HeldLock } {
  const wished = named === undefined ? defaultWorkerName() : checkWorkerName(named);
  for (let i = 1; ; i += 1) {
    const name = checkWorkerName(i === 1 ? wished : `${wished}-${i}`);
    const usual = workerStateDir(line.workspace, name);
    const { folder: stateDir, joinsBeside } = orSayFolder(usual, () => folderFor(usual, line, isOwnLine));
    const path = join(stateDir, "worker.lock");
    const attempt = orSayFolder(stateDir, () => {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
      return takeLock(path, `the worker ${name}`);
    });
    if (attempt.ok && joinsBeside) say(otherServer(joinsBeside, line));
    if (attempt.ok) return { name, stateDir, lock: attempt.lock };
    if (named !== undefined || i > 64) {
      throw new UsageError(
        `a worker called ${name} is already running: ${explainLock(path, attempt.owner, attempt.liveness)}`,
      );
    }
  }
}

const otherServer = ({ worker }: WorkerIdentity, line: JoinLine): string =>
  `this line leads to another server than the one at which this machine is the worker ${worker} of ${line.workspace}, so that ` +
  "one's key is not shown there: this machine joins as a worker of its own, and goes on as before with the earlier line\n" +
  `  if the workspace is the same and only has a new authority or address, remove the earlier worker there: nexus workers forget ${worker}`;

/** Turns an error of the file system into one that says what to do. */
function orSayFolder<T>(stateDir: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    if (isDiskFull(cause))
      throw new UnreachableError(`this machine cannot work: the disk of ${stateDir} is full`, { cause });
    throw new UsageError(
      `cannot use ${stateDir}, where this worker keeps its key, its log and its runs (${message})\n` +
        "  set XDG_STATE_HOME to a folder that you may write to",
      { cause },
    );
  }
}

/** The line of the workspace on this machine; where there is none, a terminal is asked for one. */
async function lineForNone(workspace: string, patience: Patience): Promise<string> {
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
    return lineFrom("-");
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

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
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
