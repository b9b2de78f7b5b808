import { existsSync, readdirSync } from "node:fs";
import { Command } from "commander";
import { programVersion } from "../../shared/components/version.ts";
import { exitCode, NotFoundError, UsageError } from "../../shared/errors.ts";
import { workspacePaths } from "../../shared/machine/workspace.ts";
import { tellsWhereHelpIs, usual } from "../../shared/program/usual-command.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { lineFrom } from "../joining/given-line.ts";
import { checkWorkerName } from "../joining/identity.ts";
import { parseJoinLine } from "../joining/join-line.ts";
import { Owner } from "../owner/owner.ts";
import { rulesPath, type TypedRules } from "../owner/rules-source.ts";
import { checkWords, withWorkersFlags } from "./given-words.ts";
import { install, uninstall } from "./install.ts";
import { type Machine, serviceKind, thisMachine } from "./machine.ts";
import { typed } from "./service.ts";

const verbs = {
  "install-service": installVerb,
  "uninstall-service": uninstallVerb,
  "service-status": statusVerb,
} as const;

/** Whether this word is a verb for services, and not a join line. */
export const isServiceVerb = (word: string | undefined): word is keyof typeof verbs =>
  word !== undefined && Object.hasOwn(verbs, word);

/**
 * @param worker           nexus-worker as it is typed otherwise: a service takes the same flags
 * @param fromEnvironment  the join line in NEXUS_JOIN
 * @returns the exit code
 */
export const serviceVerb = (
  verb: keyof typeof verbs,
  words: readonly string[],
  worker: Command,
  fromEnvironment: string | undefined,
): Promise<number> => verbs[verb](words, worker, fromEnvironment);

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface InstallFlags extends TypedRules {
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly always: boolean;
  readonly workspace: string;
  readonly name?: string;
  readonly creds?: string;
  readonly passEnv?: readonly string[];
  /** Milliseconds. */
  readonly grace: number;
}

async function installVerb(
  words: readonly string[],
  worker: Command,
  fromEnvironment: string | undefined,
): Promise<number> {
  const command = tellsWhereHelpIs(usual(new Command("nexus-worker install-service")))
    .description("Has this machine start a worker by itself: a systemd user unit, or a launchd agent. Needs no root.")
    .argument(
      "[join line]",
      "as for nexus-worker: the line, -, or @FILE (default: NEXUS_JOIN, else the workspace here)",
    )
    .option("--dry-run", "print what would be written, and do nothing", false)
    .option("--force", "put it in the place of one that says something else", false)
    .option(
      "--always",
      "lend at all times; otherwise, until a flag or worker.yaml says when: only while nobody uses it",
      false,
    )
    .addHelpText(
      "after",
      `
The other flags are those of nexus-worker, and go into the service. The join line does not: it is kept in a file that only
you may read. So is the service: it has the variables that a worker needs (PATH, proxy, Python environment, GPUs) and those
that --pass-env names, as they are set now; --dry-run hides the latter. The service has the lowest priority for processor
and disk, is started again when it fails, and hands its runs back when it is ended.

Examples:
  nexus-worker install-service @line.txt              lends this machine while nobody uses it
  nexus-worker install-service - --slots 2 --always   two runs at all times; asks for the join line
  nexus-worker install-service --dry-run              prints the file; the coordinator is on this machine
  nexus-worker service-status                         is it running?
  nexus-worker uninstall-service                      ends it and removes it`,
    );
  const given = withWorkersFlags(command, worker);
  command.parse(words, { from: "user" });
  const flags = command.opts<InstallFlags>();
  const machine = thisMachine();
  notBySudo(machine);
  const typedLine = command.args[0] ?? fromEnvironment;
  const line = typedLine === undefined ? undefined : await lineFrom(typedLine);
  const workspace = line === undefined ? flags.workspace : parseJoinLine(line).workspace;
  if (line === undefined) mustBeHere(workspace);
  if (flags.name !== undefined) checkWorkerName(flags.name);
  checkWords(given);
  const ownerFirst = !flags.always;
  // Reports now whatever would keep the worker from starting.
  const rules = new Owner({ ...flags, ownerFirst }, systemClock, say).rulesText();
  say(`${flags.dryRun ? "# " : ""}it ${rules}; what flags leave open, ${rulesPath()} may change at any time`);
  const where = line === undefined && !given.some((word) => word.startsWith("--workspace="));
  const wish = {
    workspace,
    name: flags.name,
    line,
    words: [...given, ...(where ? [`--workspace=${workspace}`] : []), ...(ownerFirst ? ["--owner-first"] : [])],
    passEnv: flags.passEnv ?? [],
    graceSeconds: flags.grace / 1000,
    version: programVersion(),
  };
  const how = { isDryRun: flags.dryRun, isForced: flags.force };
  return install(wish, how, machine, say) ? exitCode.done : exitCode.failure;
}

/** Without a line the service joins the coordinator here, so one must have been here. */
function mustBeHere(workspace: string): void {
  if (existsSync(workspacePaths(workspace).dir)) return;
  throw new UsageError(
    `no coordinator of workspace ${workspace} was ever on this machine, and no join line was given\n` +
      "  expected: nexus-worker install-service @FILE, or - to paste the line that nexus-coord prints",
  );
}

/** Whoever types sudo out of habit does not want a service of root's. */
function notBySudo({ env, uid }: Machine): void {
  const { SUDO_USER } = env;
  if (uid !== 0 || SUDO_USER === undefined) return;
  throw new UsageError(
    `typed with sudo, this would install a service of root's, whose runs may do everything; type it as ${SUDO_USER}, without sudo`,
  );
}

const ofOneService = (verb: string): Command =>
  new Command(`nexus-worker ${verb}`).argument(
    "[service]",
    "its name, such as nexus-worker-ws1 (default: the only one)",
  );

async function uninstallVerb(words: readonly string[]): Promise<number> {
  const { args } = ofOneService("uninstall-service")
    .description("Ends a service of install-service and removes it. Its runs are handed back and go on elsewhere.")
    .addHelpText(
      "after",
      "\nExamples:\n  nexus-worker uninstall-service\n  nexus-worker uninstall-service nexus-worker-ws1",
    )
    .parse(words, { from: "user" });
  const machine = thisMachine();
  notBySudo(machine);
  return uninstall(theService(args[0], machine), machine, say) ? exitCode.done : exitCode.failure;
}

async function statusVerb(words: readonly string[]): Promise<number> {
  const { args } = ofOneService("service-status")
    .description("Says how a service of install-service is, in the words of systemd or launchd.")
    .addHelpText(
      "after",
      "\nExit codes: 0 it runs, 1 it does not, 3 no such service.\n\nExamples:\n  nexus-worker service-status",
    )
    .parse(words, { from: "user" });
  const machine = thisMachine();
  const id = theService(args[0], machine);
  const kind = serviceKind(machine, machine.program);
  say(kind.fileOf(id));
  const asked = kind.status(id);
  const { code, text } = machine.run(asked);
  // launchd shows the values of variables, --pass-env's among them.
  say(text.replaceAll(/^([ \t]*)((?:\w+ )?environment = )\{[\s\S]*?\n\1\}$/gm, "$1$2{ ... }"));
  if (code === null || /bus/i.test(text)) say(`${typed(asked)} failed\n${kind.advice(asked, text)}`);
  return code === 0 ? exitCode.done : exitCode.failure;
}

/** The service that is meant. @throws NotFoundError if it is not there; UsageError if several are and none is named */
function theService(named: string | undefined, machine: Machine): string {
  const { folder, idOf, name } = serviceKind(machine, machine.program);
  const there = (existsSync(folder) ? readdirSync(folder) : []).flatMap((file) => idOf(file) ?? []).sort();
  const wanted = named?.replace(/\.service$/, "");
  const list = there.length === 0 ? "there is none" : `there ${there.length === 1 ? "is" : "are"} ${there.join(", ")}`;
  if (wanted !== undefined) {
    if (there.includes(wanted)) return wanted;
    throw new NotFoundError(`no service ${wanted} of ${name} in ${folder}; ${list}`);
  }
  const [only] = there;
  if (only === undefined)
    throw new NotFoundError(`no service in ${folder}; to have one: nexus-worker install-service @FILE`);
  if (there.length > 1) throw new UsageError(`which service? ${list}; name one: nexus-worker service-status ${only}`);
  return only;
}
