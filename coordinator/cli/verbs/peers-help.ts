/** Help of the verbs of peers besides their options; docs/peers.md says the same, with the reasons. */

export const peers = `
server   up, does not run, does not answer, or another server (one that listens at the peer's address)
copies   how many of the workspace's four streams are up to date on that machine
leads    the machine whose coordinator leads; the others stand by
Exit code 4 if too few peers are up to store anything.

To create a workspace on peers, run nexus-coord --peers lab1,lab2,lab3 on lab1, and nexus-coord --peers-join - on the others: paste
there the line that nexus peers invite prints on lab1.
`;

export const replace = `
OLD must be down, and more than half of the peers up. The command prints what to type on NEW and waits until NEW has all copies.
Ctrl-C leaves this command; the replacement continues. The same command waits for it again. The search continues meanwhile.

Examples:
  nexus peers replace lab2 lab4          lab4 takes the place of lab2
  nexus peers replace lab2 lab2          lab2 has lost its disk and starts again
`;

export const move = `
The coordinator ends. Workers go on training and keep what they cannot deliver. Everything acknowledged moves, with its sequence
numbers; the machine's old store is kept in a folder beside the new one.

Examples:
  nexus move --to-peers lab1,lab2,lab3   on the broker's machine; prints what to type on the others
  nexus move --to-single                 on the peer that is to keep the workspace
`;
