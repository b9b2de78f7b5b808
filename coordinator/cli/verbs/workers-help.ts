/** Help of the verbs about who may join and stay; docs/trust.md says the same, with the reasons. */

export const invite = `
Prints the command with which a machine joins (its line names every address of this machine), and what to paste on a machine that
has Node or Python but no nexus-swarm. Until the invitation expires or is used up, anyone who knows the line may join, so hand it on as you
would a password. The code in it is sent to no server. nexus list invites shows who was invited, and how many joined.

Examples:
  nexus invite                          one machine, within a day
  nexus invite --for 1h --uses 20       twenty machines, within the hour
  nexus invite --target gpu             its worker gets only runs with compute_target: gpu, or without any
  nexus invite --withdraw k5gm97fw      nobody joins with it any more; those who did stay
`;

export const revoke = `
The worker is cut off before the command answers. Its runs go to other workers, uncharged, and the invitation that it used is
withdrawn. Its name stays barred until nexus workers forget. Its results count as before: nexus reject --worker NAME takes them
out of every estimate.`;

export const forget = `
The worker leaves nexus list workers, and its name and key are free again. Its results and reports stay. Refused while it holds
runs or was heard of within the last lease; a revoked worker may be forgotten at once.`;

export const purge = `
For a worker that filled the store. It must have been sent away before (nexus bench NAME, nexus workers revoke NAME). Its results
count as before; nexus reject --worker NAME takes them out. What they rest on stays: curves, consoles and files of runs whose
results count, and the state from which an open run will continue. --all deletes the former too, so that plots lack these runs.
This cannot be undone; the events say who ordered it and how much was deleted, and nexus verify takes it into account.`;

export const rotate = `
Use it when a secret may have leaked: a backup, a password file, a join line. The coordinator pauses for a second or two; workers
keep their keys and go on, and views on this machine reconnect. Those who use --creds with operator.json or viewer.json on other
machines need the new file. Invitations made with nexus invite hold as before. Not for a workspace on peers (docs/trust.md).`;
