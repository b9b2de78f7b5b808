import { addressText } from "../../shared/broker/address.ts";
import { peerHost, readPeers, selfOf } from "../../shared/broker/peers/peers.ts";
import { takeCensus } from "../../shared/broker/server/holders.ts";
import { type HeldBroker, holdBroker } from "../../shared/broker/server/server.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { fileLog } from "../../shared/log.ts";
import { dropOldCode } from "../../shared/machine/kept-code.ts";
import { ownIdentity } from "../../shared/machine/process-identity.ts";
import { quotaReader } from "../../shared/machine/quota-file.ts";
import { createWorkspace, type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { livingEndpoint, removeEndpoint } from "../endpoint/endpoint.ts";
import { type Handing, handOut, makePackage, type Package } from "../package/serve-package.ts";
import { EventLog } from "./event-log.ts";
import type { Happening } from "./headless-lines.ts";
import { Session } from "./session.ts";
import type { CoordinatorOptions, Station } from "./station.ts";

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
  let held: HeldBroker | undefined;
  let handing: Handing | undefined;
  const peers = external ? undefined : readPeers(paths);
  const host = peers ? peerHost(peers.self) : own.scope;
  if (peers?.moved !== undefined) throw new UsageError(`workspace ${paths.name} ${peers.moved}`);
  if (!external) {
    const { lingerMs, tls } = options;
    const listen = peers ? addressText({ host: peers.bind, port: selfOf(peers).port }) : options.listen;
    const holding = holdBroker(paths, { kind: "coordinator", listen, tls, lingerMs, log: (line) => log.warn(line) });
    // While the broker starts.
    const making = options.package === "none" ? Promise.resolve(undefined) : makePackage();
    const [broker, made] = await brokerWith(holding, making);
    held = broker;
    if (made) handing = await handingOut(broker, options, made, (why) => log.warn(why));
  }
  void dropOldCode(process.env, Date.now());
  const quotas = quotaReader(options.paths, (problem) => log.warn(problem));
  const station: Station = { ...options, log, events, own, host, peers, held, handedOut: handing?.handedOut, quotas };
  try {
    const quietly = (happening: Happening): void => {
      if (happening !== "ready") tell(happening);
    };
    let end = await (await Session.open(station, tell)).run(signal);
    while (end === "rotating") end = await (await Session.open(station, quietly)).run(signal);
  } finally {
    await events.close();
    removeEndpoint(paths, own);
    handing?.close();
    await held?.release();
  }
}

/** The broker, and what was made meanwhile; if that fails, the broker is given back. */
export async function brokerWith<Made>(
  holding: Promise<HeldBroker>,
  making: Promise<Made>,
): Promise<readonly [HeldBroker, Made]> {
  const [broker, made] = await Promise.allSettled([holding, making]);
  if (broker.status === "rejected") throw broker.reason;
  if (made.status === "fulfilled") return [broker.value, made.value];
  await broker.value.release();
  throw made.reason;
}

/**
 * The process of the same workspace that may hand out at this port already: a coordinator that leads and does, or one that is about
 * to lead. Undefined: there is none.
 */
function otherAt(paths: WorkspacePaths, port: number): number | undefined {
  const first = livingEndpoint(paths);
  if (first) return first.handedOut?.port === port ? first.coordinator.pid : undefined;
  const coordinators = takeCensus(paths).living.filter(({ kind }) => kind === "coordinator");
  return coordinators.find(({ identity }) => identity.pid !== process.pid)?.identity.pid;
}

/** A search goes on without it, unless a person demanded this port and nobody hands it out there. */
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
    const other = port === undefined ? undefined : otherAt(paths, port);
    if (port !== undefined && other === undefined) {
      await broker.release();
      throw new UsageError(
        `--package ${port}: port ${port} on ${broker.host} cannot be listened on (${code}); choose another, or none${workspaceFlags(paths.name)}`,
        { cause: error },
      );
    }
    const why =
      other === undefined
        ? messageOf(error)
        : `port ${port} is taken, as it seems by process ${other} of this workspace`;
    warn(`the package for other machines is not handed out: ${why}`);
    return undefined;
  }
}
