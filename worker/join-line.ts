import { isWorkspaceName } from "../shared/domain/names.ts";
import { UsageError } from "../shared/errors.ts";

/** `nats://CODE@host:port/workspace`, taken apart. */
export interface JoinLine {
  /** `nats://host:port`, without the code. */
  readonly url: string;
  /** Empty where this machine is enrolled already, or the broker is someone else's. */
  readonly code: string;
  readonly workspace: string;
}

const example = "nats://CODE@192.0.2.7:4222/ws1";

export function parseJoinLine(text: string): JoinLine {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new UsageError(`"${text}" is not a join line; expected ${example}, as nexus-coord prints it`, { cause });
  }
  if (url.protocol !== "nats:" && url.protocol !== "tls:") {
    throw new UsageError(`"${text}" begins with ${url.protocol}//; expected ${example}, as nexus-coord prints it`);
  }
  const workspace = url.pathname.replace(/^\/+|\/+$/g, "") || "ws1";
  if (!isWorkspaceName(workspace))
    throw new UsageError(`"${text}" names the workspace "${workspace}"; expected ${example}`);
  if (url.hostname === "") throw new UsageError(`"${text}" names no host; expected ${example}`);
  return {
    url: `${url.protocol}//${url.hostname}:${url.port || "4222"}`,
    code: decodeURIComponent(url.username),
    workspace,
  };
}
