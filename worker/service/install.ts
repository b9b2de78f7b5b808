import { existsSync, mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { UsageError } from "../../shared/errors.ts";
import { writeSecretFile } from "../../shared/machine/secret-file.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";
import { gpusGiven, gpuVariableNames } from "../gpus/gpu-variables.ts";
import { type Machine, serviceKind, textOf } from "./machine.ts";
import { type Command, type Service, type ServiceKind, typed } from "./service.ts";

/** Variables without which the service would be another worker, or could not reach or start what this shell can. */
const neededVariables: readonly string[] = [
  "PATH",
  "XDG_STATE_HOME",
  "XDG_DATA_HOME",
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "NEXUS_LOG",
  "NEXUS_KERNELS",
  "NEXUS_PRIORITY",
  "TZ",
  // The Python environment that a sandbox opens, and where jobs find others.
  ...["VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"],
  "HTTPS_PROXY",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
];
/** Which GPUs the worker sees. Empty counts as well: it means none. */
const gpuVariables = gpuVariableNames.filter((name) => name !== gpusGiven);

/** What is to be installed, as a person means it. */
export interface Wish {
  readonly workspace: string;
  /** Undefined: the machine's name. */
  readonly name: string | undefined;
  /** The join line; undefined: the coordinator is on this machine. */
  readonly line: string | undefined;
  /** Flags of the worker. */
  readonly words: readonly string[];
  /** Variables that `words` pass on to runs (`--pass-env`). Their values may be secrets. */
  readonly passEnv: readonly string[];
  /** Seconds that the runs have for their last checkpoints. */
  readonly graceSeconds: number;
  readonly version: string;
}

export interface How {
  readonly isDryRun: boolean;
  readonly isForced: boolean;
}

/** Seconds beyond the runs' own: the worker tells the coordinator, and node ends. */
const beyondGraceSeconds = 20;

/** The name of a workspace's service. */
const serviceId = (workspace: string, name?: string): string =>
  `nexus-worker-${workspace}${name === undefined ? "" : `-${name}`}`;

/** The file with the line that this service joins with. */
const lineFile = (machine: Machine, id: string): string => join(stateFolder(machine), `${id}.line`);

function stateFolder({ env, home }: Machine): string {
  const { XDG_STATE_HOME: state } = env;
  return join(state && isAbsolute(state) ? state : join(home, ".local", "state"), "nexus", "services");
}

/** Folders that npm puts first on the PATH of what it starts: a project's, or those of its cache, which it empties. */
const npmFolder = /[\\/]node_modules[\\/]\.bin$|[\\/]node-gyp-bin$|[\\/]_npx[\\/]/;

/** Folders in uv's cache, from which uvx starts programs. */
const uvFolder = /[\\/](?:archive|environments|builds)-v\d+[\\/]/;

/** PATH of the shell in which npx was typed. */
function ownPath({ PATH: path, npm_execpath: npm }: NodeJS.ProcessEnv): string | undefined {
  if (npm === undefined) return path;
  return path
    ?.split(delimiter)
    .filter((folder) => !npmFolder.test(folder))
    .join(delimiter);
}

function serviceOf(wish: Wish, machine: Machine): Service {
  const id = serviceId(wish.workspace, wish.name);
  const join = wish.line === undefined ? [] : [`@${lineFile(machine, id)}`];
  return {
    id,
    workspace: wish.workspace,
    version: wish.version,
    command: [...machine.program, ...join, ...wish.words],
    environment: environmentOf(wish, machine),
    stopSeconds: Math.ceil(wish.graceSeconds) + beyondGraceSeconds,
    outputFile: `${lineFile(machine, id).replace(/\.line$/, "")}.log`,
  };
}

/** @throws UsageError if a variable that every worker needs holds a password, or one has what no service's file can hold */
function environmentOf({ passEnv }: Wish, machine: Machine): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of new Set([...neededVariables, ...gpuVariables, ...passEnv])) {
    const value = name === "PATH" ? ownPath(machine.env) : machine.env[name];
    const isNeeded = neededVariables.includes(name);
    if (value === undefined || (isNeeded && value === "")) continue;
    if (isNeeded && withoutSecrets(value) !== value) {
      throw new UsageError(
        `${name} holds a password, and a service's file is no place for one; expected a proxy without\n` +
          `  put ${name} into a file of mode 0600 and name it in EnvironmentFile= of the service, or unset it here: env -u ${name} nexus-worker install-service ...`,
      );
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\x00-\x08\x0b-\x1f\x7f]/.test(value))
      throw new UsageError(
        `${name} contains a control character, which no service's file can hold; unset it here: env -u ${name} nexus-worker install-service ...`,
      );
    environment[name] = value;
  }
  return environment;
}

/** A service's file as it may be shown: without the values of the variables that its own `--pass-env` names. */
function shown(text: string): string {
  const names = [...text.matchAll(/--pass-env=([\w, ]+)/g)].flatMap(([, list = ""]) => list.match(/\w+/g) ?? []);
  return names.reduce(
    (rest, name) =>
      rest
        .replace(new RegExp(`^(Environment="?${name}=)[^\\n]*`, "gm"), "$1***")
        .replace(new RegExp(`(<key>${name}</key>\\s*<string>)[^<]*`, "g"), "$1***"),
    text,
  );
}

/** What of `--pass-env` the service has, and what it has not. */
function passedOn({ passEnv }: Wish, { environment }: Service, file: string): string[] {
  const list = (isThere: boolean): string =>
    passEnv.filter((name) => Object.hasOwn(environment, name) === isThere).join(", ");
  const [there, missing] = [list(true), list(false)];
  return [
    ...(there === "" ? [] : [`${file} holds ${there} as set here (--pass-env); only you may read it`]),
    ...(missing === "" ? [] : [`${missing} is not set here, so runs will not get it (--pass-env)`]),
  ];
}

/**
 * Writes the service and starts it.
 *
 * @returns whether it was started; if not, `say` was told why and what to type
 * @throws UsageError if another file is in its place and `isForced` is false, or if a variable cannot stand in a service's file
 */
export function install(wish: Wish, how: How, machine: Machine, say: (text: string) => void): boolean {
  const service = serviceOf(wish, machine);
  const { id } = service;
  const kind = serviceKind(machine, service.command);
  const file = kind.fileOf(id);
  const text = kind.render(service);
  if (how.isDryRun) {
    say(`# ${file}\n${shown(text)}`);
    for (const words of passedOn(wish, service, file)) say(`# ${words}`);
    if (wish.line !== undefined) say(`# and the join line in ${lineFile(machine, id)}, which only you may read`);
    return true;
  }
  const before = textOf(file);
  const isOther = before !== undefined && before !== text;
  if (isOther && !how.isForced) {
    throw new UsageError(
      `${file} already exists with different content:\n${shown(before).replace(/^/gm, "    ")}\n  to put the new one in its place: --force; to see the new one: --dry-run`,
    );
  }
  if (wish.line !== undefined) {
    mkdirSync(stateFolder(machine), { recursive: true, mode: 0o700 });
    writeSecretFile(lineFile(machine, id), `${wish.line}\n`);
  } else mkdirSync(stateFolder(machine), { recursive: true, mode: 0o700 });
  mkdirSync(kind.folder, { recursive: true });
  writeSecretFile(file, text);
  const [, program] = machine.program;
  keepFetched(program, id, file);
  const [cache, lasting] = npmFolder.test(program)
    ? ["npm", "npm install -g PACKAGE"]
    : uvFolder.test(program)
      ? ["uv", "uv tool install PACKAGE"]
      : [];
  if (cache !== undefined)
    say(
      `${program} lies in ${cache}'s cache, which ${cache} empties; so that the service stays: ${lasting}, and install it anew`,
    );
  say(`${before === undefined ? "wrote" : isOther ? "replaced" : "kept"} ${file}`);
  for (const words of passedOn(wish, service, file)) say(words);
  if (before !== undefined) for (const command of kind.endEarlier(id)) machine.run(command);
  const failed = firstFailure(kind.start(id), machine);
  if (failed) {
    say(notStarted(kind, failed, kind.start(id)));
    return false;
  }
  say(`${id} runs, and starts again with ${kind.name === "launchd" ? "your next login" : "this machine"}`);
  if (kind.name === "systemd" && !machine.lingers())
    say(
      `but only while ${machine.user} is logged in; to have it run without anybody:  loginctl enable-linger ${machine.user}`,
    );
  for (const [purpose, words] of kind.hints(id)) say(`  ${`${purpose}:`.padEnd(16)} ${words}`);
  say(`  ${"remove it:".padEnd(16)} nexus-worker uninstall-service ${id}`);
  return true;
}

/**
 * Keeps the version that a pasted line fetched and that is now the service's program. By this mark start-here.ts, which
 * deletes old versions, finds the service's file; the version stays while that file names it.
 */
function keepFetched(program: string, id: string, file: string): void {
  const [version] = /^.*[\\/]nexus[\\/]versions[\\/][^\\/]+(?=[\\/]dist[\\/])/.exec(program) ?? [];
  if (version === undefined || !existsSync(join(version, "users"))) return;
  writeSecretFile(join(version, "users", `${id}@${encodeURIComponent(hostname())}`), file);
}

interface Failure {
  readonly command: Command;
  readonly text: string;
}

function firstFailure(commands: readonly Command[], machine: Machine): Failure | undefined {
  for (const command of commands) {
    const { code, text } = machine.run(command);
    if (code !== 0) return { command, text };
  }
  return undefined;
}

function notStarted(kind: ServiceKind, { command, text }: Failure, all: readonly Command[]): string {
  return (
    `it was not started: ${typed(command)} failed: ${text.split("\n")[0] ?? ""}\n${kind.advice(command, text)}\n` +
    `  then type:\n${all.map((each) => `    ${typed(each)}`).join("\n")}`
  );
}

/**
 * Ends a service and removes what `install` wrote. The worker's key stays: the machine may join again.
 *
 * @returns whether it was ended; if not, `say` was told why
 */
export function uninstall(id: string, machine: Machine, say: (text: string) => void): boolean {
  const kind = serviceKind(machine, machine.program);
  const failed = firstFailure(kind.stop(id), machine);
  rmSync(lineFile(machine, id), { force: true });
  rmSync(kind.fileOf(id));
  say(`removed ${kind.fileOf(id)}`);
  if (failed) {
    say(
      `it may still run: ${typed(failed.command)} failed: ${failed.text.split("\n")[0] ?? ""}\n${kind.advice(failed.command, failed.text)}\n` +
        `  then type:\n    ${typed(failed.command)}`,
    );
    return false;
  }
  for (const command of kind.forget()) machine.run(command);
  say(`${id} has ended; its runs were handed back. The worker's key stays, so that this machine can join again`);
  return true;
}
