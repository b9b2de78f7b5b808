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
  flood: {
    about: "an honest worker's next assignment while another worker floods",
    load: () => import("./flood.ts"),
  },
  faults: {
    about: "how soon a lost worker's run goes on elsewhere and a standby leads",
    load: () => import("./faults.ts"),
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
  "search-quality": {
    about: "regret of random search and DGD on a real surface",
    load: () => import("./search-quality.ts"),
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
