import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import { livingSecret, orderKeyAt, readRoleSecret } from "../../shared/broker/access/credentials.ts";
import { inviteKey, readInviteCode, type ShowInvite } from "../../shared/broker/access/invite-code.ts";
import { SigningBus } from "../../shared/broker/access/signing-bus.ts";
import { openConnections, workersTotal, workerTraffic } from "../../shared/broker/access/worker-traffic.ts";
import { addressText } from "../../shared/broker/address.ts";
import { peerHost, peerUrls, readPeers, selfOf } from "../../shared/broker/peers/peers.ts";
import { type ExternalBroker, externalJoinLine, rememberBroker } from "../../shared/broker/server/external-broker.ts";
import { type HeldBroker, holdBroker } from "../../shared/broker/server/server.ts";
import { parseServerUrl, serverUrlText } from "../../shared/broker/server-url.ts";
import { bundleStore } from "../../shared/broker/store/bundle-store.ts";
import { JournalFooting } from "../../shared/broker/store/journal-footing.ts";
import { storePurger } from "../../shared/broker/store/purger.ts";
import { ensureSealFile, readSeals } from "../../shared/broker/store/seal-file.ts";
import { SealedBus } from "../../shared/broker/store/sealed-bus.ts";
import { aimed, checkEnds, checkStore } from "../../shared/broker/store/store-check.ts";
import { keepMark } from "../../shared/broker/store/store-mark.ts";
import { storedSizes } from "../../shared/broker/store/stored-sizes.ts";
import { ensureStreams } from "../../shared/broker/store/streams.ts";
import { dropUnstored, endDropped, reachOf, subjectsOf } from "../../shared/broker/store/unstored.ts";
import type { TlsSettings } from "../../shared/broker/tls/tls-settings.ts";
import { connectAs, credentialsOf } from "../../shared/broker/workspace-link.ts";
import { systemChance } from "../../shared/chance.ts";
import { type QuotaLimits, quotasWith } from "../../shared/domain/quotas.ts";
import { largestRandint } from "../../shared/domain/seeds.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { fileLog } from "../../shared/log.ts";
import { dropOldCode } from "../../shared/machine/kept-code.ts";
import { liveness, ownIdentity, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { readQuotaFile } from "../../shared/machine/quota-file.ts";
import { barredBy } from "../../shared/machine/restored-file.ts";
import { createWorkspace, type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { within } from "../../shared/time/deadline.ts";
import { streams } from "../../shared/wire/subjects.ts";
import type { HandedOut } from "../endpoint/bootstrap.ts";
import { livingEndpoint, removeEndpoint, writeEndpoint } from "../endpoint/endpoint.ts";
import { joinLine, shownCode } from "../endpoint/join-lines.ts";
import type { PackageChoice } from "../endpoint/package-choice.ts";
import { serve } from "../leader/service.ts";
import { ownSearches, type SearchesFrom } from "../own-search/own-searches.ts";
import { type Handing, handOut, makePackage, type Package } from "../package/serve-package.ts";
import { untilStored } from "../peers/until-stored.ts";
import { PeerUpkeep } from "../peers/upkeep.ts";
import { foreignText } from "../words/foreign-text.ts";
import { EventLog } from "./event-log.ts";
import type { Happening } from "./headless-lines.ts";
import { connectOwn, renewSecrets, sealEntriesAnew } from "./renew-secrets.ts";
import { writeSnapshotApart } from "./snapshot-process.ts";

export interface CoordinatorOptions {
  readonly paths: WorkspacePaths;
  /** `host:port` for the broker; undefined: loopback, the port of the last start. */
  readonly listen: string | undefined;
  /** How the broker encrypts. */
  readonly tls: TlsSettings;
  readonly external: ExternalBroker | null;
  /** Copies of each stream on someone else's broker; our own has one for each peer. */
  readonly replicas?: number | undefined;
  readonly leaseMs: number;
  /** Whose searches of their own it starts. */
  readonly ownSearch: SearchesFrom;
  /** How long the broker outlives a coordinator that is killed. */
  readonly lingerMs: number;
  /** Where workers of this version are handed out. */
  readonly package: PackageChoice;
}

const lastMarkMs = 1000;
/** Time for the answer to an order that ends this connection. */
const answerMs = 300;

/** Runs a coordinator in this process until the signal aborts; reports what happens, beginning with "ready". */
export async function runCoordinator(
  options: CoordinatorOptions,
  tell: (happening: Happening) => void,
  signal: AbortSignal,
): Promise<void> {
  const { paths, external } = options;
  createWorkspace(paths);
  const log = fileLog(paths.coordinatorLog, "nexus-coord");
  const events = new EventLog(paths.eventLog, (why) => log.warn(`events.log cannot be written: ${why}`));
  const own = ownIdentity();
  const name = `${hostname()}-${process.pid}`;
  let held: HeldBroker | undefined;
  let handing: Handing | undefined;
  const peers = external ? undefined : readPeers(paths);
  const host = peers ? peerHost(peers.self) : own.scope;
  if (peers?.moved !== undefined) throw new UsageError(`workspace ${paths.name} ${peers.moved}`);
  const shown: ShowInvite = (now, isOver) => {
    const code = shownCode(paths, now, isOver);
    const { publicKey } = inviteKey(code);
    return { publicKey, expiresAt: expiryOf(code), line: hostname() };
  };
  if (!external) {
    const { lingerMs, tls } = options;
    const listen = peers ? addressText({ host: peers.bind, port: selfOf(peers).port }) : options.listen;
    const holding = holdBroker(paths, { kind: "coordinator", listen, tls, lingerMs, log: (line) => log.warn(line) });
    // While the broker starts.
    const [broker, made] = await Promise.all([holding, options.package === "none" ? undefined : makePackage()]);
    held = broker;
    if (made) handing = await handingOut(broker, options, made, (why) => log.warn(why));
  }
  void dropOldCode(process.env, Date.now());
  const announced: Announced = { ...options, handedOut: handing?.handedOut };
  /** Leads or stands by until the signal aborts, or until passwords and keys are to be replaced. */
  const session = async (tell: (happening: Happening) => void, isAnew: boolean): Promise<"ended" | "rotating"> => {
    const credentials = external ? credentialsOf(external) : livingSecret(paths, "coordinator");
    const url = peers && held ? peersUrl(held.url, peerUrls(paths, peers)) : (held?.url ?? external?.url ?? "");
    // Somebody else's broker has no guard of ours, which otherwise makes the key.
    if (external) ensureSealFile(paths);
    const seals = readSeals(paths);
    if (!seals) throw new Error(`${paths.secrets} holds no key, although one was made`);
    const connect = () => (held ? connectOwn(paths, url, credentials) : connectAs(url, credentials, "coordinator"));
    const bus = new SealedBus(await connect(), seals, (foreign) => {
      const told = foreignText(foreign);
      log.error(foreign, told);
      events.trouble(Date.now(), told);
    });
    const footing = new JournalFooting(bus, paths);
    rememberBroker(paths, external);
    const undo: (() => Promise<void>)[] = [() => bus.close()];
    const left = new AbortController();
    const rotating = new AbortController();
    let whyLeft: string | undefined;
    let isLeading = false;
    let upkeep: PeerUpkeep | undefined;
    try {
      if (peers && held) {
        // A standby is this machine's coordinator too, perhaps for ever.
        announcePeer(own, held, announced);
        tell("ready");
        await untilStored(bus, paths, log, signal);
        if (signal.aborted) return "ended";
        const key = orderKeyAt(paths);
        const peerUpkeep = new PeerUpkeep({
          bus,
          orders: key ? new SigningBus(bus, () => orderKeyAt(paths) ?? key) : bus,
          paths,
          log,
          leads: () => isLeading,
          admit: async ({ workers, invites }) => held?.reloadUsers(workers, invites),
          shown,
          onShown: () => announcePeer(own, held, announced),
          onLeft: (why) => {
            whyLeft = why;
            left.abort();
          },
        });
        upkeep = peerUpkeep;
        undo.push(() => peerUpkeep.stop());
      } else {
        // Only our own store has a mark; someone else's broker has its own administrator.
        if (!external) {
          await checkStore(bus, paths);
          await checkEnds(bus, paths);
        }
        await ensureStreams(bus, external ? null : paths.store, options.replicas ?? 1);
        // Whoever started this process reads why it ends, if it does.
        await footing.check();
        tell("ready");
      }
      if (peers) await footing.check();
      if (isAnew) await sealEntriesAnew(bus);
      if (!external) {
        const raised = keepMark(paths, bus, (why) => log.info(`the store's mark is not raised yet: ${why}`));
        // If all peers end together, the last has nobody left to ask.
        undo.push(() => within(raised(), lastMarkMs, "the last mark").catch(() => undefined));
      }
      const questions = await connect();
      undo.push(() => questions.close());
      await serve(
        {
          bus,
          questions,
          clock: systemClock,
          chance: systemChance,
          log,
          identity: { leader: name, host, pid: own.pid, started: `${own.boot} ${own.startTime}` },
          leaseMs: options.leaseMs,
          isKnownDead: (entry) => {
            if (entry.host !== host) return false;
            const [boot = "", ...startTime] = entry.started.split(" ");
            return liveness({ pid: entry.pid, boot, startTime: startTime.join(" "), scope: own.scope }) === "dead";
          },
          drawSeed: () => randomInt(largestRandint + 1),
          publishUsers: async (account) => {
            const { workers, invites } = account;
            await Promise.all([held?.reloadUsers(workers, invites), upkeep?.tell(account)]);
            // Its line may be a new one.
            if (held && livingEndpoint(paths)?.coordinator.pid === own.pid) announce(own, held, held.url, announced);
          },
          ownSearches: ownSearches({
            folder: paths.searches,
            logs: paths.logs,
            from: options.ownSearch,
            keys: () => readSeals(paths)?.keys ?? [],
            barredBy: (job) => barredBy(paths, external?.url ?? null, job),
            clock: systemClock,
            log,
          }),
          ...(external ? {} : { showInvite: shown }),
          // Peers each have a copy of the passwords, and of somebody else's broker they are not ours.
          ...(external || peers ? {} : { rotate: () => void setTimeout(() => rotating.abort(), answerMs) }),
          ...(external
            ? {}
            : {
                traffic: {
                  traffic: (most) => workerTraffic({ bus, isAlone: !peers }, most),
                  connections: () => openConnections({ bus, isAlone: !peers }),
                  ...(peers ? {} : { total: () => workersTotal(bus) }),
                },
              }),
          intake: {
            drop: () => dropUnstored(bus),
            reopen: () => endDropped(bus),
            reach: () => reachOf(bus),
            subjectsOf: (seqs) => subjectsOf(bus, seqs),
          },
          purger: storePurger(bus),
          bundles: bundleStore(bus),
          storedSizes: storedSizes(bus),
          quotas: () => quotasOf(paths, (problem) => log.warn(problem)),
          onStandby: () => tell("standing by"),
          onStored: (event, table) => events.event(event, table),
          orderKey: orderKeyAt(paths),
          checkJournal: () => footing.check(),
          onLed: (seq) => footing.begun(seq),
          writeSnapshot: (stop) => {
            const now = external ? credentialsOf(external) : readRoleSecret(paths, "coordinator");
            return writeSnapshotApart({ url, credentials: now, workspace: paths.dir }, log, stop);
          },
          onLeading: (leads) => {
            isLeading = leads;
            if (peers && held) announcePeer(own, held, announced);
            else if (leads) announce(own, held, url, announced);
            else removeEndpoint(paths, own);
            if (leads) tell("leading");
          },
        },
        AbortSignal.any([signal, left.signal, rotating.signal]),
      );
      if (whyLeft !== undefined) throw new UsageError(`workspace ${paths.name} ${whyLeft}`);
      if (!rotating.signal.aborted || signal.aborted) return "ended";
      renewSecrets(paths, await bus.lastSeq(streams.journal));
      log.info("passwords and keys are new");
      return "rotating";
    } catch (error) {
      throw aimed(error, workspaceFlags(paths.name));
    } finally {
      for (const step of undo.reverse()) await step();
    }
  };
  try {
    const quietly = (happening: Happening): void => {
      if (happening !== "ready") tell(happening);
    };
    let end = await session(tell, false);
    while (end === "rotating") end = await session(quietly, true);
  } finally {
    await events.close();
    removeEndpoint(paths, own);
    handing?.close();
    await held?.release();
  }
}

const toldProblems = new Set<string>();

/** Each problem of the file is told once. */
function quotasOf(paths: WorkspacePaths, onProblem: (problem: string) => void): QuotaLimits {
  const { texts, problems } = readQuotaFile(paths);
  for (const problem of problems.filter((each) => !toldProblems.has(each))) {
    toldProblems.add(problem);
    onProblem(problem);
  }
  return quotasWith(texts);
}

function expiryOf(code: string): number {
  const read = readInviteCode(code);
  if (read.kind !== "code") throw new Error("a code that was just made is none");
  return read.expiresAt;
}

/** This machine's server first, which may listen where no other machine reaches it, then all of them. */
function peersUrl(own: string, all: string): string {
  const { scheme, servers, pin } = parseServerUrl(all);
  return serverUrlText({ scheme, servers: [...new Set([...parseServerUrl(own).servers, ...servers])], pin });
}

interface Announced extends CoordinatorOptions {
  readonly handedOut: HandedOut | undefined;
}

/** A search goes on without it, unless a person demanded this port. */
async function handingOut(
  broker: HeldBroker,
  { paths, package: choice }: CoordinatorOptions,
  made: Package,
  warn: (why: string) => void,
): Promise<Handing | undefined> {
  const port = typeof choice === "number" ? choice : undefined;
  try {
    return await handOut(broker, port, made);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (port !== undefined) {
      await broker.release();
      throw new UsageError(
        `--package ${port}: port ${port} on ${broker.host} cannot be listened on (${code}); choose another, or none${workspaceFlags(paths.name)}`,
        { cause: error },
      );
    }
    warn(`the package for other machines is not handed out: ${messageOf(error)}`);
    return undefined;
  }
}

/** Lets commands on this machine find the coordinator that leads. */
function announce(
  own: ProcessIdentity,
  held: HeldBroker | undefined,
  url: string,
  { paths, leaseMs, lingerMs, replicas, handedOut }: Announced,
): void {
  writeEndpoint(paths, {
    coordinator: own,
    url: held?.url ?? url,
    joinLine: held ? joinLine(paths, held.host, held.port) : externalJoinLine(paths, { url }),
    since: Date.now(),
    settings: { leaseMs, lingerMs, replicas },
    handedOut,
  });
}

/** Lets commands on this machine find a peer's coordinator, whether it leads or stands by. */
function announcePeer(own: ProcessIdentity, held: HeldBroker, options: Announced): void {
  const running = livingEndpoint(options.paths);
  if (!running || running.coordinator.pid === own.pid) announce(own, held, held.url, options);
}
