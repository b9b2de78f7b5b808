/** Addresses of servers: how they are written, and who answers there. */

import { connect } from "node:net";
import { networkInterfaces } from "node:os";
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

/** Whether only programs on this machine reach what listens there. */
export const isLoopback = (host: string): boolean => /^(127\.|localhost$|::1$)/.test(host);

/** Listens on all addresses of this machine. */
export const isOnAll = (host: string): boolean => host === "0.0.0.0" || host === "::";

/** This machine's addresses, IPv4 first, without IPv6 addresses that are valid on one link only. */
export function reachableAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith("fe80:"));
  return usable.sort((a, b) => Number(a.family === "IPv6") - Number(b.family === "IPv6")).map(({ address }) => address);
}

/** For programs on this machine. @param pin  undefined: plain text */
export function localUrl({ host, port }: Address, pin?: Pin): string {
  const address = addressText({ host: localHost(host), port });
  return pin ? `tls://${address}#${pinText(pin)}` : `nats://${address}`;
}

/** Who answers at an address. */
export type Presence =
  | "up"
  /** The machine answers, but nothing listens there. */
  | "down"
  /** Nothing comes back: off, cut off, or frozen. */
  | "silent"
  /** Another server listens there. */
  | "other";

/** Whether the nats-server of that name answers. It needs no credentials: each connection begins with `INFO {...}`. */
export function probeServer({ host, port }: Address, serverName: string, timeoutMs: number): Promise<Presence> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let greeting = "";
    const finish = (presence: Presence): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(presence);
    };
    // Not the socket's own timeout, which restarts with every byte.
    const timer = setTimeout(() => finish("silent"), timeoutMs);
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
