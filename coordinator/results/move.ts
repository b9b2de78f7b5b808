import { openStreams } from "../../shared/broker/closed-streams.ts";
import { UsageError } from "../../shared/errors.ts";
import { type Asker, processAsker } from "./confirm.ts";
import type { Consent } from "./move-pack.ts";
import { moveToPeers } from "./move-to-peers.ts";
import { moveToSingle } from "./move-to-single.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, scopeOf, withLink } from "./scope.ts";

export interface MoveOptions {
  readonly toPeers?: string | undefined;
  readonly toSingle?: boolean | undefined;
  readonly cancel?: boolean | undefined;
  readonly listen?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** `nexus move`: carries a workspace from a broker alone to peers, or back to this machine alone. */
export async function move(
  globals: GlobalOptions,
  options: MoveOptions,
  output: Output,
  asker: Asker = processAsker,
): Promise<void> {
  const scope = scopeOf(globals);
  if ([options.toPeers, options.toSingle, options.cancel].filter(Boolean).length !== 1) {
    throw new UsageError("nexus move: expected one of --to-peers a,b,c and --to-single and --cancel");
  }
  if (scope.external) {
    throw new UsageError(
      `workspace ${scope.paths.name} lives on the NATS servers at ${scope.external.url}; to carry it from there: nexus backup FILE, then nexus --nats own restore FILE`,
    );
  }
  if (options.cancel) {
    await withLink(scope, "coordinator", ({ bus }) => openStreams(bus));
    output.result(`workspace ${scope.paths.name} stays where it is, and takes what workers publish\n`);
    return;
  }
  const consent: Consent = (what) => consented(what, options.yes === true, asker);
  if (options.toSingle) await moveToSingle(scope, consent, output);
  else await moveToPeers(scope, { list: options.toPeers ?? "", listen: options.listen }, consent, output);
}

async function consented(what: string, yes: boolean, asker: Asker): Promise<void> {
  if (yes) return;
  if (!asker.isTerminal) throw new UsageError(`${what}\n  to do it without being asked, add --yes`);
  if (!(await asker.ask(`${what}. Do it?`))) throw new UsageError("nothing was changed");
}
