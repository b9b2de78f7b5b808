/** What the control verbs say beside their options; docs/control.md has the same, with the reasons. */

const asked = `
On a terminal it says what will happen and to how many runs, and asks; --yes does it unasked. Every order is in the journal
with who gave it and when. An order given twice (a lost answer, another coordinator) is carried out once.
`;

export const pause = `
A job     gives out no more runs; those in hand go on. What is lost meanwhile waits.
A run     is frozen where it is; it keeps its worker, its place and its lease. Frozen time does not count in max_run_time.
A worker  gets nothing new; what it holds goes on.
${asked}`;

export const resume = `
A job     searches on, after pause, drain or stop, as long as it has not ended.
A run     that was paused goes on where it stood.
A worker  gets runs again, after pause, drain, stop or cancel. One that is benched needs nexus admit.
`;

export const drain = `
A job     starts no more runs; what was begun is finished, lost runs too. Then it is paused: nexus resume searches on.
A worker  gets nothing more, finishes what it holds, says so, and its process ends. Started again it ends again, until
          nexus resume.
${asked}`;

export const stop = `
A job     starts no more runs; what was begun is finished. Then it has ended.
A run     ends now as pruned: it counts in total_runs and in the search's weights, but in no mean.
A worker  hands back what it holds (saved where the stage can), uncharged, and gets nothing until nexus resume.
${asked}`;

export const cancel = `
A job     ends now: its runs are killed and cancelled. Without a terminal this needs --yes.
A run     is killed and cancelled, as if it had never started: its place in total_runs is free again.
A worker  loses what it holds at once, uncharged, and gets nothing until nexus resume.
${asked}`;

export const bench = `
A benched worker gets no runs. What it holds goes elsewhere, uncharged, and so do its failures since its last completed run where
other workers succeed. The coordinator benches a worker by itself after three failures in a row while others succeed in the
same job. nexus admit takes it back.
`;

export const edit = `
  nexus edit job3 --total-runs 800 --add-value lr=0.01 --add-value lr=0.02 --deadline 18:00

total_runs     raised: the search goes on. Lowered below what has ended and is open: nothing new starts, what is open is finished
               and counts.
compute_nodes  lowered: the workers that came last get nothing more, and leave as their runs end.
max_run_time   holds for runs in hand too, from their next renewal on.
deadline       no run starts after it (nor after max_job_time); those begun are finished. Moved on, the search goes on.
values         are there for the next choice; choices made stay as they are. On a dial of rising or falling numbers a number comes
               between its neighbours, elsewhere after the others. Values cannot be taken away.

It asks only where values are added, or where total_runs leaves nothing to start.
`;
