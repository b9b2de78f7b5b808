import { isWorkspaceName } from "../../shared/domain/names.ts";
import { UsageError } from "../../shared/errors.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";

/** The parts of `nats://CODE@host:port/workspace`. */
export interface JoinLine {
  /** `nats://host:port`, without the code; several, separated by commas, if the workspace has peers. */
  readonly url: string;
  /** Empty if this machine is already enrolled, or if others run the broker. */
  readonly code: string;
  readonly workspace: string;
}

const example = "nats://CODE@192.0.2.7:4222/ws1";

export function parseJoinLine(line: string): JoinLine {
  // An error text must not show the code.
  const text = withoutSecrets(line.trim());
  // Not parsed by URL, which allows only one host.
  const [, scheme = "", user = "", hosts = "", path = ""] =
    /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/]*)@)?([^/@?#]*)(\/[^?#]*)?$/i.exec(line.trim()) ?? [];
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
    // URL checks names, numbers and brackets.
    url = new URL(`nats://${part.trim()}`);
  } catch (cause) {
    throw new UsageError(`"${line}" is not a join line: "${part}" is not a host; expected ${example}`, { cause });
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
