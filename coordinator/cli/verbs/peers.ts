import type { JsonOption } from "../../operator/session.ts";
import * as help from "./peers-help.ts";
import { type AddVerbs, examples } from "./verb.ts";

/** `nexus peers` takes --json for its own verbs too. */
export const addPeers: AddVerbs = (program, { does }) => {
  const peers = program
    .command("peers")
    .description("list the machines that hold the workspace: which are up, have current copies, and lead")
    .option("--json", "one JSON object a line")
    .addHelpText("after", help.peers)
    .action(does(async () => (await import("../peers/list-peers.ts")).listPeers));
  peers
    .command("invite")
    .description(
      "print the line for nexus-coord --peers-join - that makes another listed machine a peer; it contains passwords",
    )
    .option("--json", "one JSON object")
    .addHelpText("after", examples("nexus peers invite", "nexus peers invite | ssh lab2 nexus-coord --peers-join -"))
    .action(
      does(async () => {
        const { invitePeer } = await import("../peers/invite-peer.ts");
        return (session) => invitePeer(session, peers.opts<JsonOption>());
      }),
    );
  peers
    .command("replace <old> <new>")
    .description("replace a machine that is gone for good")
    .option("--yes", "do not ask")
    .option("--json", "one JSON object a line")
    .addHelpText("after", help.replace)
    .action(
      does(async () => {
        const { replacePeer } = await import("../peers/replace-peer.ts");
        return (session, old: string, next: string, { yes }: { readonly yes?: boolean }) =>
          replacePeer(session, { old, next }, { ...peers.opts<JsonOption>(), yes });
      }),
    );
  program
    .command("move")
    .description("move the workspace from a single broker to peers, or back to this machine alone")
    .option("--to-peers <a,b,c>", "to these three or five machines, this one among them")
    .option("--to-single", "from its peers to this machine alone")
    .option("--cancel", "undo a move that was interrupted")
    .option("--listen <host:port>", "which peer this machine is, if its addresses do not show it")
    .option("--yes", "do not ask")
    .option("--json", "one JSON object")
    .addHelpText("after", help.move)
    .action(does(async () => (await import("../peers/move.ts")).move));
};
