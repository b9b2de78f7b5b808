/** `npm start` and `nexus demo`: a whole swarm on this machine. Ctrl-C stops all of it; the next start continues the search. */

import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readJournal } from "../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../shared/broker/workspace-link.ts";
import { loadSpecFile, packageRoot } from "../shared/components/component-defaults.ts";
import { type JobName, parseJobName } from "../shared/domain/names.ts";
import { usedComponents } from "../shared/domain/runspec/spec-read.ts";
import { explain, SpecError, signalExit, UsageError } from "../shared/errors.ts";
import { workspacePaths } from "../shared/machine/workspace.ts";
import type { Bus } from "../shared/ports.ts";
import { demoHelp, readDemoWords, typedHere } from "./demo-words.ts";
import { livingEndpoint } from "./endpoint/endpoint.ts";
import { untilLeading } from "./endpoint/launch.ts";
import { giveOrder, newOrderId } from "./operator/give-order.ts";
import { processOutput } from "./operator/output.ts";
import { PlainView, processPorts } from "./plain/plain-view.ts";
import { watchJob } from "./plain/watch-job.ts";

const workspace = "demo";
const paths = workspacePaths(workspace);
const coordinatorMain = new URL("./main.js", import.meta.url);
const workerMain = new URL("../worker/main.js", import.meta.url);
const specFile = join(packageRoot(), "specs", "maze_dgd.yaml");
const children: ChildProcess[] = [];
const typed = typedHere(process.env);
const stop = new AbortController();
/** Exit code after a signal. */
let stopped: number = signalExit.SIGINT;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) return;
    say(`\nstopping; unfinished runs are handed back, and the next ${typed.demo} continues from here...`);
    stopped = signalExit[signal];
    stop.abort();
  });
}

try {
  const { again, help } = readDemoWords(process.argv.slice(2));
  if (help) process.stdout.write(demoHelp);
  else process.exitCode = await demonstrate(again);
} catch (error) {
  const { text, exit } = explain(error, typed.demo);
  say(text);
  process.exitCode = exit;
} finally {
  // Workers first: the coordinator records what they hand back, and ends the broker when it ends itself.
  for (const child of children.reverse()) await end(child);
}

async function demonstrate(again: boolean): Promise<number> {
  if (livingEndpoint(paths)) {
    throw new UsageError(
      `a demonstration is already running; to watch it: ${typed.prefix}nexus-coord watch --workspace ${workspace}`,
    );
  }
  say("Starting a broker and a coordinator on this machine...");
  const coordinator = start(coordinatorMain, ["--headless", "--workspace", workspace]);
  if (!(await untilLeading(coordinator, paths, paths.logs, stop.signal))) return stopped;
  const link = await linkWorkspace(paths, "operator");
  try {
    const { job, isOver } = await findOrSubmit(link.bus, again);
    if (isOver) say(`${job} has already ended; this is its result.\n`);
    else startWorkers();
    const words = { joinLine: `--workspace ${workspace}`, flags: ` --workspace ${workspace}` };
    const view = new PlainView(processPorts(process.env));
    const table = await watchJob(link.bus, job, view, { signal: stop.signal, words });
    if (!table.isOver) return stopped;
    say(nextSteps(job));
    return 0;
  } finally {
    await link.close();
  }
}

function startWorkers(): void {
  const nodes = Math.min(2, availableParallelism());
  const slots = String(Math.max(1, Math.floor(availableParallelism() / nodes)));
  for (let i = 1; i <= 2; i += 1) {
    const name = `demo-${i}`;
    start(workerMain, ["--workspace", workspace, "--name", name, "--slots", slots, "--quiet"]);
  }
  say("Two workers train recurrent agents in a maze; a model of all results so far chooses what the next run tries.\n");
}

/** The demonstration's job: the newest, or a new one if there is none or `again` asks for one. */
async function findOrSubmit(bus: Bus, again: boolean): Promise<{ readonly job: JobName; readonly isOver: boolean }> {
  const newest = [...(await readJournal(bus)).jobs.values()].at(-1);
  if (newest && !(again && newest.isOver)) {
    if (!newest.isOver)
      say(`Continuing ${newest.job}: ${newest.ended} of ${newest.submitted.settings.totalRuns} runs are done.`);
    return newest;
  }
  const { spec } = loadSpecFile(specFile, {});
  const { file, text, commandLine } = spec;
  const order = { kind: "run", op: newOrderId(), file, text, sources: usedComponents(spec), commandLine } as const;
  const answer = await giveOrder(bus, workspace, order, processOutput);
  const job = parseJobName(answer.name);
  if (!answer.ok || !job) throw new SpecError(answer.reason);
  return { job: job.name, isOver: false };
}

function nextSteps(job: JobName): string {
  const { prefix, again } = typed;
  const spec = relative(process.cwd(), join(packageRoot(), "specs", "dgd_hp_search.yaml"));
  // Nobody looks for specs among the files of an installed package.
  const first = spec.startsWith("..")
    ? `${prefix}nexus init; ${prefix}nexus run search.yaml`
    : `${prefix}nexus run ${spec}`;
  return `
To see more (nothing needs to run for this):
  ${prefix}nexus list runs ${job} --workspace ${workspace} --sort=metrics.hpmax --last=10
  ${prefix}nexus eval ${job} --workspace ${workspace}
  ${prefix}nexus plot summary ${job} --workspace ${workspace}
Search again:              ${again}
Search on real machines:   ${`${prefix}nexus-coord`.padEnd(23)} then follow what it prints
                           ${first}`;
}

/** Starts a child in its own process group: Ctrl-C reaches only this process. `--tied` ends the child with this one. */
function start(program: URL, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(program), ...args, "--tied"], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}
