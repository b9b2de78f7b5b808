/** Help of the control verbs besides their options; docs/control.md says the same, with the reasons. */

const asked = `
On a terminal the command says what will happen to how many runs, and asks; --yes skips the question. The journal keeps every
order with who gave it and when. An order that arrives twice (a lost answer, a new leader) is carried out once.`;

export const pause = `
A job     starts no more runs; running ones continue. Lost runs wait.
A run     is frozen where it is, and keeps its worker, its place and its lease. Frozen time does not count in max_run_time.
A worker  gets no more runs; those it holds continue.
${asked}`;

export const resume = `
A job     continues after pause, drain or stop, unless it has ended.
A run     that was paused continues where it stopped.
A worker  gets runs again after pause, drain, stop or cancel. A benched one needs nexus admit.`;

export const drain = `
A job     starts no more runs and finishes those begun, including lost ones. Then it is paused: nexus resume continues the search.
A worker  gets no more runs, finishes those it holds, says so and exits. If restarted it exits again, until nexus resume.
${asked}`;

export const stop = `
A job     starts no more runs and finishes those begun. Then it ends.
A run     ends now as pruned: it counts in total_runs and in the search's weights, but in no mean.
A worker  hands back the runs it holds, uncharged and saved if the stage can save, and gets none until nexus resume.
${asked}`;

export const cancel = `
A job     ends now: its runs are killed and cancelled. Without a terminal this needs --yes.
A run     is killed and cancelled as if it had never started: its place in total_runs is free again.
A worker  loses the runs it holds at once, uncharged, and gets none until nexus resume.
${asked}`;

export const bench = `
A benched worker gets no runs. Those it holds go to other workers, uncharged. Its failures since its last completed run are not
charged either, provided that other workers succeed. The coordinator itself benches a worker after three failures in a row while
others succeed in the same job. nexus admit takes a worker back.`;

export const reject = `
A rejected result counts in no estimate: not in the standings, the search's choices, evaluations, plots of results or exports'
hpmax. It stays in the journal, and its run stays listed as rejected. The run counts as ended: the job does not run it again by
itself, but the search may choose its configuration again. --worker covers the results received so far; to get no more from a worker:
nexus bench. Rejecting more than one result asks first; without a terminal it needs --yes. nexus accept undoes it, in any order.`;

export const edit = `
total_runs        raised: the search continues, even if it has ended. Lowered below the runs that have ended or are open: no more
                  start, and the open ones are finished and count.
compute_nodes     lowered: the workers that came last get no more runs, and leave when theirs end.
max_run_time      also limits runs in progress, from their next renewal on.
grace             also for runs in progress, from their next renewal on; NEXUS_GRACE tells a run what it had at its start.
checkpoint_limit  for runs that start from now on.
deadline          no run starts after it (nor after max_job_time); those begun are finished. Moved to later, the search continues.
failures          a job has paused after max_failures_in_a_row of them, or max_failures_at_start while none has completed: fix the
                  cause, then nexus resume. If only the limit was too low: raise it, then nexus resume.
values            are available to the next choice; choices already made stay. On a dial of rising or falling numbers a new number
                  goes between its neighbours, otherwise after the other values. Values cannot be removed.
ranges            lr=1e-6..0.1 makes a range wider, or a list of numbers a range; it must include all existing values. The scale
                  follows a colon: linear, log, integer, log_integer (default: as before; for a list, linear). On a log scale
                  ,zero includes 0: clip=0.1..100:log,zero. The new part gets marks at once, and more where the search looks.

The command asks only if values or ranges are added, or if total_runs leaves nothing to start.

Example:
  nexus edit job3 --total-runs 800 --add-value lr=0.01 --add-value lr=0.02 --deadline 18:00
`;

export const deletion = `
For a job that you no longer need. It must be over; otherwise end it first (nexus stop job1, nexus cancel job1). Its runs,
results, curves, consoles, checkpoints and files disappear from every list, screen, evaluation, plot and export, and so do the
pieces of code and data that no other job uses; the store regains their space. To keep its results: nexus export job1 --output
job1.csv. Its number is not used again. The command says how much will be deleted, and asks; without a terminal it needs --yes. This
cannot be undone; the journal keeps who ordered it, and nexus verify takes it into account. What you downloaded or exported stays.`;
