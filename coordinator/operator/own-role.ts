import { type Role, readCredentialsFile, roles } from "../../shared/broker/access/credentials.ts";
import type { ExternalBroker } from "../../shared/broker/server/external-broker.ts";

/**
 * The role whose file was given with `--creds`: viewer for a copy of viewer.json. Undefined for credentials that no workspace's own
 * broker has.
 */
export function ownRoleOf({ credentialsFile }: ExternalBroker): Role | undefined {
  if (credentialsFile === null) return undefined;
  const read = readCredentialsFile(credentialsFile);
  return read.kind === "creds" ? undefined : roles.find((role) => role === read.user);
}
