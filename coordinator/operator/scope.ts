import type { Role } from "../../shared/broker/access/credentials.ts";
import { type ExternalBroker, externalBroker } from "../../shared/broker/server/external-broker.ts";
import type { LinkOptions, WorkspaceLink } from "../../shared/broker/workspace-link.ts";
import { UnreachableError, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/machine/shell-word.ts";
import { type WorkspacePaths, workspaceFlags, workspacePaths } from "../../shared/machine/workspace.ts";
import { BusError } from "../../shared/ports.ts";

/** The options that every verb has. */
export interface GlobalOptions {
  readonly workspace?: string | undefined;
  readonly nats?: string | undefined;
  readonly creds?: string | undefined;
  readonly tlsCa?: string | undefined;
}

/** The workspace that a command is about, and where its broker is. */
export interface Scope {
  readonly paths: WorkspacePaths;
  /** Null: the broker of this machine or of the workspace's peers. */
  readonly external: ExternalBroker | null;
  /** What a command that is printed for the user must add to reach the same workspace: "" or " --workspace ws2 ...". */
  readonly flags: string;
}

/**
 * Options come first, then NEXUS_WORKSPACE, NEXUS_SERVERS, NEXUS_CREDS and NEXUS_TLS_CA. The default is ws1, with the
 * broker of the last start on this machine.
 */
export function scopeOf(options: GlobalOptions, env: NodeJS.ProcessEnv = process.env): Scope {
  const { NEXUS_WORKSPACE: workspaceSet, NEXUS_SERVERS: serversSet, NEXUS_CREDS: credsSet, NEXUS_TLS_CA: caSet } = env;
  const paths = workspacePaths(options.workspace ?? (workspaceSet || "ws1"), env);
  const url = options.nats ?? (serversSet || undefined);
  const creds = options.creds ?? (credsSet || undefined);
  const ca = options.tlsCa ?? (caSet || undefined);
  const flags = [
    options.workspace === undefined ? "" : ` --workspace ${options.workspace}`,
    options.nats === undefined ? "" : ` --nats ${shellWord(options.nats)}`,
    options.creds === undefined ? "" : ` --creds ${shellWord(options.creds)}`,
    options.tlsCa === undefined ? "" : ` --tls-ca ${shellWord(options.tlsCa)}`,
  ];
  return { paths, external: externalBroker(paths, url, creds, ca), flags: flags.join("") };
}

/** Connects, works, disconnects. Only this loads the broker's client. @throws UnreachableError if the broker is lost */
export async function withLink<T>(
  scope: Scope,
  role: Role,
  work: (link: WorkspaceLink) => Promise<T>,
  options: LinkOptions = {},
): Promise<T> {
  const { linkWorkspace } = await import("../../shared/broker/workspace-link.ts");
  const link = await linkWorkspace(scope.paths, role, scope.external, options);
  try {
    return await work(link);
  } catch (error) {
    if (!(error instanceof BusError)) {
      const { aimed } = await import("../../shared/broker/store/store-check.ts");
      throw aimed(error, scope.flags);
    }
    if (error.reason === "refused" && role === "operator" && scope.external) throw await notAllowed(scope, error);
    // Not a bug: the broker ended meanwhile, or its peers are electing a leader.
    throw new UnreachableError(
      `workspace ${scope.paths.name}: the broker stopped answering (${error.message}); try again`,
      {
        cause: error,
      },
    );
  } finally {
    await link.close();
  }
}

/** The error for an order that the broker refuses from the given credentials. */
async function notAllowed({ paths, external }: Scope, cause: BusError): Promise<UsageError> {
  const { ownRoleOf } = await import("./own-role.ts");
  const isViewer = external !== null && ownRoleOf(external) === "viewer";
  const file = external?.credentialsFile;
  const whose = file ? `the credentials in ${file}` : "a command without credentials";
  const advice = isViewer
    ? "to give orders, copy secrets/operator.json from the workspace's folder on its coordinator's machine: --creds operator.json"
    : "docs/install.md says which rights an operator needs; with the workspace's own broker: --creds operator.json";
  return new UsageError(
    `workspace ${paths.name}: ${whose} may ${isViewer ? "only look" : "not give orders"} (${cause.message})\n  ${advice}`,
    { cause },
  );
}

/**
 * Connects for an order. Starts no broker, unlike a reading command: without a coordinator nobody could carry out the order.
 * Where a workspace has peers, the server of any of them will do.
 */
export async function withOperatorLink<T>(scope: Scope, work: (link: WorkspaceLink) => Promise<T>): Promise<T> {
  if (!scope.external) {
    const { runningBroker } = await import("../../shared/broker/server/broker-info.ts");
    const { readPeers } = await import("../../shared/broker/peers/peers.ts");
    if (!runningBroker(scope.paths) && !readPeers(scope.paths)) throw noCoordinator(scope.paths.name);
  }
  return withLink(scope, "operator", work);
}

export const noCoordinator = (workspace: string): UnreachableError =>
  new UnreachableError(
    `no coordinator answers in workspace ${workspace}; start one: nexus-coord${workspaceFlags(workspace)}`,
  );
