/** What the verbs of peers say beside their options; docs/peers.md has the same, with the reasons. */

export const peers = `
server   up, does not run, does not answer, another server (which listens at its address)
copies   of the workspace's four streams, how many on that machine hold everything that was acknowledged
leads    where the coordinator leads; the others stand by
Exit code 4 where too few peers are up to store anything.

A workspace begins on peers with nexus-coord --peers lab1,lab2,lab3 on lab1, and what nexus peers invite prints on the others.
`;

export const replace = `
  nexus peers replace lab2 lab4          lab4 takes the place of lab2
  nexus peers replace lab2 lab2          lab2 has lost its disk and begins anew

OLD must not be up, and more than half of the peers must be. It prints what to type on NEW and waits until NEW has all
copies. Ctrl-C leaves; the exchange goes on, and the same words wait again. The search goes on meanwhile.
`;

export const move = `
  nexus move --to-peers lab1,lab2,lab3   on the machine of the broker; prints what to type on the others
  nexus move --to-single                 on the peer that is to have the workspace alone

The coordinator ends, workers train on and keep what they cannot deliver. All that was acknowledged goes along, sequences and
all; what was in this machine's store is kept in a folder beside it.
`;
