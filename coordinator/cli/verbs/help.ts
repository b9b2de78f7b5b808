/** What `nexus --help` says beside the options. */

export const description = "Search hyperparameters on a swarm of spare machines, and see what came of it.";

export const more = `
Examples:
  nexus run specs/maze_dgd.yaml                          submit a search, and watch it
  nexus run spec.yaml --environment CartPole_Env         execute a spec with <environment> replaced
  nexus list runs job1 --sort=metrics.hpmax --last=10    the ten best runs, the very best last
  nexus list jobs                                        what there is
  nexus view console run1.7 --follow                     what a run prints, as it prints it
  nexus extract job1 folder                              everything that is kept of a job: files, reports, specs

Options may be shortened as long as they stay unique: --last=10 as --la=10.

Environment:
  NEXUS_WORKSPACE   the workspace, where --workspace is not given
  NEXUS_SERVERS     URL of a broker that exists already, as --nats
  NEXUS_CREDS       file with its credentials, as --creds
  XDG_DATA_HOME     workspaces lie in its folder nexus (default ~/.local/share)
  NO_COLOR          no colours

Exit codes:
  0  done                              4  no coordinator or broker could be reached
  1  failure                           5  finished, but some runs failed (confirm)
  2  wrong usage, or a spec that       130  ended by Ctrl-C
     cannot be used                    143  ended by SIGTERM
  3  no such job, run or worker        129  ended by SIGHUP
`;

export const run = `
Any other --name value (or --name=value) replaces <name> in the spec's text, as its section string_replacements does;
the value is a word, also where it looks like a number.

With job_launcher disabled the spec is executed once, here, with the tuned values. Its console and repro_spec.yaml, which
repeats the run exactly, are kept in a new folder in the spec's experiment_path.

With job_launcher enabled it is submitted to the workspace's coordinator. Ctrl-C then leaves the view, not the search.
`;

export const listRuns = `
Runs:     job1, job1-job3, run662 (with its children), run662.7, run662.* (its children), run660-run684; commas or spaces
Filters:  COLUMN OPERATOR VALUE, operators = == != <> < <= > >=, values numbers, words, $none $true $false $empty $exists.
          A comparison with a number or a word holds only for runs that have a value.
          --filter "hpmax>=0.03" --filter "lr=0.0004" --filter "s1-win=$exists"
Columns:  NAME, NAME=HEADER, NAME:FORMAT or NAME=HEADER:FORMAT, with formats such as .3f .2e .4g d
Sorting:  ascending, the best last; runs without a value stand below them, and are left out first by --last and --first.
Export:   text that a spreadsheet would run as a formula (it begins with = + - @) gets an apostrophe before it.
Limits:   without named runs, --last=10 unless --first or --all is given.
`;

export const download = `
A run's files:  console.txt, repro_spec.yaml (executing it repeats the run), reports.csv (every report), whatever it left in its
                folder (models, ...), and, with log_to_tensorboard: true, an event file for TensorBoard.
A job's files:  spec.yaml, runs.csv, components/ (the defaults it was submitted with), and a folder for each run.
Files that are there already with the same content are not written again, so that a download can be resumed.
`;

export const backup = `
The file holds the journal, the evidence, checkpoints, files of runs, and the workspace's passwords, as of one moment; searches go on
meanwhile. It is there only when it is whole. More: docs/backup.md.

Examples:
  nexus backup ws1.nexus              every night, say, under another name
  nexus backup ws1.nexus --verify     and try at once whether it can be restored
`;

export const restore = `
The file's checksum is compared first; the workspace is changed only once the new store is whole, else it stays as it is. What it
held before is kept in its folder as replaced-DATE. Workers that had joined by the backup go on by themselves.

Examples:
  nexus --workspace ws2 restore ws1.nexus     beside what there is
  nexus restore ws1.nexus --replace           in its place
`;

export const repair = `
Without options it only looks: exit code 0 where the store is whole, 1 where something is missing, and what could be kept of it.
With --accept-loss the workspace goes on with the journal's records up to the first that is missing or cannot be read; what came
after it never was. The damaged store is kept in the workspace's folder as damaged-DATE. A backup is better: nexus restore.

  nexus repair                  what is damaged
  nexus repair --accept-loss    go on with what is left
`;
