import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** `npm run bench -- NAME [args]`: measures, prints, asserts nothing. Every figure comes with the machine it was taken on. */
const benches: Readonly<
  Record<string, { about: string; load: () => Promise<{ run: (args: string[]) => Promise<void> }> }>
> = {
  swarm: {
    about: "trials a second and result-to-next through broker, journal and workers",
    load: () => import("./swarm.ts"),
  },
  fold: {
    about: "fold of 1,000,000 completions; a coordinator's memory with 100,000 finished runs",
    load: () => import("./fold.ts"),
  },
  screen: {
    about: "the live screen with 10,000 runs and 100 workers: CPU and bytes a frame, memory, key to screen",
    load: () => import("./screen.ts"),
  },
  idle: {
    about: "first join to first run; what one idle worker costs, and a thousand over TLS",
    load: () => import("./idle.ts"),
  },
  flood: {
    about: "an honest worker's next assignment while another worker floods",
    load: () => import("./flood.ts"),
  },
  faults: {
    about: "how soon a lost worker's run goes on elsewhere and a standby leads",
    load: () => import("./faults.ts"),
  },
  owner: {
    about:
      "key press to runs that stand still, an owner's loop beside four runs, an idle worker; --help for its options",
    load: () => import("./owner/bench.ts"),
  },
  bundle: {
    about: "500 MB of code to a new worker, and the same code again: seconds, memory, what is sent",
    load: () => import("./transfer/bundle.ts"),
  },
  "program-cost": {
    about: "what a run of a program takes more than the program alone, in milliseconds; [pairs]",
    load: () => import("./program/bench.ts"),
  },
  checkpoint: {
    about: "a run with 1 GB of checkpoint moves to another machine: seconds, memory, the coordinator's time",
    load: () => import("./transfer/checkpoint.ts"),
  },
  reports: {
    about:
      "a program that reports 10,000 times a second, or prints a million lines: what arrives, memory; [per second] [seconds]",
    load: () => import("./transfer/reports.ts"),
  },
  restart: {
    about: "a coordinator with 100,000 finished runs: seconds to the first assignment, memory",
    load: () => import("./restart.ts"),
  },
  backup: {
    about: "nexus backup and nexus restore of 100,000 runs as whole commands; size of the file",
    load: () => import("./backup.ts"),
  },
  "list-runs": {
    about: "nexus list runs on a store of 100,000 runs, sorted and filtered, from a cold start",
    load: () => import("./list-runs.ts"),
  },
  plot: {
    about: "nexus plot of 200 runs x 1,000 reports as a whole command; importance of hyperparameters",
    load: () => import("./plot.ts"),
  },
  "owner-loop": {
    about: "an owner's loop beside four busy runs, against alone; --core 0 keeps all on one core",
    load: () => import("./owner-loop.ts"),
  },
  training: { about: "milliseconds per training iteration, plain and WASM", load: () => import("./training.ts") },
  "maze-learning": { about: "20 seeds of the tutorial's winner", load: () => import("./maze-learning.ts") },
  search: { about: "time of a DGD choice after 1,000 to 1,000,000 runs", load: () => import("./search.ts") },
  evaluation: {
    about: "time of evaluating 1,000,000 runs; how often the verdict's intervals hold the truth",
    load: () => import("./evaluation.ts"),
  },
  "eval-store": {
    about: "nexus eval on a store of 1,000,000 runs, from a cold start",
    load: () => import("./eval-store.ts"),
  },
  pruning: {
    about: "regret at equal iterations with each pruner; --help for its options",
    load: () => import("./pruning/bench.ts"),
  },
  "search-quality": {
    about: "regret of each search on real and synthetic surfaces; --help for its options",
    load: () => import("./search-quality/bench.ts"),
  },
};

const [name = "", ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench) {
  const [cpu] = cpus();
  const load = execFileSync("uptime", { encoding: "utf8" })
    .replace(/^.*load average: */s, "")
    .trim();
  process.stdout.write(
    `${new Date().toISOString().slice(0, 10)}, ${cpu?.model.trim()} x ${cpus().length}, Node ${process.version}, load ${load}\n\n`,
  );
  await (await bench.load()).run(args);
} else {
  process.stdout.write("npm run bench -- NAME\n\n");
  for (const [each, { about }] of Object.entries(benches)) process.stdout.write(`  ${each.padEnd(16)}${about}\n`);
  process.exitCode = name === "" ? 0 : 2;
}
