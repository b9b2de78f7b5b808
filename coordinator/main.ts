#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type ExternalBroker, externalBroker } from "../shared/broker/server/external-broker.ts";
import { endWhenNobodyReads } from "../shared/closed-pipe.ts";
import { programVersion } from "../shared/components/version.ts";
import { exitCode, explain, UsageError } from "../shared/errors.ts";
import { workspacePaths } from "../shared/machine/workspace.ts";
import { stopCoordinator } from "./endpoint/launch.ts";
import { preparePeers } from "./peers/become-peer.ts";
import { runCoordinator } from "./process/headless.ts";
import { type Happening, HeadlessLines, type Whereabouts, whereaboutsOf } from "./process/headless-lines.ts";
import { graphForms, openScreen, type ScreenFlags, watchNewest } from "./view/open-view.ts";

interface CoordinatorFlags extends ScreenFlags {
  readonly headless: boolean;
  readonly tied: boolean;
  readonly peers?: string;
  readonly peersJoin?: string;
  readonly replicas?: number;
}

const usualLeaseSeconds = 30;
const usualLingerSeconds = 600;

const program = new Command("nexus-coord")
  .description(
    "Coordinates a search: sees to it that this machine's coordinator runs, in the background, and shows its progress.\n" +
      "Closing the view never stops a search.",
  )
  .argument("[spec...]", "runspecs to start, as with nexus run")
  .option("--workspace <name>", "which workspace", process.env["NEXUS_WORKSPACE"] ?? "ws1")
  .option(
    "--headless",
    "run the coordinator itself, in the foreground, with no view but a few lines (for systemd and containers)",
    false,
  )
  .option("--listen <host:port>", "where its broker listens (default: as at the last start, loopback at first)")
  .option(
    "--peers <a,b,c>",
    "the first time: keep the workspace on these three (or five) machines, of which this is the first",
  )
  .option(
    "--peers-join <line>",
    "the first time, on the others: the line that nexus peers invite prints there, a file with it, or -",
  )
  .option(
    "--nats <url>",
    "use a NATS server that exists already (or a cluster: several with commas), with --creds; remembered until --nats own",
  )
  .option(
    "--replicas <n>",
    "with --nats: copies of each stream in its cluster: 1, 3 or 5; streams that have fewer get them",
    replicas,
  )
  .option("--creds <file>", "credentials for --nats")
  .option("--lease <seconds>", "a worker silent for so long loses its trials (default: 30)", seconds(1))
  .option(
    "--linger <seconds>",
    "how long the broker outlives a coordinator that dies without a word (default: 600)",
    seconds(0),
  )
  .option("--every <seconds>", "without a terminal: seconds between standings", seconds(1), 60)
  .option("--json", "one JSON object a line instead of a view", false)
  .option("--plain", "lines instead of a screen, also on a terminal", false)
  .option("--readonly", "a screen whose control keys do nothing, and that shows no join line", false)
  .addOption(
    new Option("--graph <form>", "what curves are drawn with; for fonts without braille: block, ascii").choices(
      graphForms,
    ),
  )
  .option("--top <n>", "of how many of the best configurations the curves are shown", topSets, 5)
  .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
  .addOption(new Option("--tied", "end with the process that started this one").hideHelp())
  .version(programVersion())
  .exitOverride()
  .showSuggestionAfterError()
  .addHelpText(
    "after",
    `
Examples:
  nexus-coord                        start the coordinator, or look at the one that runs
  nexus-coord specs/maze_dgd.yaml    the same, and start this search
  nexus-coord --listen 0.0.0.0:4222  let other machines join
  nexus-coord --peers lab1,lab2,lab3 keep the workspace on three machines; any one may die for good (docs/peers.md)
  nexus-coord watch job1             look at one job
  nexus-coord stop                   end the coordinator; workers wait for the next one, nothing is lost

Exit codes: 0 done, 1 failure, 2 wrong usage or spec, 3 no such job, 4 no coordinator or broker.`,
  );

program
  .command("stop")
  .description("end this machine's coordinator; what runs on workers goes on, and its results count")
  .action(async () => {
    const { workspace } = program.opts<CoordinatorFlags>();
    const stopped = await stopCoordinator(workspacePaths(workspace));
    process.stdout.write(
      stopped ? `the coordinator of ${workspace} has ended\n` : `no coordinator of ${workspace} runs on this machine\n`,
    );
  });

program
  .command("watch [job]")
  .description("look at a search; any number of people may, and nobody's leaving stops it")
  .action(async (job: string | undefined) => {
    endWhenNobodyReads();
    const flags = program.opts<CoordinatorFlags>();
    endWith(await watchNewest(flags, externalOf(flags), job));
  });

program.action(async (specs: string[]) => {
  const typed = program.opts<CoordinatorFlags>();
  // An invitation is a secret, and others on this machine may list processes with their arguments.
  if (typed.peersJoin !== undefined) process.title = "nexus-coord";
  if (typed.replicas !== undefined && !externalOf(typed)) {
    throw new UsageError(
      `--replicas ${typed.replicas}: a broker of our own has one copy, and peers have one each; expected --nats URL with it, or --peers lab1,lab2,lab3`,
    );
  }
  const flags = { ...typed, workspace: await preparePeers(typed.workspace, typed) };
  if (flags.headless) await headless(flags);
  else {
    endWhenNobodyReads();
    endWith(await openScreen(flags, externalOf(flags), specs));
  }
});

/** Whoever has left a screen wants the prompt back, not the answer to a reading that was under way: it may take a minute. */
function endWith(code: number): void {
  process.exitCode = code;
  if (process.stdout.isTTY) process.exit();
}

async function headless(flags: CoordinatorFlags): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  if (flags.tied) process.on("disconnect", () => stop.abort());
  // A reader that has seen enough is no reason to end.
  process.stdout.on("error", () => undefined);
  // Started by a command that waits for a word, or by a person or a service manager.
  const tell = (message: object): void => {
    if (process.connected) process.send?.(message);
  };
  try {
    const options = {
      paths: workspacePaths(flags.workspace),
      listen: flags.listen,
      external: externalOf(flags),
      replicas: flags.replicas,
      leaseMs: (flags.lease ?? usualLeaseSeconds) * 1000,
      lingerMs: (flags.linger ?? usualLingerSeconds) * 1000,
    };
    const where = (): Whereabouts => whereaboutsOf(options.paths, options.external, process.pid);
    const lines = new HeadlessLines(where, flags.json, (text) => process.stdout.write(text));
    const onHappening = (happening: Happening): void => {
      if (happening === "ready") tell({ kind: "ready" });
      lines.tell(happening);
    };
    await runCoordinator(options, onHappening, stop.signal);
  } catch (error) {
    const { text, exit } = explain(error, "nexus-coord");
    const isHeard = flags.tied && process.connected;
    tell({ kind: "failed", message: text, exit });
    // Whoever this one is tied to says it, on the same terminal.
    if (!isHeard) throw error;
    process.exitCode = exit;
  } finally {
    // An open channel to whoever started this would keep the process.
    if (process.connected) process.disconnect();
  }
}

const externalOf = ({ workspace, nats, creds }: CoordinatorFlags): ExternalBroker | null =>
  externalBroker(workspacePaths(workspace), nats, creds);

function replicas(text: string): number {
  if (/^[135]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected 1, 3 or 5");
}

function topSets(text: string): number {
  if (/^([1-9]|1\d|20)$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a number from 1 to 20");
}

function seconds(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= least && value <= 86_400))
      throw new InvalidArgumentError(`expected a number of seconds from ${least} to 86400`);
    return value;
  };
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage;
  else {
    const { text, exit } = explain(error, "nexus-coord");
    process.stderr.write(`${text}\n`);
    process.exitCode = exit;
  }
}
