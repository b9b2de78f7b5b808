/** Addresses of servers: how they are written, and who answers there. */

import { connect } from "node:net";

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

export const localUrl = ({ host, port }: Address): string => `nats://${addressText({ host: localHost(host), port })}`;

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
