import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import { livingSecret, orderKeyAt, readRoleSecret } from "../../shared/broker/access/credentials.ts";
import { inviteKey, readInviteCode, type ShowInvite } from "../../shared/broker/access/invite-code.ts";
import { SigningBus } from "../../shared/broker/access/signing-bus.ts";
import { openConnections, workersTotal, workerTraffic } from "../../shared/broker/access/worker-traffic.ts";
import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { peerUrls } from "../../shared/broker/peers/peers.ts";
import { rememberBroker } from "../../shared/broker/server/external-broker.ts";
import { parseServerUrl, serverUrlText } from "../../shared/broker/server-url.ts";
import { bundleStore } from "../../shared/broker/store/bundle-store.ts";
import { JournalFooting } from "../../shared/broker/store/journal-footing.ts";
import { storePurger } from "../../shared/broker/store/purger.ts";
import { sealEntriesAnew } from "../../shared/broker/store/seal-anew.ts";
import { ensureSealFile, readSeals } from "../../shared/broker/store/seal-file.ts";
import { SealedBus } from "../../shared/broker/store/sealed-bus.ts";
import { aimed, checkEnds, checkStore } from "../../shared/broker/store/store-check.ts";
import { keepMark } from "../../shared/broker/store/store-mark.ts";
import { storedSizes } from "../../shared/broker/store/stored-sizes.ts";
import { ensureStreams } from "../../shared/broker/store/streams.ts";
import { dropUnstored, endDropped, reachOf, subjectsOf } from "../../shared/broker/store/unstored.ts";
import { connectAs, credentialsOf } from "../../shared/broker/workspace-link.ts";
import { systemChance } from "../../shared/chance.ts";
import { largestRandint } from "../../shared/domain/seeds.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { liveness } from "../../shared/machine/process-identity.ts";
import { barredBy, readRestored } from "../../shared/machine/restored-file.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { within } from "../../shared/time/deadline.ts";
import { streams } from "../../shared/wire/subjects.ts";
import { livingEndpoint } from "../endpoint/endpoint.ts";
import { shownCode } from "../endpoint/join-lines.ts";
import { type ServicePorts, serve } from "../leader/service.ts";
import { ownSearches } from "../own-search/own-searches.ts";
import { untilStored } from "../peers/until-stored.ts";
import { PeerUpkeep } from "../peers/upkeep.ts";
import { foreignText } from "../words/foreign-text.ts";
import type { Happening } from "./headless-lines.ts";
import { connectOwn, renewSecrets } from "./renew-secrets.ts";
import { writeSnapshotApart } from "./snapshot-process.ts";
import { announce, announceLead, announcePeer, type Station } from "./station.ts";

const lastMarkMs = 1000;
/** Time for the answer to an order that ends this connection. */
const answerMs = 300;

/** A coordinator's connection to the broker: it leads or stands by until it is to end, or passwords and keys are to be replaced. */
export class Session {
  readonly #station: Station;
  readonly #url: string;
  readonly #connect: () => Promise<CoordinatorBus>;
  readonly #bus: SealedBus;
  readonly #footing: JournalFooting;
  readonly #tell: (happening: Happening) => void;
  readonly #left = new AbortController();
  readonly #rotating = new AbortController();
  #whyLeft: string | undefined;
  #isLeading = false;
  #upkeep: PeerUpkeep | undefined;

  static async open(station: Station, tell: (happening: Happening) => void): Promise<Session> {
    const { paths, external, held, peers, log, events } = station;
    const credentials = external ? credentialsOf(external) : livingSecret(paths, "coordinator");
    const url = peers && held ? peersUrl(held.url, peerUrls(paths, peers)) : (held?.url ?? external?.url ?? "");
    // Somebody else's broker has no guard of ours, which otherwise makes the key.
    if (external) ensureSealFile(paths);
    const seals = readSeals(paths);
    if (!seals) throw new Error(`${paths.secrets} holds no key, although one was made`);
    // Fails if it is damaged, before any own search could start.
    readRestored(paths);
    const connect = () => (held ? connectOwn(paths, url, credentials) : connectAs(url, credentials, "coordinator"));
    const bus = new SealedBus(await connect(), seals, (foreign) => {
      const told = foreignText(foreign);
      log.error(foreign, told);
      events.trouble(Date.now(), told);
    });
    return new Session(station, url, connect, bus, tell);
  }

  private constructor(
    station: Station,
    url: string,
    connect: () => Promise<CoordinatorBus>,
    bus: SealedBus,
    tell: (happening: Happening) => void,
  ) {
    this.#station = station;
    this.#url = url;
    this.#connect = connect;
    this.#bus = bus;
    this.#footing = new JournalFooting(bus, station.paths);
    this.#tell = tell;
    rememberBroker(station.paths, station.external);
  }

  async run(signal: AbortSignal): Promise<"ended" | "rotating"> {
    const { paths, external, peers, held, log } = this.#station;
    const undo: (() => Promise<void>)[] = [() => this.#bus.close()];
    try {
      if (peers && held) {
        // Announced already: a standby is this machine's coordinator too, perhaps for ever.
        this.#announcePeer();
        this.#tell("ready");
        await untilStored(this.#bus, paths, log, signal);
        if (signal.aborted) return "ended";
        const upkeep = this.#lookAfterPeers();
        undo.push(() => upkeep.stop());
        this.#upkeep = upkeep;
      } else await this.#openStore();
      if (peers) await this.#footing.check();
      if (!external) {
        const raised = keepMark(paths, this.#bus, (why) => log.info(`the store's mark is not raised yet: ${why}`));
        // If all peers end together, the last has nobody left to ask.
        undo.push(() => within(raised(), lastMarkMs, "the last mark").catch(() => undefined));
      }
      const questions = await this.#connect();
      undo.push(() => questions.close());
      const ends = [signal, this.#left.signal, this.#rotating.signal];
      await serve({ ...this.#leaderPorts(), questions }, AbortSignal.any(ends));
      if (this.#whyLeft !== undefined) throw new UsageError(`workspace ${paths.name} ${this.#whyLeft}`);
      return this.#rotating.signal.aborted && !signal.aborted ? "rotating" : "ended";
    } catch (error) {
      throw aimed(error, workspaceFlags(paths.name));
    } finally {
      for (const step of undo.reverse()) await step();
    }
  }

  /** Checks a store that is not shared with peers, and makes what it lacks. */
  async #openStore(): Promise<void> {
    const { paths, external, replicas = 1 } = this.#station;
    // Only our own store has a mark; someone else's broker has its own administrator.
    if (!external) {
      await checkStore(this.#bus, paths);
      await checkEnds(this.#bus, paths);
    }
    await ensureStreams(this.#bus, external ? null : paths.store, replicas);
    // Checked before "ready", so that whoever started this process can read why it ends.
    await this.#footing.check();
    this.#tell("ready");
  }

  /** While this process still holds the lead, so that nobody decides anything under the old secrets. */
  async #renewSecrets(leads: () => boolean): Promise<void> {
    const { paths, log } = this.#station;
    try {
      const last = await this.#bus.lastSeq(streams.journal);
      if (!leads()) throw new Error("another coordinator leads by now");
      renewSecrets(paths, last);
      // From here on the broker takes nothing else, of standbys on other machines neither.
      await (await this.#connect()).close();
      // It has ended this connection too: the answer says that it is back.
      await this.#bus.lastSeq(streams.journal);
      // If this fails, the next reign begins with it.
      await sealEntriesAnew(this.#bus);
      log.info("passwords and keys are new");
    } catch (error) {
      log.error(`the secrets were not all renewed: ${messageOf(error)}`);
    }
  }

  #lookAfterPeers(): PeerUpkeep {
    const { paths, log, held } = this.#station;
    const bus = this.#bus;
    const key = orderKeyAt(paths);
    return new PeerUpkeep({
      bus,
      orders: key ? new SigningBus(bus, () => orderKeyAt(paths) ?? key) : bus,
      paths,
      log,
      leads: () => this.#isLeading,
      admit: async ({ workers, invites }) => held?.reloadUsers(workers, invites),
      shown: shownInvite(paths),
      onShown: () => this.#announcePeer(),
      onLeft: (why) => {
        this.#whyLeft = why;
        this.#left.abort();
      },
    });
  }

  #announcePeer(): void {
    announcePeer(this.#station, this.#url);
  }

  #leaderPorts(): ServicePorts {
    const { paths, external, held, own, host, leaseMs, ownSearch, log, events } = this.#station;
    const bus = this.#bus;
    return {
      bus,
      clock: systemClock,
      chance: systemChance,
      log,
      identity: { leader: `${hostname()}-${process.pid}`, host, pid: own.pid, started: `${own.boot} ${own.startTime}` },
      leaseMs,
      isKnownDead: (entry) => {
        if (entry.host !== host) return false;
        const [boot = "", ...startTime] = entry.started.split(" ");
        return liveness({ pid: entry.pid, boot, startTime: startTime.join(" "), scope: own.scope }) === "dead";
      },
      drawSeed: () => randomInt(largestRandint + 1),
      publishUsers: async (account) => {
        const { workers, invites } = account;
        await Promise.all([held?.reloadUsers(workers, invites), this.#upkeep?.tell(account)]);
        // The join line may be new.
        if (held && livingEndpoint(paths)?.coordinator.pid === own.pid) announce(this.#station, held.url);
      },
      ownSearches: ownSearches({
        folder: paths.searches,
        logs: paths.logs,
        from: ownSearch,
        keys: () => readSeals(paths)?.keys ?? [],
        barredBy: (job, op) => barredBy(paths, { job, op }),
        clock: systemClock,
        log,
      }),
      ...(external ? {} : this.#ownBrokerPorts()),
      intake: {
        drop: () => dropUnstored(bus),
        reopen: () => endDropped(bus),
        reach: () => reachOf(bus),
        subjectsOf: (seqs) => subjectsOf(bus, seqs),
      },
      purger: storePurger(bus),
      bundles: bundleStore(bus),
      storedSizes: storedSizes(bus),
      quotas: this.#station.quotas,
      onStandby: () => this.#tell("standing by"),
      onStored: (event, table) => events.event(event, table),
      orderKey: () => orderKeyAt(paths),
      checkJournal: () => this.#footing.check(),
      onLed: (seq) => this.#footing.begun(seq),
      writeSnapshot: async (stop) => {
        const credentials = external ? credentialsOf(external) : readRoleSecret(paths, "coordinator");
        await writeSnapshotApart({ url: this.#url, credentials, workspace: paths.dir }, log, stop);
      },
      beforeRelease: async (leads) => {
        if (this.#rotating.signal.aborted) await this.#renewSecrets(leads);
      },
      onLeading: (leads) => this.#onLeading(leads),
    };
  }

  /** Ports that somebody else's broker cannot offer. */
  #ownBrokerPorts(): Pick<ServicePorts, "showInvite" | "rotate" | "traffic"> {
    const { paths, peers } = this.#station;
    const server = { bus: this.#bus, isAlone: !peers };
    return {
      showInvite: shownInvite(paths),
      // No rotation with peers: each has a copy of the passwords.
      ...(peers ? {} : { rotate: () => void setTimeout(() => this.#rotating.abort(), answerMs) }),
      traffic: {
        traffic: (most) => workerTraffic(server, most),
        connections: () => openConnections(server),
        ...(peers ? {} : { total: () => workersTotal(this.#bus) }),
      },
    };
  }

  #onLeading(leads: boolean): void {
    this.#isLeading = leads;
    announceLead(this.#station, this.#url, leads);
    if (leads) this.#tell("leading");
  }
}

const shownInvite =
  (paths: WorkspacePaths): ShowInvite =>
  (now, isOver) => {
    const code = shownCode(paths, now, isOver);
    const { publicKey } = inviteKey(code);
    return { publicKey, expiresAt: expiryOf(code), line: hostname() };
  };

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
