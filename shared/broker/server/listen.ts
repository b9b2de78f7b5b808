import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { BrokerError, UsageError } from "../../errors.ts";
import { hostInUrl } from "./broker-info.ts";

/** What the broker listens on. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

export const loopback = "127.0.0.1";

/** Reads `--listen`: `0.0.0.0:4222`, `lab.example.org:4222`, `[::]:4222`. */
export function parseListen(text: string): Listen {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new UsageError(
      `--listen ${text}: expected host:port, for example 0.0.0.0:4222 (all addresses) or 127.0.0.1:4222`,
    );
  }
  return { host, port };
}

export const listenText = ({ host, port }: Listen): string => `${hostInUrl(host)}:${port}`;

/**
 * Systems give none of these to outgoing connections (Linux begins at 32768, macOS and Windows at 49152). So the port that a broker
 * chose is still free when it starts again, and the workers that joined there find it.
 */
const steadyPorts = [20_000, 32_000] as const;

export type PortProbe =
  | { readonly free: true; readonly port: number }
  | { readonly free: false; readonly code: string };

/** Whether a server could listen there now; port 0 finds a free one. */
export function probePort(host: string, port: number): Promise<PortProbe> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve({ free: false, code: error.code ?? error.message }));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve({ free: true, port: found }));
    });
  });
}

/** A port for a broker that was told none. */
export async function choosePort(host: string): Promise<PortProbe> {
  for (let triesLeft = 20; triesLeft > 0; triesLeft--) {
    const probe = await probePort(host, randomInt(...steadyPorts));
    if (probe.free || probe.code !== "EADDRINUSE") return probe;
  }
  return probePort(host, 0);
}

/** Why the broker cannot listen where it was told to. */
export function cannotListen(where: Listen, code: string): BrokerError {
  const place = listenText(where);
  if (code === "EADDRINUSE") {
    return new BrokerError(
      `port ${where.port} on ${where.host} is taken by another program; choose another, for example --listen ${listenText({ ...where, port: where.port < 65_535 ? where.port + 1 : 4222 })}, or leave out --listen to get a free one on this machine`,
    );
  }
  if (code === "EACCES") {
    return new BrokerError(
      `this user may not listen on ${place}: ports below 1024 belong to root; choose one above, for example --listen ${hostInUrl(where.host)}:4222`,
    );
  }
  return new BrokerError(
    `cannot listen on ${place} (${code}): ${where.host} is no address of this machine; --listen 0.0.0.0:${where.port} listens on all it has`,
  );
}
