import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { peerUrls, readPeers } from "../../../shared/broker/peers/peers.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { openInvites } from "../../../shared/domain/fold/invites.ts";
import { BrokerError, UnreachableError, UsageError } from "../../../shared/errors.ts";
import { workspaceFlags } from "../../../shared/machine/workspace.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { livingEndpoint } from "../../endpoint/endpoint.ts";
import { consentOf } from "../../operator/consent.ts";
import { giveOrder, newOrderId, refusalOf } from "../../operator/give-order.ts";
import { ownRoleOf } from "../../operator/own-role.ts";
import type { Scope } from "../../operator/scope.ts";
import { type JsonOption, ordering, type Session } from "../../operator/session.ts";

export interface RotateOptions extends JsonOption {
  readonly yes?: boolean | undefined;
}

const patienceMs = 30_000;
const lookMs = 200;

const what =
  "makes new passwords for coordinator, operator and viewer, a new key for the journal's seals, and a new join line; the old ones open nothing any more";

/** `nexus rotate`: the workspace's own secrets are replaced while searches run. */
export async function rotate(session: Session, { yes, json }: RotateOptions): Promise<void> {
  const { scope, output } = session;
  refuseElsewhere(scope);
  if (!(await consentOf(yes, session)(what))) return;
  const { open, old } = await ordering(session, async ({ bus, state, workspace }) => {
    const old = passwordOf(scope);
    const answer = await giveOrder(bus, workspace, { kind: "rotate", op: newOrderId() }, output);
    if (!answer.ok) throw refusalOf([answer]);
    return { open: openInvites(state).filter(({ line }) => line === "").length, old };
  });
  await untilLedAnew(scope, old);
  const { secrets } = scope.paths;
  if (json) {
    output.result(`${JSON.stringify({ type: "rotated", v: 1, workspace: scope.paths.name, openInvites: open })}\n`);
    return;
  }
  output.result(`the secrets of ${scope.paths.name} are new; workers keep their keys and go on\n`);
  const files = `${secrets}/operator.json or viewer.json`;
  output.note(`  those who give orders or look on from other machines with --creds need the new file: ${files}\n`);
  output.note("  the join line is a new one: nexus-coord shows it\n");
  if (open > 0)
    output.note(
      `  ${counted(open, "invitation that was made for others holds", "invitations that were made for others hold")} as before; to see them: nexus list invites${scope.flags}\n`,
    );
  output.note(`  backups made before hold the old ones; make another: nexus backup FILE${scope.flags}\n`);
}

function refuseElsewhere({ external, paths, flags }: Scope): void {
  if (external && (ownRoleOf(external) || runningBroker(paths)))
    throw new UsageError(
      `workspace ${paths.name} has a broker of its own; type nexus rotate${workspaceFlags(paths.name)} on its coordinator's machine, without --nats and --creds`,
    );
  if (external)
    throw new UsageError(
      "if others run this workspace's broker, its administrator sets the passwords: pass the new ones with --creds FILE\n" +
        `  if it is the workspace's own broker, type nexus rotate${workspaceFlags(paths.name)} on its coordinator's machine, without --nats and --creds`,
    );
  const peers = readPeers(paths);
  if (!peers) return;
  const hosts = peers.peers.map(({ host }) => host).join(",");
  throw new UsageError(
    `the workspace lives on ${peers.peers.length} machines (${peerUrls(paths, peers)}), each of which has a copy of its passwords; they cannot be rotated in one step\n` +
      `  move it to this machine, rotate there, and move it back:\n    nexus move --to-single${flags}\n    nexus rotate${flags}\n    nexus move --to-peers ${hosts}${flags}`,
  );
}

const passwordOf = ({ paths }: Scope): string => readRoleSecret(paths, "operator").password;

/** A coordinator leads again, and the broker takes the new passwords. @param old  the operator's until now */
async function untilLedAnew(scope: Scope, old: string): Promise<void> {
  const { paths, flags } = scope;
  const limit = performance.now() + patienceMs;
  for (;;) {
    const isRenewed = passwordOf(scope) !== old;
    try {
      if (isRenewed && livingEndpoint(paths)) {
        await (await linkWorkspace(paths, "operator")).close();
        return;
      }
    } catch (error) {
      if (!(error instanceof BrokerError || error instanceof UnreachableError)) throw error;
    }
    if (performance.now() > limit)
      throw new UnreachableError(
        isRenewed
          ? `the coordinator does not lead again within ${patienceMs / 1000} s; see ${paths.coordinatorLog}, then start it: nexus-coord${flags}`
          : `the coordinator has not renewed the secrets within ${patienceMs / 1000} s; see ${paths.coordinatorLog}, then type it again: nexus rotate${flags}`,
      );
    await pause(lookMs);
  }
}
