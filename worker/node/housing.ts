import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "../../shared/log.ts";
import { runEnvironment } from "../../shared/machine/run-environment.ts";
import { unitFolder } from "../../shared/machine/unit-folder.ts";
import { RunGroups } from "../processes/groups/run-groups.ts";
import { endMarked, runMark } from "../processes/leftovers.ts";
import { systemPriority } from "../processes/priority/priority.ts";
import type { Priority } from "../processes/priority/standing.ts";
import { reaperWords } from "../processes/reaper/reaper.ts";
import { Sandbox } from "../processes/sandbox.ts";
import { basePaths } from "../processes/virtual-environment.ts";
import { Environments, type SetupRoom } from "../setup/environments.ts";
import type { KeptOptions } from "../setup/kept-environments.ts";

/** What the owner of a machine allows the runs of a worker. */
export interface Confinement {
  /** False: no job gets programs of its own executed. */
  readonly code: boolean;
  readonly sandbox: boolean;
  readonly sandboxRo?: readonly string[];
  /** False: the sandbox gives no job the network. */
  readonly network: boolean;
  readonly passEnv?: readonly string[];
  /** File with credentials, which no run may read. */
  readonly creds?: string;
}

/** How a worker starts its runners. */
export interface Housing {
  /** The runner's program. */
  readonly program: string;
  /** What runs see of the worker's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Prefix of the marks of this worker's runs, by which the worker's next process finds what they left. */
  readonly tag: string;
  readonly sandbox: Sandbox | null;
  /** Whether a sandbox opens the network to jobs that ask for it. */
  readonly network: boolean;
  readonly priority: Priority;
  /** Command words that start a runner under a reaper; undefined without one. */
  readonly reaper: readonly string[] | undefined;
  /** Groups of processes, where this worker may make some. */
  readonly groups: RunGroups | undefined;
}

const program = fileURLToPath(new URL("../runner/main.js", import.meta.url));

export const plainHousing = (): Housing => ({
  program,
  environment: runEnvironment(process.env, []),
  tag: randomBytes(6).toString("hex"),
  sandbox: null,
  network: true,
  priority: systemPriority(process.env),
  reaper: reaperWords(),
  groups: undefined,
});

/**
 * Prepares how a worker's runs are confined, and ends what runs of an earlier process of this worker left running. A
 * sandbox hides the keys and passwords of all of this user's workers and workspaces, and the files of the user's services, but not
 * the user's Python environment, nor the Python that it was made from.
 *
 * @param stateDir  folder of this worker, `.../nexus/workers/<workspace>/<machine>/<name>`, which nobody else uses now
 * @param dataDir   folder of the workspace
 * @throws UsageError saying what to install or type, if a sandbox is wanted and none is possible here
 */
export function housingOf(stateDir: string, dataDir: string, allowed: Confinement): Housing {
  const { sandbox, sandboxRo = [], network, passEnv = [], creds } = allowed;
  const tag = createHash("sha256").update(stateDir).digest("hex").slice(0, 12);
  const { VIRTUAL_ENV = "", CONDA_PREFIX = "" } = process.env;
  const python = [VIRTUAL_ENV, CONDA_PREFIX].filter((path) => isAbsolute(path) && existsSync(path));
  const keys = [join(stateDir, "..", "..", "..", ".."), dirname(dataDir)];
  const secrets = creds === undefined ? keys : [...keys, resolve(creds)];
  const opened = sandbox
    ? Sandbox.open({
        readable: [...python.flatMap(basePaths), ...python, ...sandboxRo],
        // A service's file has values of --pass-env.
        hidden: [...secrets, unitFolder(process.env), unitFolder({})],
      })
    : null;
  const priority = systemPriority(process.env);
  endMarked(`${tag}-`);
  return {
    program,
    environment: runEnvironment(process.env, passEnv),
    tag,
    sandbox: opened,
    network,
    priority,
    // What is in a sandbox ends with it.
    reaper: sandbox ? undefined : reaperWords(),
    groups: process.platform === "linux" ? RunGroups.open() : undefined,
  };
}

/** Where pyenv and uv keep their Pythons, if it is an unusual place. The worker looks there; setups and runs see neither. */
const pythonFolders: readonly string[] = ["PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"];

/** Executes setups as runs are executed, in the same sandbox. */
export function environmentsIn(
  kept: Omit<KeptOptions, "log">,
  housing: Housing,
  log: Pick<Log, "info" | "warn">,
): Environments {
  const { environment, tag, sandbox, network, reaper } = housing;
  // By this mark the worker's next process finds what setups left behind.
  const env = { ...environment, [runMark]: `${tag}-setup` };
  const isFolder = ([name, value]: [string, unknown]): boolean => pythonFolders.includes(name) && value !== "";
  const outside = { ...env, ...Object.fromEntries(Object.entries(process.env).filter(isFolder)) };
  if (sandbox === null) return new Environments({ ...kept, environment: env, outside, reaper, log });
  const confined = (command: readonly string[], { cwd, ...room }: SetupRoom): string[] =>
    sandbox.around(command, { ...room, network: network && room.network, gpus: false, cwd });
  return new Environments({ ...kept, environment: sandbox.environment(env), outside, confined, log });
}

/** What a run may do on this machine, for its owner. */
export function confinement({ sandbox, code, network }: Confinement): string {
  if (sandbox) {
    const reach = network ? "the network only if their job says so" : "no network";
    return `runs are in a sandbox: no home, no keys, no other processes, ${reach}`;
  }
  if (!code) return "no job gets programs executed here (--no-code)";
  return "runs can do anything you can here, such as read this worker's key; --sandbox or --no-code prevents that";
}
