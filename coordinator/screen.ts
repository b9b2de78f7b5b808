import { readJournal } from "../shared/broker/journal-reader.ts";
import { type ExternalBroker, linkWorkspace } from "../shared/broker/workspace-link.ts";
import { type JobName, parseJobName } from "../shared/domain/names.ts";
import { NotFoundError } from "../shared/errors.ts";
import type { Bus } from "../shared/ports.ts";
import { workspacePaths } from "../shared/workspace.ts";
import { ensureCoordinator } from "./launch.ts";
import { PlainView } from "./plain.ts";
import { processOutput } from "./results/output.ts";
import { runSpec } from "./results/run.ts";
import { watchJob } from "./watch-job.ts";

/** What the view needs of the command line. */
export interface ScreenFlags {
  readonly workspace: string;
  readonly listen?: string;
  readonly nats?: string;
  readonly creds?: string;
  readonly lease: number;
  readonly linger: number;
  readonly every: number;
  readonly json: boolean;
}

const interrupted = 130;

/** `nexus-coord`: sees to it that a coordinator runs, starts the specs, and shows the newest job that goes on. */
export async function openScreen(
  flags: ScreenFlags,
  external: ExternalBroker | null,
  specs: readonly string[],
): Promise<number> {
  const { workspace, nats, creds } = flags;
  const paths = workspacePaths(workspace);
  const { endpoint, started } = await ensureCoordinator(paths, startFlags(flags));
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  say(`the coordinator of ${workspace} ${started ? "has started" : "runs"}, process ${endpoint.coordinator.pid}`);
  say(`  on any machine that shall help, type:  nexus-worker ${endpoint.joinLine}`);
  say(
    `  to end it:                             nexus-coord stop${workspace === "ws1" ? "" : ` --workspace ${workspace}`}`,
  );
  for (const spec of specs) {
    const code = await runSpec({ workspace, nats, creds }, [spec], { monitor: "none" }, processOutput);
    if (code !== 0) return code;
  }
  return watchNewest(flags, external, undefined);
}

/** `nexus-coord watch`: shows a job, or the newest one. */
export async function watchNewest(
  flags: ScreenFlags,
  external: ExternalBroker | null,
  wanted: string | undefined,
): Promise<number> {
  const link = await linkWorkspace(workspacePaths(flags.workspace), "viewer", external);
  const leave = new AbortController();
  const onSignal = (): void => leave.abort();
  process.once("SIGINT", onSignal);
  try {
    const job = wanted === undefined ? await newestJob(link.bus) : namedJob(wanted);
    if (!job) {
      process.stderr.write("no job yet; start one:\n  nexus run specs/maze_dgd.yaml\n");
      return 0;
    }
    const view = new PlainView(
      { progress: process.stderr, results: process.stdout, wall: Date.now },
      { everyMs: flags.every * 1000, json: flags.json },
    );
    const table = await watchJob(link.bus, job, view, { signal: leave.signal });
    if (table.isOver) return 0;
    process.stderr.write(`${job} goes on without this view; to watch it again: nexus-coord watch ${job}\n`);
    return interrupted;
  } finally {
    process.off("SIGINT", onSignal);
    await link.close();
  }
}

/** The newest job that goes on; if none does, the newest of all. */
async function newestJob(bus: Bus): Promise<JobName | undefined> {
  const tables = [...(await readJournal(bus)).jobs.values()];
  return (tables.findLast((table) => !table.isOver) ?? tables.at(-1))?.job;
}

function namedJob(text: string): JobName {
  const job = parseJobName(text);
  if (!job)
    throw new NotFoundError(
      `"${text}" is no job's name; jobs are called job1, job2, ...; to see them: nexus list jobs`,
    );
  return job.name;
}

/** What a coordinator that is started in the background must be told. */
function startFlags({ listen, nats, creds, lease, linger }: ScreenFlags): string[] {
  const flags = ["--lease", String(lease), "--linger", String(linger)];
  if (listen !== undefined) flags.push("--listen", listen);
  if (nats !== undefined) flags.push("--nats", nats);
  if (creds !== undefined) flags.push("--creds", creds);
  return flags;
}
