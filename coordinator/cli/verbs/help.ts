/** Help besides the options, of nexus itself and of most verbs. */

export const description = "Search for hyperparameters on a swarm of spare machines, and look at the results.";

export const demo = `
Ctrl-C stops all of it; the next "nexus demo" continues the search, or shows its result once it has ended. Its workspace is
called demo: other commands find it with --workspace demo.`;

export const more = `
Examples:
  nexus demo                                             a search of 60 real runs on this machine
  nexus run specs/maze_dgd.yaml                          submit a search and watch it
  nexus run spec.yaml --environment CartPole_Env         run a spec with <environment> replaced
  nexus list runs job1 --sort=metrics.hpmax --last=10    the ten best runs, the best last
  nexus list jobs                                        all jobs
  nexus view console run1.7 --follow                     what a run prints, as it prints it
  nexus extract job1 folder                              everything stored of a job: files, reports, specs

Options may be shortened while they stay unique: --la=10 for --last=10. After run and check, where any may be a name in
the spec, they are written out.

Environment:
  NEXUS_WORKSPACE   the workspace, unless --workspace is given
  NEXUS_SERVERS     URL of an existing broker, as --nats
  NEXUS_CREDS       file with its credentials, as --creds
  NEXUS_TLS_CA      file with the authority that signed its certificate, as --tls-ca
  HTTPS_PROXY       for wss:// only: an HTTP proxy; NO_PROXY: hosts that are reached without it
  XDG_DATA_HOME     workspaces are in its folder "nexus" (default ~/.local/share)
  NO_COLOR          no colours

Exit codes:
  0  done                              4  no coordinator or broker, or no broker can run here
  1  failure                           5  runs failed, or none counts (confirm)
  2  wrong usage, a spec that cannot   130  ended by Ctrl-C
     be used, a refused order          143  ended by SIGTERM
  3  what was named is not there, or   129  ended by SIGHUP
     there is nothing to show yet
`;

export const run = `
Any other --name value (or --name=value) replaces <name> in the spec's text, as the section string_replacements does.
The value is text, even if it looks like a number.

If job_launcher is disabled, the spec is run once, here, with the tuned values. Its console and repro_spec.yaml, which repeats
the run exactly, are kept in a new folder in the spec's experiment_path.

If job_launcher is enabled, the spec is submitted to the workspace's coordinator. Ctrl-C then ends the view, not the search.`;

export const init = `
Without a file, or with one that is not there yet, it writes an example (search.yaml). A script is read by Python's parser and never
executed: its options (argparse, click, typer, Hydra's configuration) become dials, its prints a metric_pattern. A sweep of W&B
(parameters, method, metric) is translated. Whatever was not understood is listed in comments. The spec is written beside the script,
as search.yaml or under the second name; an existing file is never touched.`;

export const check = `
It runs with the tuned values, in a folder of its own that is deleted afterwards, and sees the part of this machine's environment that
a worker would pass on. It prints the command, the variables that are set for it, each line that the program prints (= marks those in which
something was measured), what a search would measure, which files it keeps for a resume, and a verdict. Exit code 0 if a search could
use it, else 1; 2 if the spec itself is wrong. --values runs nothing, and prints the command and the arguments of each program.`;

export const checkSearch = `
A search of your own chooses for a job with hp_tuning: own. It is a module that exports choose(view, n, rng), or a program that
speaks JSON lines on standard input and output. It is started a dozen times on this machine, with made-up runs; a spec gives it its
own hyperparameters and only the files that would travel with the job. Exit code 0 if it meets every requirement, else 1.`;

export const listRuns = `
Runs:     job1, job1-job3, run662 (with its children), run662.7, run662.* (its children), run660-run684; commas or spaces
Filters:  COLUMN OPERATOR VALUE, operators = == != <> < <= > >=, values numbers, words, $none $true $false $empty $exists.
          A run without a value passes no comparison with a number or a word.
          --filter "hpmax>=0.03" --filter "lr=0.0004" --filter "s1-win=$exists"
Columns:  NAME, NAME=HEADER, NAME:FORMAT or NAME=HEADER:FORMAT, with formats such as .3f .2e .4g d
Sorting:  ascending, the best last. Runs without a value come after them; --last and --first leave those out first.
Export:   text that a spreadsheet would run as a formula (it starts with = + - @) gets an apostrophe in front.
Limits:   if no runs are named, --last=10 unless --first or --all is given.`;

export const download = `
A run's files:  console.txt, repro_spec.yaml (running it repeats the run), reports.csv (every report), what the run left in its
                folder (models, ...) and, with log_to_tensorboard: true, an event file for TensorBoard.
A job's files:  spec.yaml, runs.csv, components/ (the defaults it was submitted with), and a folder for each run.
Files that exist with the same content are not written again, so a download can be resumed.`;

export const backup = `
The file holds the journal, the evidence, checkpoints, files of runs and the workspace's passwords as of one moment. Searches
continue meanwhile. The file appears only when it is complete. More: docs/backup.md.

Examples:
  nexus backup ws1.nexus              for example every night, under a new name
  nexus backup ws1.nexus --verify     and check at once that it can be restored
`;

export const restore = `
The checksum is verified first, and the workspace changes only once the new store is complete. The old store is kept in the
workspace's folder as replaced-DATE. Workers that had joined before the backup continue by themselves. A search of the user's own
that came with a backup from elsewhere starts only after nexus resume JOB on the coordinator's machine.

Examples:
  nexus --workspace ws2 restore ws1.nexus     beside the existing workspace
  nexus restore ws1.nexus --replace           in its place
`;

export const repair = `
Without options, only reports: exit code 0 if the store is whole; 1 if something is missing, with what could be kept.
With --accept-loss the workspace continues from the journal's records before the first missing or unreadable one; the later
ones are lost. The damaged store is kept in the workspace's folder as damaged-DATE. If there is a backup, use nexus restore.
With --accept-journal nothing is repaired: the journal is believed as it is, including what was sealed with a lost key.

Examples:
  nexus repair                     what is damaged
  nexus repair --accept-loss       continue with what is left
  nexus repair --accept-journal    the coordinator said that another one, with another key, wrote the journal
`;
