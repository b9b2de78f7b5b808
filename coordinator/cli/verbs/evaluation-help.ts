/** What `nexus eval --help`, `nexus confirm --help` and `nexus spec --help` say beside the options. */

export const evaluate = `
The table is XT's: the history of the best configuration by XT's estimate (EST HPMAX). Each row led for BEST FOR completed
runs in a row; EST HPMAX, RUNS and BEST are what its run set shows now.

The verdict below it is about the best configuration by the model of the search, the first of the standings everywhere:
what a new run of it is expected to reach, within which bounds, and whether another is truly better, with the winner's
curse taken into account. docs/evaluation.md says how, and how often its 90% intervals held the truth.

For a job that repeats one configuration (hp_tuning: false) it prints the mean of the runs and how certain it is: nothing
was selected, so the mean has no selection bias.

Examples:
  nexus eval job411
  nexus eval job411 --first 1000      as the search stood after 1000 runs
  nexus plot summary job411           the same as a picture
`;

export const confirm = `
Each configuration becomes a job of its own, with hp_tuning: false, its settings as tuned values, fresh seeds, and the search's
name in its spec (confirms: job278). The command waits for the jobs. Ctrl-C leaves them running; the same command waits for
them again and submits nothing twice. Repeat it with a larger --runs to add only the missing runs.

--targets says which configurations are the best:
  best               as the standings rank them (default)
  best-by-estimate   by the estimate that takes the winner's curse into account
  best-by-run        by their best single run, as nexus list runs --sort=metrics.hpmax shows them

Runs that break require are counted as infeasible and are in no mean. Exit code 5: some of the runs failed, or
all of a configuration have ended and it has no mean.

Examples:
  nexus confirm job278 --top 3 --runs 20
  nexus confirm job278 --show         the results so far
`;

export const spec = `
Comments and layout are kept. Without --best or --run: the spec as it was submitted.

Examples:
  nexus spec job278 --best --save-to winner.yaml
  nexus spec job278 --run run662.7    with the settings of one run
`;
