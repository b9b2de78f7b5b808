import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { workerIdFrom } from "../../domain/names.ts";
import { BrokerError, UsageError } from "../../errors.ts";
import { writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";

/** Who may use the broker beside workers: see accounts.ts for what each may do. */
export const roles = ["coordinator", "operator", "viewer"] as const;
export type Role = (typeof roles)[number];

/** What a role's file holds, as JSON. */
export interface RoleSecret {
  readonly user: string;
  readonly password: string;
}
export type RoleSecrets = Readonly<Record<Role, RoleSecret>>;

/** How orders from this machine are signed, `op.<name>`: the login name, made fit for a subject. */
export function operatorName(): string {
  try {
    return workerIdFrom(userInfo().username);
  } catch {
    // A container may run under a number that has no name.
    return `uid-${process.getuid?.() ?? 0}`;
  }
}

const secretFile = (paths: WorkspacePaths, role: Role): string => join(paths.secrets, `${role}.json`);

/**
 * The workspace's passwords, made at the first call: 32 random bytes each, in files of mode 0600. Only the holder of the
 * broker's lock calls this, so that two first starts cannot write different ones.
 */
export function ensureRoleSecrets(paths: WorkspacePaths): RoleSecrets {
  for (const role of roles) {
    const file = secretFile(paths, role);
    if (existsSync(file)) continue;
    const secret: RoleSecret = { user: role, password: randomBytes(32).toString("base64url") };
    writeJsonFile(file, secret);
  }
  const read = (role: Role): RoleSecret => readRoleSecret(paths, role);
  return { coordinator: read("coordinator"), operator: read("operator"), viewer: read("viewer") };
}

/** @throws BrokerError when the workspace never had a broker, or the file was damaged */
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
      `${file}: expected {"user": ..., "password": ...}; delete it and restart the broker: a new one is made, and whoever used the old one needs the new one`,
    );
  }
  return secret;
}

/** What `--creds FILE` names: our own JSON, or the text of a .creds file as NATS tools write them. */
export type Credentials =
  | ({ readonly kind: "password" } & RoleSecret)
  | { readonly kind: "creds"; readonly text: string };

/** @throws UsageError when the file is missing or holds neither form */
export function readCredentialsFile(file: string): Credentials {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--creds ${file}: cannot be read (${why})`, { cause });
  }
  if (/-----BEGIN NATS USER JWT-----[\s\S]+-----BEGIN USER NKEY SEED-----/.test(text)) return { kind: "creds", text };
  const secret = parseSecret(text);
  if (secret) return { kind: "password", ...secret };
  throw new UsageError(
    `--creds ${file}: expected {"user": ..., "password": ...} as JSON, or a .creds file with a user JWT and its nkey seed`,
  );
}

/** What to tell a person whose secrets others can read; undefined when all is well. */
export function secretFileTrouble(file: string): string | undefined {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return undefined;
  return `${file}: others may read it (mode ${mode.toString(8)}); type: chmod 600 ${file}`;
}

function parseSecret(text: string): RoleSecret | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { user, password } = value as Record<string, unknown>;
  const isText = (field: unknown): field is string => typeof field === "string" && field !== "";
  return isText(user) && isText(password) ? { user, password } : undefined;
}
