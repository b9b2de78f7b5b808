import { isWorkspaceName } from "../../shared/domain/names.ts";
import { UsageError } from "../../shared/errors.ts";

/** `nats://CODE@host:port/workspace`, taken apart. */
export interface JoinLine {
  /** `nats://host:port`, without the code; where the workspace has peers theirs too, with commas. */
  readonly url: string;
  /** Empty where this machine is enrolled already, or the broker is someone else's. */
  readonly code: string;
  readonly workspace: string;
}

const example = "nats://CODE@192.0.2.7:4222/ws1";

export function parseJoinLine(text: string): JoinLine {
  // Not the URL of the standard, which knows one host.
  const [, scheme = "", user = "", hosts = "", path = ""] =
    /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/]*)@)?([^/@?#]*)(\/[^?#]*)?$/i.exec(text.trim()) ?? [];
  if (scheme === "")
    throw new UsageError(`"${text}" is not a join line; expected ${example}, as nexus-coord prints it`);
  const protocol = scheme.toLowerCase();
  if (protocol !== "nats" && protocol !== "tls") {
    throw new UsageError(`"${text}" begins with ${protocol}://; expected ${example}, as nexus-coord prints it`);
  }
  const workspace = path.replace(/^\/+|\/+$/g, "") || "ws1";
  if (!isWorkspaceName(workspace))
    throw new UsageError(`"${text}" names the workspace "${workspace}"; expected ${example}`);
  if (hosts === "") throw new UsageError(`"${text}" names no host; expected ${example}`);
  return {
    url: hosts
      .split(",")
      .map((host) => `${protocol}://${addressOf(host, text)}`)
      .join(","),
    code: decodeCode(user, text),
    workspace,
  };
}

function addressOf(part: string, line: string): string {
  let url: URL;
  try {
    // Checks names, numbers and brackets.
    url = new URL(`nats://${part.trim()}`);
  } catch (cause) {
    throw new UsageError(`"${line}" is not a join line: "${part}" is no host; expected ${example}`, { cause });
  }
  if (url.hostname === "") throw new UsageError(`"${line}" names no host; expected ${example}`);
  return `${url.hostname}:${url.port || "4222"}`;
}

function decodeCode(user: string, line: string): string {
  try {
    return decodeURIComponent(user.split(":")[0] ?? "");
  } catch (cause) {
    throw new UsageError(`"${line}" is not a join line: its code was changed; expected ${example}`, { cause });
  }
}
