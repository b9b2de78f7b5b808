import { existsSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { type ExternalBroker, externalBroker } from "../shared/broker/server/external-broker.ts";
import { type TlsSettings, tlsSettings } from "../shared/broker/tls/tls-settings.ts";
import { programVersion } from "../shared/components/version.ts";
import { escapedJson } from "../shared/domain/printable.ts";
import { nearestName } from "../shared/domain/runspec/nearest-name.ts";
import { typedSeconds, typedSecondsForms } from "../shared/domain/runspec/quantities.ts";
import { explain, UsageError } from "../shared/errors.ts";
import { setQuotas } from "../shared/machine/quota-file.ts";
import { createWorkspace, workspacePaths } from "../shared/machine/workspace.ts";
import { endWhenNobodyReads } from "../shared/program/closed-pipe.ts";
import { exitAfter } from "../shared/program/exit-after.ts";
import { tellsWhereHelpIs, usual, versionWords, withOptionsOfProgram } from "../shared/program/usual-command.ts";
import { stopCoordinator } from "./endpoint/launch.ts";
import { type PackageChoice, packageChoice, rememberPackage } from "./endpoint/package-choice.ts";
import { type SearchesFrom, searchesFrom } from "./own-search/own-searches.ts";
import { preparePeers } from "./peers/become-peer.ts";
import { everyFlag } from "./plain/every-flag.ts";
import { runCoordinator } from "./process/headless.ts";
import { type Happening, HeadlessLines, type Whereabouts, whereaboutsOf } from "./process/headless-lines.ts";
import { graphForms, openScreen, type ScreenFlags, watchNewest } from "./view/open-view.ts";

interface CoordinatorFlags extends ScreenFlags {
  readonly headless: boolean;
  readonly tied: boolean;
  readonly ownSearch?: SearchesFrom;
  readonly peers?: string;
  readonly peersJoin?: string;
  readonly replicas?: number;
  readonly quota: readonly string[];
}

const replicas = number(/^[135]$/, "1, 3 or 5");
const topSets = number(/^([1-9]|1\d|20)$/, "a number from 1 to 20");

export const program = tellsWhereHelpIs(usual(new Command("nexus-coord")))
  .description(
    "Coordinates searches: runs this machine's coordinator in the background and shows its progress.\n" +
      "Closing the view never stops a search.",
  )
  .argument("[spec...]", "runspecs to start, as with nexus run")
  .option("--workspace <name>", "the workspace", process.env["NEXUS_WORKSPACE"] || "ws1")
  .option("--headless", "run the coordinator in the foreground, without a view (for systemd and containers)", false)
  .option("--listen <host:port>", "where its broker listens (default: the last start's; loopback the first time)")
  .option(
    "--listen-wss <host:port>",
    "take workers by WebSocket too (443 if no port is given), with a line of its own; remembered until none",
  )
  .option("--tls-cert <file>", "certificate of its broker, PEM, instead of its own; remembered until --tls-cert own")
  .option("--tls-key <file>", "the private key that belongs to --tls-cert")
  .option("--tls-ca <file>", "the authority that signed --tls-cert, or the servers of --nats")
  .option(
    "--package <port>",
    "where machines without nexus-swarm get it: a port, auto (the one after the broker's) or none; remembered",
  )
  .option("--insecure", "no encryption, even beyond this machine; remembered until --tls-cert own", false)
  .option("--peers <a,b,c>", "once, on the first machine: keep the workspace on these three (or five) machines")
  .option(
    "--peers-join <line>",
    "once, on the others: - to paste or pipe the line that nexus peers invite prints; or a file with it",
  )
  .option(
    "--nats <url>",
    "use this NATS server, or cluster (commas between), with --creds; remembered until --nats own",
  )
  .option("--replicas <n>", "with --nats: copies of each stream, 1, 3 or 5; streams that have fewer get more", replicas)
  .option("--creds <file>", "credentials for --nats")
  .option("--lease <time>", "a worker that is silent for this long loses its trials (default: 30s)", seconds(1))
  .option("--linger <time>", "how long the broker outlives a crashed coordinator (default: 10min)", seconds(0))
  .addOption(
    new Option(
      "--own-search <whose>",
      "whose searches (hp_tuning: own) it may start: operators on this machine (default), all operators, nobody",
    ).choices(searchesFrom),
  )
  .option(
    "--quota <name=value>",
    "what one worker may ask and store, remembered until NAME=usual; may be repeated (nexus list quotas)",
    (word: string, before: readonly string[]) => [...before, word],
    [] as readonly string[],
  )
  .option(...everyFlag, seconds(0))
  .option("--json", "one JSON object a line instead of a view", false)
  .option("--plain", "lines instead of a screen, even on a terminal", false)
  .option("--readonly", "a screen without control keys and join line", false)
  .option("--show-line", "print the join line and invitations even where no terminal shows them (into a log)", false)
  .addOption(new Option("--graph <form>", "how curves are drawn; without braille: block, ascii").choices(graphForms))
  .option("--top <n>", "number of best configurations whose curves are shown", topSets, 5)
  .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
  .addOption(new Option("--tied", "end with the process that started this one").hideHelp())
  .version(...versionWords(programVersion()))
  .helpCommand("help [command]", "print a command's help")
  .addHelpText(
    "after",
    `
Examples:
  nexus-coord                        start the coordinator, or watch the one that runs
  nexus-coord specs/maze_dgd.yaml    the same, and start this search
  nexus-coord --listen 0.0.0.0:4222  let other machines join
  nexus-coord --peers lab1,lab2,lab3 keep the workspace on three machines, any one of which may be lost (docs/peers.md)
  nexus-coord watch job1             watch one job
  nexus-coord stop                   end the coordinator; workers wait for the next one, and nothing is lost

Exit codes: 0 done, 1 failure, 2 wrong usage or spec, a refused order, 3 what was named is not there, 4 no coordinator or
broker, or no broker can run here; 130, 143, 129 ended by Ctrl-C, SIGTERM, SIGHUP (--headless: 0).`,
  );

withOptionsOfProgram(program.command("stop"), "--workspace")
  .description("end this machine's coordinator; workers continue their runs, and the results count")
  .action(async () => {
    const { workspace } = program.opts<CoordinatorFlags>();
    const stopped = await stopCoordinator(workspacePaths(workspace));
    process.stdout.write(
      stopped ? `the coordinator of ${workspace} has ended\n` : `no coordinator of ${workspace} runs on this machine\n`,
    );
  });

withOptionsOfProgram(
  program.command("watch [job]"),
  ...["--workspace", "--nats", "--creds", "--tls-ca", "--every", "--json", "--plain", "--readonly"],
  ...["--graph", "--top", "--color"],
)
  .description("watch a search; any number of people may, and leaving stops nothing")
  .action(async (job: string | undefined) => {
    const flags = program.opts<CoordinatorFlags>();
    endWith(await watchNewest(flags, externalOf(flags), job));
  });

/** @throws UsageError if the word is no file and resembles a command; nothing has started yet */
function checkVerb(word = ""): void {
  if (existsSync(word)) return;
  const verb = nearestName(
    word,
    program.commands.map((command) => command.name()),
  );
  if (verb !== undefined) throw new UsageError(`${word}: no command and no file is called so; did you mean ${verb}?`);
}

program.action(async (specs: string[]) => {
  checkVerb(specs[0]);
  const typed = program.opts<CoordinatorFlags>();
  if (typed.replicas !== undefined && !externalOf(typed)) {
    throw new UsageError(
      `--replicas ${typed.replicas}: nexus-coord's own broker has one copy, and peers have one each; expected --nats URL as well, or --peers lab1,lab2,lab3`,
    );
  }
  tlsOf(typed); // throws before anything starts
  packageOf(typed);
  if (typed.quota.length > 0) {
    const paths = workspacePaths(typed.workspace);
    createWorkspace(paths);
    setQuotas(paths, typed.quota);
  }
  const flags = { ...typed, workspace: await preparePeers(typed.workspace, typed) };
  if (flags.headless) await headless(flags);
  else endWith(await openScreen(flags, externalOf(flags), specs));
});

/** Exits at once after a screen: a read still under way may take a minute. */
function endWith(code: number): void {
  process.exitCode = code;
  if (process.stdout.isTTY) process.exit();
}

async function headless(flags: CoordinatorFlags): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  if (flags.tied) process.on("disconnect", () => stop.abort());
  // The coordinator continues if nobody reads its output any more.
  process.stdout.on("error", () => undefined);
  // A command that started this process may wait for a message; a person or a service manager does not.
  const tell = (message: object): void => {
    if (process.connected) process.send?.(message);
  };
  try {
    const options = {
      paths: workspacePaths(flags.workspace),
      listen: flags.listen,
      tls: tlsOf(flags),
      external: externalOf(flags),
      replicas: flags.replicas,
      leaseMs: (flags.lease ?? 30) * 1000,
      lingerMs: (flags.linger ?? 600) * 1000,
      ownSearch: flags.ownSearch ?? "here",
      package: packageOf(flags),
    };
    createWorkspace(options.paths);
    rememberPackage(options.paths, options.package);
    const where = (): Whereabouts => whereaboutsOf(options.paths, options.external, process.pid);
    const showsSecrets = flags.showLine || process.stdout.isTTY === true;
    const lines = new HeadlessLines(where, { json: flags.json, showsSecrets }, (text) =>
      process.stdout.write(flags.json ? escapedJson(text) : text),
    );
    const onHappening = (happening: Happening): void => {
      if (happening === "ready") tell({ kind: "ready" });
      lines.tell(happening);
    };
    await runCoordinator(options, onHappening, stop.signal);
  } catch (error) {
    const { text, exit } = explain(error, "nexus-coord");
    const isHeard = flags.tied && process.connected;
    tell({ kind: "failed", message: text, exit });
    // The parent process prints the error, on the same terminal.
    if (!isHeard) throw error;
    process.exitCode = exit;
  } finally {
    // An open channel would keep this process alive.
    if (process.connected) process.disconnect();
  }
}

const packageOf = ({ workspace, package: typed }: CoordinatorFlags): PackageChoice =>
  packageChoice(workspacePaths(workspace), typed);

/** With `--nats`, `--tls-ca` is the authority of those servers, not of this machine's broker. */
function tlsOf(flags: CoordinatorFlags): TlsSettings {
  const isExternal = externalOf(flags) !== null;
  if (isExternal && flags.tlsCert !== undefined)
    throw new UsageError(`--tls-cert ${flags.tlsCert}: others run the broker of --nats and have its certificate`);
  return tlsSettings(workspacePaths(flags.workspace), isExternal ? { ...flags, tlsCa: undefined } : flags);
}

const externalOf = ({ workspace, nats, creds, tlsCa }: CoordinatorFlags): ExternalBroker | null =>
  externalBroker(workspacePaths(workspace), nats, creds, tlsCa);

/** Reads a number that is written like `pattern`. */
function number(pattern: RegExp, expected: string): (text: string) => number {
  return (text) => {
    if (pattern.test(text)) return Number(text);
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

function seconds(least: number): (text: string) => number {
  return (text) => {
    const value = typedSeconds(text) ?? Number.NaN;
    if (value >= least && value <= 86_400) return value;
    throw new InvalidArgumentError(`Expected a time from ${least}s to 1d, such as ${typedSecondsForms}.`);
  };
}

/** Carries out what was typed; sets the exit code. */
export async function runNexusCoord(): Promise<void> {
  // Others rely on a coordinator, even if nobody reads its output.
  if (!process.argv.includes("--headless")) endWhenNobodyReads();
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitAfter(error, "nexus-coord");
  }
}
