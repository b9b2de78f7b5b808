import { UsageError } from "../errors.ts";
import { type Pin, parsePin, pinText } from "./pin.ts";

/** `nats`: plain text, unless the server demands TLS. `tls`: never plain text. `wss`: WebSockets over TLS, for port 443. */
export type Scheme = "nats" | "tls" | "wss";

/** How a client reaches a broker: one server, or the servers of a cluster. */
export interface ServerUrl {
  readonly scheme: Scheme;
  /** `host:port` each, without a scheme. */
  readonly servers: readonly string[];
  /** What the server must show; undefined: a certificate for its name by an authority that this machine knows. */
  readonly pin: Pin | undefined;
}

const defaultPorts = { nats: 4222, tls: 4222, wss: 443 } as const;
const examples = "tls://lab1:4222, tls://lab1:4222#sha256=..., wss://lab1:443 or nats://lab1,nats://lab2";

/** Reads `tls://lab1:4222,lab2:4222#sha256=...`; each server may repeat the scheme. @throws UsageError */
export function parseServerUrl(text: string): ServerUrl {
  const [list = "", fragment, ...more] = text.trim().split("#");
  const pin = fragment === undefined ? undefined : parsePin(fragment);
  if (more.length > 0 || (fragment !== undefined && !pin)) {
    throw new UsageError(
      `"${withoutUsers(text)}": what follows # is no fingerprint; expected #sha256= and 43 letters, digits, "-" and "_"`,
    );
  }
  const schemes = new Set<string>();
  const servers = list.split(",").map((each) => {
    const [, scheme, rest = ""] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(.*?)\/*$/.exec(each.trim()) ?? [];
    if (scheme !== undefined) schemes.add(scheme.toLowerCase());
    return rest;
  });
  const [scheme = "nats", ...others] = schemes;
  if (!isScheme(scheme) || others.length > 0) {
    throw new UsageError(
      `"${withoutUsers(text)}": expected nats://, tls:// or wss://, the same for all; for example ${examples}`,
    );
  }
  if (servers.some((server) => server === "")) {
    throw new UsageError(`"${withoutUsers(text)}" names no host; for example ${examples}`);
  }
  return { scheme, servers: servers.map((server) => withPort(server, defaultPorts[scheme])), pin };
}

export const serverUrlText = ({ scheme, servers, pin }: ServerUrl): string =>
  `${scheme}://${servers.join(",")}${pin ? `#${pinText(pin)}` : ""}`;

/** For people: without names, passwords and fingerprint. */
export const shownUrl = (url: string): string => withoutUsers(url).replace(/#.*$/, "");

const withoutUsers = (url: string): string => url.replaceAll(/[^@/,]*@/g, "");

const isScheme = (text: string): text is Scheme => text in defaultPorts;

const withPort = (server: string, port: number): string =>
  /(^|[^:]|\]):\d+$/.test(server) ? server : `${server}:${port}`;
