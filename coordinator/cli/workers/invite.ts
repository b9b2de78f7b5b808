import { inviteKey, newInviteCode, readInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { typedSeconds } from "../../../shared/domain/runspec/quantities.ts";
import { UsageError } from "../../../shared/errors.ts";
import { bootstrapWith, linesWith, openingIfLocal, tunnelFor, typedLine } from "../../endpoint/join-lines.ts";
import { giveOrder, newOrderId, refusalOf } from "../../operator/give-order.ts";
import { ownRoleOf } from "../../operator/own-role.ts";
import { type Scope, withOperatorLink } from "../../operator/scope.ts";
import type { JsonOption, Session } from "../../operator/session.ts";
import { invitationText } from "../../words/invitations.ts";

export interface InviteOptions extends JsonOption {
  readonly for?: string | undefined;
  readonly uses?: string | undefined;
  readonly target?: string | undefined;
  readonly withdraw?: string | undefined;
}

const usual = { for: "24 h", uses: "1" } as const;
const leastSeconds = 60;
const daySeconds = 86_400;
const mostDays = 366;

/** `nexus invite [--for 1h] [--uses 1] [--target gpu]`: prints a line with which machines may join. */
export async function invite(session: Session, options: InviteOptions): Promise<void> {
  const { scope, output } = session;
  refuseExternal(scope);
  if (options.withdraw !== undefined) return withdraw(session, options.withdraw, options);
  const wanted = read(options);
  // The code is made here, and stays here: the coordinator gets the public half of its key.
  const code = newInviteCode(Date.now() + wanted.seconds * 1000);
  const { id, publicKey } = inviteKey(code);
  const found = readInviteCode(code);
  const expiresAt = found.kind === "code" ? found.expiresAt : 0;
  const { uses, targets } = wanted;
  const order = { kind: "invite", op: newOrderId(), publicKey, expiresAt, uses, targets } as const;
  const answer = await withOperatorLink(scope, ({ bus }) => giveOrder(bus, scope.paths.name, order, output));
  if (!answer.ok) throw refusalOf([answer]);
  const tunnel = tunnelFor(scope.paths, code);
  const bootstrap = bootstrapWith(scope.paths, code);
  const commands = linesWith(scope.paths, code).map((line) => `nexus-worker ${typedLine(line)}`);
  if (options.json) {
    const object = {
      type: "invite",
      v: 1,
      invite: id,
      commands,
      tunnel: tunnel?.ssh ?? null,
      bootstrap,
      expiresAt,
      uses,
      targets,
    };
    output.result(`${JSON.stringify(object)}\n`);
  } else {
    for (const command of commands) output.result(`${command}\n`);
    output.note(`  ${invitationText({ id, expiresAt, uses, targets })}; keep the line secret until then\n`);
    if (commands.length > 1)
      output.note(
        "  Both lines lead here; the wss:// one uses WebSockets. Take the one that works from the other machine.\n",
      );
  }
  if (bootstrap && !options.json)
    output.note(
      `  on a machine without nexus-swarm, with Node 20 or newer:\n  ${bootstrap.node}\n  or with Python alone:\n  ${bootstrap.python}\n`,
    );
  const opening = openingIfLocal(scope.paths);
  if (opening !== null)
    output.note(
      `  the broker listens on this machine only; to let others reach it: ${opening}\n  and then: nexus invite${scope.flags}\n`,
    );
  if (tunnel)
    output.note(`  or, through a tunnel: on the other machine, first run this and leave it running: ${tunnel.ssh}\n`);
}

async function withdraw({ scope, output }: Session, id: string, { json, ...more }: InviteOptions): Promise<void> {
  if (more.for !== undefined || more.uses !== undefined || more.target !== undefined)
    throw new UsageError("--withdraw takes no other option than --json; for example: nexus invite --withdraw k5gm97fw");
  const op = newOrderId();
  const order = { kind: "withdraw", op, invite: id.slice(0, 64) } as const;
  const answer = await withOperatorLink(scope, ({ bus }) => giveOrder(bus, scope.paths.name, order, output));
  if (!answer.ok) throw refusalOf([answer]);
  const { name, reason } = answer;
  if (json)
    output.result(`${JSON.stringify({ type: "order", v: 1, order: "withdraw", op, name, ok: true, reason })}\n`);
  else output.result(`${name}: ${reason}\n`);
}

function read(options: InviteOptions): {
  readonly seconds: number;
  readonly uses: number | null;
  readonly targets: readonly string[];
} {
  const time = options.for ?? usual.for;
  const seconds = typedSeconds(time);
  if (seconds === undefined || seconds < leastSeconds || seconds > mostDays * daySeconds)
    throw new UsageError(`--for ${time}: expected a time from a minute to ${mostDays} days, such as 30min, 1h or 7d`);
  const uses = options.uses ?? usual.uses;
  if (uses !== "any" && !/^[1-9]\d{0,3}$|^10000$/.test(uses))
    throw new UsageError(`--uses ${uses}: expected how many machines may join, from 1 to 10000, or any`);
  const targets = options.target === undefined ? [] : options.target.split(",").map((target) => target.trim());
  if (targets.length > 100 || targets.some((target) => !/^[\w.-]{1,64}$/.test(target)))
    throw new UsageError(`--target ${options.target}: expected names of pools separated by commas, such as gpu,big`);
  return { seconds, uses: uses === "any" ? null : Number(uses), targets };
}

function refuseExternal({ external, paths }: Scope): void {
  if (!external) return;
  const there = "type nexus invite on its coordinator's machine, without --nats and --creds: the line is made there";
  // Credentials of a role, or a broker that this machine runs for the workspace, mean the workspace's own broker.
  if (ownRoleOf(external) || runningBroker(paths))
    throw new UsageError(`workspace ${paths.name} has a broker of its own; ${there}`);
  throw new UsageError(
    "if others run this workspace's broker, its administrator makes a user for each worker: docs/install.md says which rights it needs\n" +
      `  if it is the workspace's own broker, ${there}`,
  );
}
