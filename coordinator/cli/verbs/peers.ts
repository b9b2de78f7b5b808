import type { JsonOption } from "../../operator/session.ts";
import * as help from "./peers-help.ts";
import { type AddVerbs, examples } from "./verb.ts";

/** `nexus peers --json` stands before the words of its own verbs, and takes the option for all of them. */
export const addPeers: AddVerbs = (program, { does }) => {
  const peers = program
    .command("peers")
    .description("the machines that the workspace lives on: who is in touch, whose copies are up to date, who leads")
    .option("--json", "one JSON object a line")
    .addHelpText("after", help.peers)
    .action(does(async () => (await import("../peers/list-peers.ts")).listPeers));
  peers
    .command("invite")
    .description("print the line that brings another machine of the list in; it holds passwords")
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
    .description("another machine takes the place of one that died for good")
    .option("--yes", "do it without asking")
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
    .description("carry the workspace from a broker alone to peers, or back to this machine alone")
    .option("--to-peers <a,b,c>", "to these three (or five) machines, of which this is one")
    .option("--to-single", "from its peers to this machine alone")
    .option("--cancel", "after a move that was interrupted: stay")
    .option("--listen <host:port>", "which of the peers this machine is, where its addresses do not say")
    .option("--yes", "do it without asking")
    .option("--json", "one JSON object")
    .addHelpText("after", help.move)
    .action(does(async () => (await import("../peers/move.ts")).move));
};
