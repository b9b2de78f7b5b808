import { rmSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";

/** A broker that others run, named on the command line or at the last start of this machine's coordinator. */
export interface ExternalBroker {
  /** One server, or the servers of a cluster with commas between them. */
  readonly url: string;
  /** File with credentials; null if the broker asks for none. */
  readonly credentialsFile: string | null;
}

/** `--nats own`: back to a broker of our own. */
const ownBroker = "own";

/**
 * The external broker that a command means: that of `--nats`, otherwise that of the coordinator's last start on this machine, so
 * that nobody has to type it twice. Null for a broker of our own.
 */
export function externalBroker(
  paths: WorkspacePaths,
  nats: string | undefined,
  creds: string | undefined,
): ExternalBroker | null {
  if (nats === ownBroker) {
    if (creds !== undefined)
      throw new UsageError(
        `--creds ${creds}: a broker of our own has its own credentials; leave out --creds with --nats own`,
      );
    return null;
  }
  if (nats !== undefined) return { url: nats, credentialsFile: creds ?? null };
  const last = remembered(paths);
  return last && creds !== undefined ? { ...last, credentialsFile: creds } : last;
}

/** Called when a coordinator has reached its broker; null: it is one of our own. */
export function rememberBroker(paths: WorkspacePaths, external: ExternalBroker | null): void {
  if (external === null) {
    rmSync(paths.externalBroker, { force: true });
    return;
  }
  const { url, credentialsFile } = external;
  const file = credentialsFile === null ? null : resolve(credentialsFile);
  writeJsonFile(paths.externalBroker, { url, credentialsFile: file });
}

function remembered(paths: WorkspacePaths): ExternalBroker | null {
  const { url, credentialsFile } = readJsonFields(paths.externalBroker);
  if (typeof url !== "string") return null;
  return {
    url,
    credentialsFile: typeof credentialsFile === "string" && isAbsolute(credentialsFile) ? credentialsFile : null,
  };
}

/** What follows `nexus-worker` if others run the broker: no join code, since its administrator makes the workers' users. */
export function externalJoinLine(paths: WorkspacePaths, { url }: Pick<ExternalBroker, "url">): string {
  const servers = url.split(",").map((each) => each.trim());
  const scheme = /^[a-z]+:\/\//.exec(servers[0] ?? "")?.[0] ?? "nats://";
  const hosts = servers.map((each) => each.replace(/^[a-z]+:\/\//, "").replace(/\/+$/, ""));
  return `${scheme}${hosts.join(",")}/${paths.name}`;
}

/** The options that go with the join line: none if the broker lets everyone in. */
export const externalJoinFlags = ({ credentialsFile }: ExternalBroker): string =>
  credentialsFile === null ? "" : " --creds FILE --name ID";
