import { isLoopback, parseAddress } from "../../shared/broker/address.ts";
import { type Pin, parsePin, pinText } from "../../shared/broker/pin.ts";
import { parseServerUrl, shownUrl } from "../../shared/broker/server-url.ts";
import { isWorkspaceName } from "../../shared/domain/names.ts";
import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";

/** The parts of `tls://CODE@host:port/workspace#sha256=FINGERPRINT`. */
export interface JoinLine {
  /** `tls://host:port#sha256=...`, without the code; several hosts, separated by commas, if the workspace has peers. */
  readonly url: string;
  /** What the server must show before anything is sent to it; undefined if the line does not say. */
  readonly pin: Pin | undefined;
  /** Empty if this machine is already enrolled, or if others run the broker. */
  readonly code: string;
  readonly workspace: string;
}

/** What may be typed instead. */
const otherWords = ["status", "install-service", "service-status", "uninstall-service"];
const example = "tls://CODE@192.0.2.7:4222/ws1#sha256=...";
const ports: Readonly<Record<string, string>> = { nats: "4222", tls: "4222", wss: "443" };

export function parseJoinLine(line: string): JoinLine {
  // An error text must not show the code.
  const text = withoutSecrets(line.trim());
  // Not parsed by URL, which allows only one host. Some shells leave the line in the quotes in which it was printed.
  const unquoted = line.trim().replace(/^(["'])(.*)\1$/, "$2");
  const [, scheme = "", user = "", hosts = "", path = "", fragment] =
    /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/]*)@)?([^/@?#]*)(\/[^?#]*)?(?:#(.*))?$/i.exec(unquoted) ?? [];
  if (scheme === "")
    throw new UsageError(
      `"${text}" is not a join line; expected ${example}, as nexus-coord prints it${didYouMean(text, otherWords)}`,
    );
  const protocol = scheme.toLowerCase();
  const port = ports[protocol];
  if (port === undefined) {
    throw new UsageError(`"${text}" begins with ${protocol}://; expected ${example}, as nexus-coord prints it`);
  }
  const workspace = path.replace(/^\/+|\/+$/g, "") || "ws1";
  if (!isWorkspaceName(workspace))
    throw new UsageError(`"${text}" names the workspace "${workspace}"; expected ${example}`);
  if (hosts === "") throw new UsageError(`"${text}" names no host; expected ${example}`);
  const pin = fragment === undefined ? undefined : pinOf(fragment, protocol, text);
  const addresses = hosts.split(",").map((host) => addressOf(host, port, text));
  return {
    url: `${protocol}://${addresses.join(",")}${pin ? `#${pinText(pin)}` : ""}`,
    pin,
    code: decodeCode(user, text),
    workspace,
  };
}

/** `tls://host:port`, for people. */
export const shownServer = ({ url }: Pick<JoinLine, "url">): string => shownUrl(url);

/** Whether the line leads to this machine alone. */
export const isOnlyHere = ({ url }: Pick<JoinLine, "url">): boolean =>
  parseServerUrl(url).servers.every((server) => isLoopback(parseAddress(server)?.host ?? ""));

/** Whether a worker with this line would speak plain text on a network, unless the server demands TLS. */
export const isPlainText = (line: Pick<JoinLine, "url">): boolean => line.url.startsWith("nats:") && !isOnlyHere(line);

function pinOf(fragment: string, protocol: string, line: string): Pin {
  const pin = parsePin(fragment);
  if (!pin) {
    throw new UsageError(
      `"${line}" is not a join line: after # it has no whole fingerprint; expected ${example}, as nexus-coord prints it, in quotes`,
    );
  }
  if (protocol === "nats") {
    throw new UsageError(
      `"${line}" has a fingerprint and begins with nats://, which is plain text and shows none; expected ${example}`,
    );
  }
  return pin;
}

function addressOf(part: string, port: string, line: string): string {
  let url: URL;
  try {
    // URL checks names, numbers and brackets.
    url = new URL(`nats://${part.trim()}`);
  } catch (cause) {
    throw new UsageError(`"${line}" is not a join line: "${part}" is not a host; expected ${example}`, { cause });
  }
  if (url.hostname === "") throw new UsageError(`"${line}" names no host; expected ${example}`);
  return `${url.hostname}:${url.port || port}`;
}

function decodeCode(user: string, line: string): string {
  try {
    return decodeURIComponent(user.split(":")[0] ?? "");
  } catch (cause) {
    throw new UsageError(`"${line}" is not a join line: its code was changed; expected ${example}`, { cause });
  }
}
