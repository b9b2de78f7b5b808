/** Addresses of servers: how they are written, and who answers there. */

import { connect, isIPv4 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { type Pin, pinText } from "./pin.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const loopback = "127.0.0.1";

/** An IPv6 address stands in brackets where a port may follow. */
export const hostInUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** `lab1:4222`, `[fd00::3]:4222`. */
export const addressText = ({ host, port }: Address): string => `${hostInUrl(host)}:${port}`;

/** Reads `lab1`, `lab1:4222` or `[fd00::3]:4222`; undefined for anything else. */
export function parseAddress(text: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: digits === undefined ? undefined : Number(digits) };
}

/** Where programs on this machine reach a server that listens on `host`. */
export function localHost(host: string): string {
  if (host === "0.0.0.0") return loopback;
  return host === "::" ? "::1" : host;
}

/** Whether only programs on this machine reach what listens there. A name may begin with `127.` and lead anywhere. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));

/** All addresses of this machine, loopback too. */
export const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));

/** Listens on all addresses of this machine. */
export const isOnAll = (host: string): boolean => host === "0.0.0.0" || host === "::";

/** Bridges and cables to containers and virtual machines of this machine: nobody else reaches their addresses. */
const insideNetworks =
  /^(docker|br-|veth|virbr|vnet|lxc|lxd|incus|podman|cni|flannel|cali|kube|weave|vmnet|vboxnet|bridge\d{3}$)/;
/** Link-local: a machine gives itself such an address when nobody assigns one. */
const isSelfGiven = (address: string): boolean => /^(169\.254\.|fe80:)/i.test(address);
/** A join line with more would be too long to read; a machine may have many IPv6 addresses. */
const mostAddresses = { IPv4: 5, IPv6: 2 } as const;

/**
 * This machine's addresses that others can reach, IPv4 first. Link-local addresses are left out; those of networks
 * inside this machine are included only if there are no others.
 */
export function reachableAddresses(
  interfaces: NodeJS.Dict<
    readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[]
  > = networkInterfaces(),
): string[] {
  const of = (isWanted: (name: string) => boolean) =>
    Object.entries(interfaces)
      .filter(([name]) => isWanted(name))
      .flatMap(([, each]) => each ?? [])
      .filter(({ internal, address }) => !internal && !isSelfGiven(address));
  const outside = of((name) => !insideNetworks.test(name));
  const usable = outside.length > 0 ? outside : of(() => true);
  return (["IPv4", "IPv6"] as const).flatMap((wanted) =>
    usable
      .filter(({ family }) => family === wanted)
      .map(({ address }) => address)
      .slice(0, mostAddresses[wanted]),
  );
}

/** The URL for programs on this machine. @param pin  undefined: plain text */
export function localUrl({ host, port }: Address, pin?: Pin): string {
  const address = addressText({ host: localHost(host), port });
  return pin ? `tls://${address}#${pinText(pin)}` : `nats://${address}`;
}

/** What kind of server answers at an address. */
export type Reachability =
  | "up"
  /** The machine answers, but nothing listens there. */
  | "down"
  /** Nothing comes back: off, cut off, or frozen. */
  | "silent"
  /** Another server listens there. */
  | "other";

/** Ticks in one wait. However long this process could not run, only one tick counts: it read nothing meanwhile. */
const looks = 10;

/** Whether the nats-server of that name answers. It needs no credentials: each connection begins with `INFO {...}`. */
export function probeServer({ host, port }: Address, serverName: string, timeoutMs: number): Promise<Reachability> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let greeting = "";
    const finish = (presence: Reachability): void => {
      clearInterval(timer);
      socket.destroy();
      resolve(presence);
    };
    let left = looks;
    // Not the socket's own timeout, which restarts with every byte.
    const timer = setInterval(() => {
      left -= 1;
      if (left === 0) finish("silent");
    }, timeoutMs / looks);
    socket.once("error", (error: NodeJS.ErrnoException) => finish(error.code === "ECONNREFUSED" ? "down" : "silent"));
    socket.once("close", () => finish("down"));
    socket.on("data", (bytes: Buffer) => {
      greeting += bytes.toString("utf8");
      if (greeting.includes("\r\n")) {
        finish(greeting.includes(`"server_name":${JSON.stringify(serverName)}`) ? "up" : "other");
      }
    });
  });
}
