import { createHmac, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { workerIdFrom } from "../../domain/names.ts";
import { BrokerError, messageOf, UsageError } from "../../errors.ts";
import { fieldsOf, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { type OrderKey, orderKey } from "../../wire/seals/order-proof.ts";
import type { BusCredentials } from "../client/connect.ts";
import { ensureSealFile } from "../store/seal-file.ts";

/** The users of the broker besides workers; accounts.ts says what each may do. */
export const roles = ["coordinator", "operator", "viewer"] as const;
export type Role = (typeof roles)[number];

/** The JSON in a role's file. */
export interface RoleSecret {
  readonly user: string;
  readonly password: string;
}
export type RoleSecrets = Readonly<Record<Role, RoleSecret>>;

/** The name under which this machine's orders go, `op.<name>`: the login name, made fit for a subject. */
export function operatorName(): string {
  try {
    return workerIdFrom(userInfo().username);
  } catch {
    // A container may run under a user id without a name.
    return `uid-${process.getuid?.() ?? 0}`;
  }
}

const secretFile = (paths: WorkspacePaths, role: Role): string => join(paths.secrets, `${role}.json`);

/**
 * The workspace's passwords and the key that seals its journal, made at the first call: 32 random bytes each, in files of mode
 * 0600. Only the holder of the broker's lock may call this: two first starts at once would write different ones.
 */
export function ensureRoleSecrets(paths: WorkspacePaths): RoleSecrets {
  // Peers that were updated one by one must come to the same key; only the passwords are on all of them.
  const isOldPeer = existsSync(paths.peers) && existsSync(secretFile(paths, "coordinator"));
  ensureSealFile(paths, isOldPeer ? readRoleSecret(paths, "coordinator").password : undefined);
  for (const role of roles) {
    const file = secretFile(paths, role);
    if (existsSync(file)) continue;
    const secret: RoleSecret = { user: role, password: randomBytes(32).toString("base64url") };
    writeJsonFile(file, secret);
  }
  const read = (role: Role): RoleSecret => readRoleSecret(paths, role);
  return { coordinator: read("coordinator"), operator: read("operator"), viewer: read("viewer") };
}

/** @throws BrokerError if the workspace never had a broker, or the file is damaged */
export function readRoleSecret(paths: WorkspacePaths, role: Role): RoleSecret {
  const file = secretFile(paths, role);
  if (!existsSync(file)) {
    throw new BrokerError(
      `${file} is missing: no broker has run in workspace ${paths.name} yet; start nexus-coord once`,
    );
  }
  const secret = parseSecret(readFileSync(file, "utf8"));
  if (!secret) {
    throw new BrokerError(
      `${file}: expected {"user": ..., "password": ...}; delete it and restart the broker, which makes a new one; users of the old one need the new one`,
    );
  }
  return secret;
}

/**
 * The user that reads, or gives orders, on a coordinator's own machine. Its rights only prevent mistakes: its password
 * is derived from the coordinator's, so whoever has the coordinator's has both.
 */
export function hereSecret({ coordinator }: Pick<RoleSecrets, "coordinator">, role: "operator" | "viewer"): RoleSecret {
  const user = `here-${role}`;
  return { user, password: createHmac("sha256", coordinator.password).update(user).digest("base64url") };
}

/** A role's user on this machine. Its password is read at each connection: `nexus rotate` changes it. */
export function livingSecret(
  paths: WorkspacePaths,
  role: "coordinator" | "here-operator" | "here-viewer",
): { readonly user: string; readonly password: () => string } {
  const read = (): RoleSecret => {
    const coordinator = readRoleSecret(paths, "coordinator");
    return role === "coordinator"
      ? coordinator
      : hereSecret({ coordinator }, role === "here-operator" ? "operator" : "viewer");
  };
  let last = read();
  const password = (): string => {
    try {
      last = read();
    } catch (error) {
      // The file is gone or damaged: the client goes on trying with what it had.
      if (!(error instanceof BrokerError)) throw error;
    }
    return last.password;
  };
  return { user: last.user, password };
}

/** New passwords for all roles. The server accepts them once its guard has rewritten its configuration. */
export function renewRoleSecrets(paths: WorkspacePaths): void {
  for (const role of roles) {
    const secret: RoleSecret = { user: role, password: randomBytes(32).toString("base64url") };
    writeJsonFile(secretFile(paths, role), secret);
  }
}

/**
 * The key with which a connection signs its orders, and a coordinator checks them. It is derived from the operator's
 * password, which is in the connection's own credentials if these are a copy of operator.json, or else in this
 * machine's workspace.
 *
 * @returns undefined where this machine does not know the password
 */
export function orderKeyAt(paths: WorkspacePaths, own: BusCredentials = {}): OrderKey | undefined {
  if (own.user === "operator" && typeof own.password === "string") return orderKey(own.password);
  return existsSync(secretFile(paths, "operator")) ? orderKey(readRoleSecret(paths, "operator").password) : undefined;
}

/** The content of `--creds FILE`: our own JSON, or the .creds text that NATS tools write. */
type Credentials = ({ readonly kind: "password" } & RoleSecret) | { readonly kind: "creds"; readonly text: string };

/** @throws UsageError if the file is missing or holds neither form */
export function readCredentialsFile(file: string): Credentials {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const why = messageOf(cause);
    throw new UsageError(`--creds ${file}: cannot be read (${why})`, { cause });
  }
  if (/-----BEGIN NATS USER JWT-----[\s\S]+-----BEGIN USER NKEY SEED-----/.test(text)) return { kind: "creds", text };
  const secret = parseSecret(text);
  if (secret) return { kind: "password", ...secret };
  throw new UsageError(
    `--creds ${file}: expected {"user": ..., "password": ...} as JSON, or a .creds file with a user JWT and its nkey seed`,
  );
}

function parseSecret(text: string): RoleSecret | undefined {
  const { user, password } = fieldsOf(text);
  const isText = (field: unknown): field is string => typeof field === "string" && field !== "";
  return isText(user) && isText(password) ? { user, password } : undefined;
}
