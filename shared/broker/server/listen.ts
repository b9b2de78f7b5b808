import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { BrokerError, UsageError } from "../../errors.ts";
import { type Address, addressText, parseAddress } from "../address.ts";

/** Reads `--listen`: `0.0.0.0:4222`, `lab.example.org:4222`, `[::]:4222`. @throws UsageError */
export function parseListen(text: string): Address {
  const { host, port = 0 } = parseAddress(text) ?? {};
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw new UsageError(
    `--listen ${text}: expected host:port, for example 0.0.0.0:4222 (all addresses) or 127.0.0.1:4222`,
  );
}

/**
 * Ports that systems never give to outgoing connections (Linux begins at 32768, macOS and Windows at 49152). So a port that the
 * broker chose is still free when it restarts, and the workers that joined there find it.
 */
const steadyPorts = [20_000, 32_000] as const;

type PortProbe = { readonly free: true; readonly port: number } | { readonly free: false; readonly code: string };

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

/** A port for a broker that was given none. */
export async function probeAnyPort(host: string): Promise<PortProbe> {
  for (let triesLeft = 20; triesLeft > 0; triesLeft--) {
    const probe = await probePort(host, randomInt(...steadyPorts));
    if (probe.free || probe.code !== "EADDRINUSE") return probe;
  }
  return probePort(host, 0);
}

/** Why the broker cannot listen at the address that it was given. @param code  of the system's error, `EADDRINUSE` */
export function cannotListen(where: Address, code: string): BrokerError {
  const { host, port } = where;
  const at = (other: number): string => `--listen ${addressText({ host, port: other })}`;
  if (code === "EADDRINUSE") {
    return new BrokerError(
      `port ${port} on ${host} is taken by another program; choose another, for example ${at(port < 65_535 ? port + 1 : 4222)}, or leave out --listen to get a free one on this machine`,
    );
  }
  if (code === "EACCES") {
    return new BrokerError(
      `this user may not listen on ${addressText(where)}: ports below 1024 need root; choose a higher one, for example ${at(4222)}`,
    );
  }
  return new BrokerError(
    `cannot listen on ${addressText(where)} (${code}): ${host} is not an address of this machine; --listen 0.0.0.0:${port} listens on all of its addresses`,
  );
}
