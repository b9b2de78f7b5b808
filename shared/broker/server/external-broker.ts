import { rmSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { pinText } from "../pin.ts";
import { parseServerUrl } from "../server-url.ts";

/** A broker that others run, named on the command line or at the last start of this machine's coordinator. */
export interface ExternalBroker {
  /** One server, or the servers of a cluster with commas between them. */
  readonly url: string;
  /** File with credentials; null if the broker asks for none. */
  readonly credentialsFile: string | null;
  /** File with the authority that signed its certificate; null: one that this machine knows, or named in the url. */
  readonly caFile: string | null;
}

/** `--nats own`: back to a broker of our own. */
const ownBroker = "own";

/**
 * The external broker that a command means: that of `--nats`, otherwise that of the coordinator's last start on this
 * machine, so that nobody has to type it twice. Null for a broker of our own.
 *
 * @throws UsageError if `nats` is no server's address, or `creds` goes with a broker of our own
 */
export function externalBroker(
  paths: WorkspacePaths,
  nats: string | undefined,
  creds: string | undefined,
  ca?: string | undefined,
): ExternalBroker | null {
  if (nats === ownBroker) {
    if (creds !== undefined)
      throw new UsageError(
        `--creds ${creds}: a broker of our own has its own credentials; leave out --creds with --nats own`,
      );
    return null;
  }
  if (nats !== undefined) {
    parseServerUrl(nats); // complains now
    return { url: nats, credentialsFile: creds ?? null, caFile: ca ?? null };
  }
  const last = remembered(paths);
  return last && { ...last, credentialsFile: creds ?? last.credentialsFile, caFile: ca ?? last.caFile };
}

/** Called when a coordinator has reached its broker; null: it is one of our own. */
export function rememberBroker(paths: WorkspacePaths, external: ExternalBroker | null): void {
  if (external === null) {
    rmSync(paths.externalBroker, { force: true });
    return;
  }
  const { url, credentialsFile, caFile } = external;
  const whole = (file: string | null): string | null => (file === null ? null : resolve(file));
  writeJsonFile(paths.externalBroker, { url, credentialsFile: whole(credentialsFile), caFile: whole(caFile) });
}

function remembered(paths: WorkspacePaths): ExternalBroker | null {
  const { url, credentialsFile, caFile } = readJsonFields(paths.externalBroker);
  if (typeof url !== "string") return null;
  const file = (field: unknown): string | null => (typeof field === "string" && isAbsolute(field) ? field : null);
  return { url, credentialsFile: file(credentialsFile), caFile: file(caFile) };
}

/** What follows `nexus-worker` if others run the broker: no join code, since its administrator makes the workers' users. */
export function externalJoinLine(paths: WorkspacePaths, { url }: Pick<ExternalBroker, "url">): string {
  const { scheme, servers, pin } = parseServerUrl(url);
  return `${scheme}://${servers.join(",")}/${paths.name}${pin ? `#${pinText(pin)}` : ""}`;
}

/** The options that go with the join line: none if the broker lets everyone in. */
export const externalJoinFlags = ({ credentialsFile, caFile }: ExternalBroker): string =>
  `${credentialsFile === null ? "" : " --creds FILE --name ID"}${caFile === null ? "" : " --tls-ca FILE"}`;
