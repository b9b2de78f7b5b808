import { addressText } from "../../shared/broker/address.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { type ExternalBroker, externalJoinFlags } from "../../shared/broker/server/external-broker.ts";
import { readJournal } from "../../shared/broker/store/journal-reader.ts";
import { aimed } from "../../shared/broker/store/store-check.ts";
import type { TypedTls } from "../../shared/broker/tls/tls-settings.ts";
import { credentialsOf, linkWorkspace, type WorkspaceLink } from "../../shared/broker/workspace-link.ts";
import { type JobName, parseJobName } from "../../shared/domain/names.ts";
import { NotFoundError, signalExit } from "../../shared/errors.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import type { Bus } from "../../shared/ports.ts";
import type { Order, OrderAnswer } from "../../shared/wire/messages.ts";
import { streams } from "../../shared/wire/subjects.ts";
import { type DotForm, dotForms } from "../chart/dots.ts";
import { runSpec } from "../cli/submit/run.ts";
import { checkRunning } from "../endpoint/check-running.ts";
import { joiningOf, labelled, shownJoinLine, typedLine } from "../endpoint/join-lines.ts";
import { ensureCoordinator } from "../endpoint/launch.ts";
import { plainTextWarning } from "../endpoint/plain-text.ts";
import { newestJob } from "../live/newest-job.ts";
import { sendOrder } from "../operator/give-order.ts";
import { processOutput } from "../operator/output.ts";
import { type GlobalOptions, scopeOf } from "../operator/scope.ts";
import { sessionOf } from "../operator/session.ts";
import { showPeers } from "../peers/invitation.ts";
import { PlainView, processPorts } from "../plain/plain-view.ts";
import { watchJob } from "../plain/watch-job.ts";
import { type ColourWish, canShowScreen, lookOf } from "../tui/terminal/look.ts";
import { momentText } from "../words/invitations.ts";
import type { WaitingWords } from "../words/waiting.ts";
import { onceThere } from "./once-there.ts";
import { firstCommands, isJustLooking, isNewcomer, welcome } from "./welcome.ts";

/** What the view needs of the command line. */
export interface ScreenFlags extends TypedTls {
  readonly workspace: string;
  readonly listen?: string;
  readonly nats?: string;
  readonly creds?: string;
  readonly replicas?: number;
  readonly lease?: number;
  readonly linger?: number;
  readonly package?: string;
  readonly ownSearch?: string;
  readonly every?: number | undefined;
  readonly json: boolean;
  readonly plain: boolean;
  readonly readonly: boolean;
  readonly showLine: boolean;
  readonly graph?: DotForm;
  readonly top: number;
  readonly color: ColourWish;
}

export const graphForms = dotForms;

/** `nexus-coord`: makes sure that a coordinator runs, starts the specs, and shows the newest job that is not over. */
export async function openScreen(
  flags: ScreenFlags,
  external: ExternalBroker | null,
  specs: readonly string[],
): Promise<number> {
  const { workspace } = flags;
  const paths = workspacePaths(workspace);
  const isOnScreen = showsScreen(flags);
  if (isOnScreen && !external && isJustLooking(flags, specs) && isNewcomer(paths, process.cwd())) {
    await welcome(process.cwd(), { input: process.stdin, output: process.stdout });
  }
  const { endpoint, started } = await ensureCoordinator(paths, startFlags(flags));
  if (!started) checkRunning(paths, endpoint, flags);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  say(`the coordinator of ${workspace} ${started ? "has started" : "runs"}, process ${endpoint.coordinator.pid}`);
  const warning = plainTextWarning(paths, external);
  if (warning !== null) say(`  ${warning}`);
  const joining = external === null ? joiningOf(paths) : null;
  const options = external === null ? "" : externalJoinFlags(external);
  const [join = `nexus-worker ${typedLine(endpoint.joinLine)}${options}`] = joining?.commands ?? [];
  const place = joining?.opening ? "this machine" : "each machine that should join";
  const width = process.stderr.isTTY ? process.stderr.columns : Number.POSITIVE_INFINITY;
  const tell = (label: string, command: string): void => {
    for (const line of labelled(label, command, width)) say(line);
  };
  const showsSecrets = showsLine(flags);
  if (flags.readonly) {
    // A read-only viewer is shown nothing that lets machines join.
  } else if (showsSecrets || withoutSecrets(join) === join) {
    tell(`on ${place}, run:`, join);
    if (joining?.webSocket) tell("or, where no other port is open:", joining.webSocket);
    if (joining?.until && !joining.opening)
      say(`  it holds until ${momentText(joining.until)}; for an invitation of your own: nexus invite`);
  } else say("  the join line is a secret, so it is printed on a terminal only, or with --show-line");
  const broker = runningBroker(paths);
  if (joining?.opening && broker && !flags.readonly) {
    say(`  other machines cannot join: its broker listens on ${addressText(broker)};`);
    tell("to let them join:", joining.opening);
    if (joining.tunnel && showsSecrets) {
      tell("or, through a tunnel, on each of them:", joining.tunnel.ssh);
      tell("and, while that runs:", joining.tunnel.command);
    }
  }
  if (joining?.bootstrap && showsSecrets) {
    tell("where there is no nexus-swarm, with Node:", joining.bootstrap.node);
    say("  or, with Python only, the line that nexus invite prints");
  }
  tell("to end it:", `nexus-coord stop${workspace === "ws1" ? "" : ` --workspace ${workspace}`}`);
  await showPeers(paths, showsSecrets, say);
  for (const spec of specs) {
    const code = await runSpec(sessionOf(globalsOf(flags), processOutput), [spec], { monitor: "none" });
    if (code !== 0) return code;
  }
  // A script that starts the coordinator goes on, whether there is a job or not, unless it asks for a view.
  const wantsView = specs.length > 0 || flags.plain || flags.json || process.stdout.isTTY === true;
  if (wantsView) return watchNewest(flags, external, undefined);
  say(`to watch its searches: nexus-coord watch${scopeOf(globalsOf(flags)).flags}`);
  return 0;
}

/** `nexus-coord watch`: shows a job; without a name, the newest. */
export async function watchNewest(
  flags: ScreenFlags,
  external: ExternalBroker | null,
  wanted: string | undefined,
): Promise<number> {
  const link = await linkWorkspace(workspacePaths(flags.workspace), "viewer", external);
  const words = wordsFor(flags, external);
  try {
    const job = wanted === undefined ? undefined : namedJob(wanted);
    if (showsScreen(flags)) {
      for (const each of [streams.journal, streams.evidence]) await onceThere(() => link.bus.lastSeq(each));
      return await watchOnScreen(link.bus, job, flags, external, words);
    }
    const warning = plainTextWarning(workspacePaths(flags.workspace), external);
    if (warning !== null) process.stderr.write(`${warning}\n`);
    return await watchPlainly(link.bus, job, flags, words);
  } catch (error) {
    throw aimed(error, words.flags);
  } finally {
    await link.close();
  }
}

/** Shows a job in plain lines until it is over, or until Ctrl-C. */
async function watchPlainly(
  bus: Bus,
  named: JobName | undefined,
  { every, json }: ScreenFlags,
  words: WaitingWords,
): Promise<number> {
  const leave = new AbortController();
  const onSignal = (): void => leave.abort();
  process.once("SIGINT", onSignal);
  try {
    const job = named ?? newestJob(await onceThere(() => readJournal(bus)));
    if (!job) {
      const commands = firstCommands(process.cwd(), words.flags);
      process.stderr.write(`no job yet; start one:\n  ${commands.join("\n  ")}\n`);
      return 0;
    }
    const view = new PlainView(processPorts(process.env), {
      json,
      ...(every !== undefined && { everyMs: every * 1000 }),
    });
    const table = await watchJob(bus, job, view, { signal: leave.signal, words });
    if (table.isOver) return 0;
    const again = `nexus-coord watch ${job}${words.flags}`;
    process.stderr.write(`${job} goes on without this view; to watch it again: ${again}\n`);
    return signalExit.SIGINT;
  } finally {
    process.off("SIGINT", onSignal);
  }
}

/** Shows the live screen until the person leaves it. */
async function watchOnScreen(
  bus: Bus,
  job: JobName | undefined,
  { workspace, color, top, graph, readonly }: ScreenFlags,
  external: ExternalBroker | null,
  { flags }: WaitingWords,
): Promise<number> {
  const paths = workspacePaths(workspace);
  const isReadonly = readonly || (external !== null && credentialsOf(external).user === "viewer");
  const joining = isReadonly || external ? () => null : readAgain(() => joiningOf(paths), joinLineEveryMs);
  const look = lookOf(process.env, color);
  const form = graph ?? (look.unicode ? "braille" : "ascii");
  let orders: WorkspaceLink | undefined;
  const send = async (order: Order): Promise<OrderAnswer> => {
    orders ??= await linkWorkspace(paths, "operator", external);
    return sendOrder(orders.bus, order);
  };
  try {
    // Loaded only when needed: plain output does without it.
    const { showLive } = await import("../tui/live-screen.ts");
    const options = {
      bus,
      workspace,
      flags,
      look,
      top,
      graph: form,
      isReadonly,
      isPlainText: plainTextWarning(paths, external) !== null,
      job,
      send,
      get joining() {
        return joining();
      },
    };
    const { exitCode, message } = await showLive(options);
    if (message !== "") process.stderr.write(`${message}\n`);
    return exitCode;
  } finally {
    await orders?.close();
  }
}

/** How often an open screen checks whether the join line has changed. */
const joinLineEveryMs = 5000;

/** Calls `read` again at most every `everyMs`, and returns its last result in between. */
function readAgain<T>(read: () => T, everyMs: number): () => T {
  let value = read();
  let readAt = performance.now();
  return () => {
    if (performance.now() - readAt >= everyMs) {
      value = read();
      readAt = performance.now();
    }
    return value;
  };
}

/** The flags as `nexus` takes them, without the default workspace unless NEXUS_WORKSPACE names another one. */
function globalsOf({ workspace, nats, creds, tlsCa }: ScreenFlags): GlobalOptions {
  const isUsual = workspace === "ws1" && (process.env["NEXUS_WORKSPACE"] || "ws1") === "ws1";
  const ca = nats === undefined ? undefined : tlsCa;
  return { workspace: isUsual ? undefined : workspace, nats, creds, tlsCa: ca };
}

/** What a shown command needs to reach the same workspace. */
function wordsFor(screenFlags: ScreenFlags, external: ExternalBroker | null): WaitingWords {
  const { paths, flags } = scopeOf(globalsOf(screenFlags));
  return { joinLine: shownJoinLine(paths, external, showsLine(screenFlags)), flags };
}

const showsLine = ({ showLine, readonly }: ScreenFlags): boolean =>
  !readonly && (showLine || process.stderr.isTTY === true);

const showsScreen = ({ json, plain }: ScreenFlags): boolean =>
  !json && !plain && canShowScreen({ input: process.stdin, output: process.stdout }, process.env);

function namedJob(text: string): JobName {
  const job = parseJobName(text);
  if (!job)
    throw new NotFoundError(
      `"${text}" is not a job's name; jobs are called job1, job2, ...; to see them: nexus list jobs`,
    );
  return job.name;
}

/** The flags for a coordinator that is started in the background. */
function startFlags(flags: ScreenFlags): string[] {
  const { lease, linger, listen, nats, creds, replicas, tlsCert, tlsKey, tlsCa, listenWss, insecure } = flags;
  const { package: handedOutAt, ownSearch } = flags;
  const tls = { "tls-cert": tlsCert, "tls-key": tlsKey, "tls-ca": tlsCa, "listen-wss": listenWss };
  const all = Object.entries({
    lease,
    linger,
    listen,
    nats,
    creds,
    replicas,
    package: handedOutAt,
    "own-search": ownSearch,
    ...tls,
  });
  const valued = all.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  return insecure ? [...valued, "--insecure"] : valued;
}
