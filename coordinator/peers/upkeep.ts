import type { WorkersAccount } from "../../shared/broker/access/accounts.ts";
import type { ShowInvite } from "../../shared/broker/access/invite-code.ts";
import { readWorkerList, storeWorkerList, workerListSubject } from "../../shared/broker/access/worker-list.ts";
import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { type Members, membersSubject, readMembers } from "../../shared/broker/peers/members.ts";
import { peersTrouble } from "../../shared/broker/peers/peer-probe.ts";
import { readPeers, writePeers } from "../../shared/broker/peers/peers.ts";
import { Alarm } from "../../shared/broker/server/alarm.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { adoptMembers } from "./adopt-members.ts";
import { addressesOf } from "./invitation.ts";
import { ClusterCare } from "./look-after.ts";
import { PeerLine } from "./peer-line.ts";
import { Rejoin } from "./rejoin.ts";

const lookEveryMs = 2000;
const lastLookMs = 1000;
/** Time for the other peers to read that the workspace has moved, since a single peer cannot read anything. */
const leaveAfterMs = 1.5 * lookEveryMs;
/** A worker that has just enrolled may connect to any peer, so the others are told first, for at most this long. */
const toldWithinMs = 1000;

export interface PeerUpkeepPorts {
  readonly bus: CoordinatorBus;
  /** Signs orders. */
  readonly orders: Bus;
  readonly paths: WorkspacePaths;
  readonly log: Log;
  /** Whether this process leads; the leader knows the workers and looks after the cluster. */
  leads(): boolean;
  /** Has this machine's server let in these workers, and the holders of these invitations. */
  admit(account: WorkersAccount): Promise<void>;
  /** The invitation that this machine shows; the leader is asked for it. */
  readonly shown: ShowInvite;
  /** The line to show may have changed; this machine's server takes it now. */
  onShown(): void;
  /** This machine is no longer a peer; `why` is a sentence. */
  onLeft(why: string): void;
}

/**
 * The duties of each peer besides leading or standing by: it tells its own server about every worker that the leader admits and
 * every peer that is replaced, and says why nothing is stored while too few peers are up.
 */
export class PeerUpkeep {
  readonly #ports: PeerUpkeepPorts;
  readonly #care: ClusterCare;
  readonly #rejoin: Rejoin;
  readonly #line: PeerLine;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #alarm = new Alarm();
  readonly #deaf: readonly (() => void)[];
  #admitting: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  /** The leader's list of workers that is not stored for the others yet. */
  #untold: WorkersAccount | undefined;
  #known = "";

  constructor(ports: PeerUpkeepPorts) {
    this.#ports = ports;
    this.#care = new ClusterCare(ports.bus, ports.paths, ports.log);
    this.#rejoin = new Rejoin(ports.paths, ports.log);
    this.#line = new PeerLine({ ...ports, bus: ports.orders });
    this.#deaf = [
      // Not only coordinators can publish there, so a message only wakes: the entry that is then read is sealed.
      ports.bus.subscribe(workerListSubject, () => this.#alarm.ring()),
      ports.bus.subscribe(membersSubject, () => this.#alarm.ring()),
    ];
    this.#done = this.#watch();
  }

  /** Tells the other peers that the leader's list of workers has changed. */
  async tell(account: WorkersAccount): Promise<void> {
    this.#untold = account;
    const waited = new AbortController();
    await Promise.race([this.#tellOthers().catch(() => undefined), pause(toldWithinMs, waited.signal)]);
    waited.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const stop of this.#deaf) stop();
    this.#alarm.ring();
    // If all peers end together, nobody answers; open questions end with their connection.
    await Promise.race([Promise.all([this.#done, this.#admitting]), pause(lastLookMs)]);
    await this.#care.stop();
    await this.#rejoin.stop();
  }

  async #tellOthers(): Promise<void> {
    const account = this.#untold;
    if (!account) return;
    const isStored = await storeWorkerList(this.#ports.bus, account);
    if (isStored && this.#untold === account) this.#untold = undefined;
  }

  /** Admits lists one after the other, each once. */
  #admit(account: WorkersAccount | undefined): void {
    const { leads, admit, log, onShown } = this.#ports;
    if (!account) return;
    this.#admitting = this.#admitting.then(async () => {
      const text = JSON.stringify(account);
      if (leads() || this.#stop.signal.aborted || text === this.#known) return;
      try {
        await admit(account);
        onShown();
        this.#known = text;
      } catch (error) {
        // Tried again at the next look: this machine's disk may be full.
        log.warn(messageOf(error));
      }
    });
  }

  async #watch(): Promise<void> {
    const { log } = this.#ports;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (!(await this.#look())) return;
      } catch (error) {
        // Nobody awaits this, and a peer that stopped checking would serve old lists for ever.
        log.error(`the peers were not looked after this time: ${error instanceof Error ? error.stack : String(error)}`);
      }
      if (!signal.aborted) await this.#alarm.within(lookEveryMs);
    }
  }

  /** False if this machine is no longer a peer. */
  async #look(): Promise<boolean> {
    const { bus, paths, log, leads } = this.#ports;
    const file = readPeers(paths);
    if (!file) return false;
    try {
      if (!(await this.#follow(await readMembers(bus)))) return false;
      if (leads()) {
        this.#known = "";
        await this.#tellOthers();
        await this.#care.look(readPeers(paths) ?? file);
      } else {
        const account = await readWorkerList(bus);
        this.#admit(account);
        if (account) await this.#line.look(account);
        await this.#rejoin.look(file);
      }
      if (this.#trouble !== undefined) log.info("enough peers are up again");
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      const why = (await peersTrouble(file.peers)) ?? `the peers' servers do not answer yet: ${error.message}`;
      if (why !== this.#trouble) log.warn(why);
      this.#trouble = why;
    }
    return true;
  }

  async #follow(members: Members | undefined): Promise<boolean> {
    const { paths, log, onLeft } = this.#ports;
    const file = readPeers(paths);
    if (!members || !file) return true;
    const left = leftText(members, file.self);
    if (left !== undefined) {
      writePeers(paths, { ...file, moved: left });
      if (members.moved !== undefined) await pause(leaveAfterMs, this.#stop.signal);
      onLeft(left);
      return false;
    }
    if (adoptMembers(paths, file, members)) log.info(`the peers are now ${addressesOf(members)}`);
    return true;
  }
}

function leftText(members: Members, self: string): string | undefined {
  if (members.moved !== undefined) return members.moved;
  if (members.peers.some(({ id }) => id === self)) return undefined;
  return `lives on ${addressesOf(members)} now: this machine was replaced as a peer, and its copy is obsolete`;
}
