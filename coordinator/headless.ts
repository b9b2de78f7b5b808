import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { readRoleSecret } from "../shared/broker/credentials.ts";
import { type HeldBroker, holdBroker } from "../shared/broker/server.ts";
import { ensureStreams } from "../shared/broker/streams.ts";
import { connectAs, credentialsOf, type ExternalBroker } from "../shared/broker/workspace-link.ts";
import { systemClock } from "../shared/clock.ts";
import { largestRandint } from "../shared/domain/seeds.ts";
import { fileLog } from "../shared/log.ts";
import { liveness, ownIdentity } from "../shared/process-identity.ts";
import { createWorkspace, type WorkspacePaths } from "../shared/workspace.ts";
import { joinCode, joinLine, removeEndpoint, writeEndpoint } from "./endpoint.ts";
import { serve } from "./service.ts";

export interface CoordinatorOptions {
  readonly paths: WorkspacePaths;
  /** `host:port` for the broker; undefined: loopback, the port of the last start. */
  readonly listen: string | undefined;
  readonly external: ExternalBroker | null;
  readonly leaseMs: number;
  /** How long the broker outlives a coordinator that dies without a word. */
  readonly lingerMs: number | undefined;
}

/** Runs a coordinator in this process until the signal aborts. `onReady` is called when it first leads or stands by. */
export async function runCoordinator(
  options: CoordinatorOptions,
  onReady: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { paths, external } = options;
  createWorkspace(paths);
  const log = fileLog(join(paths.logs, "coordinator.log"), "nexus-coord");
  const own = ownIdentity();
  const name = `${hostname()}-${process.pid}`;
  let held: HeldBroker | undefined;
  if (!external) {
    const { listen, lingerMs } = options;
    held = await holdBroker(paths, { kind: "coordinator", listen, lingerMs, log: (line) => log.warn(line) });
  }
  try {
    const credentials = external ? credentialsOf(external) : readRoleSecret(paths, "coordinator");
    const url = held?.url ?? external?.url ?? "";
    const bus = await connectAs(url, credentials, "coordinator");
    try {
      await ensureStreams(bus, external ? null : paths.store, 1);
      onReady();
      await serve(
        {
          bus,
          clock: systemClock,
          log,
          identity: { leader: name, host: own.scope, pid: own.pid, started: `${own.boot} ${own.startTime}` },
          leaseMs: options.leaseMs,
          isKnownDead: ({ host, pid, started }) => {
            const [boot = "", ...startTime] = started.split(" ");
            return liveness({ pid, boot, startTime: startTime.join(" "), scope: host }) === "dead";
          },
          drawSeed: () => randomInt(largestRandint + 1),
          publishUsers: async (workers) => held?.reloadUsers(workers, joinCode(paths)),
          onLeading: (leads) => {
            if (!leads) removeEndpoint(paths, own);
            else if (held) {
              const line = joinLine(paths, held.host, held.port);
              writeEndpoint(paths, { coordinator: own, url: held.url, joinLine: line, since: Date.now() });
            } else {
              writeEndpoint(paths, { coordinator: own, url, joinLine: `${url}/${paths.name}`, since: Date.now() });
            }
          },
        },
        signal,
      );
    } finally {
      await bus.close();
    }
  } finally {
    removeEndpoint(paths, own);
    await held?.release();
  }
}
