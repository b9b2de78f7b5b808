import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BrokerError } from "../../errors.ts";
import { cacheFolder, isOnlyOurs } from "../../machine/kept-code.ts";
import { explainLock, takeLock } from "../../machine/lock-file.ts";
import { broughtAlong, checkBrought } from "./brought-server.ts";
import { fetchFromApt, findAptTools } from "./fetch-from-apt.ts";
import { howToInstall, readOperatingSystem } from "./how-to-install.ts";
import { isNewEnough, type NatsServerBinary, oldestVersion, versionOf } from "./nats-server-version.ts";

export interface BinarySearch {
  readonly env?: NodeJS.ProcessEnv;
  /** Searched after PATH: Debian's package installs the program outside the PATH of ordinary users. */
  readonly systemFolders?: readonly string[];
  /** Progress, for people. */
  readonly log?: (line: string) => void;
}

const systemFolders = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/**
 * Finds nats-server: $NATS_SERVER, else what the Python package brought along, PATH, our cache, the system's folders. If it is
 * nowhere, fetches it with apt on Debian and Ubuntu. Several processes may call this at once: one fetches, the others wait for it.
 *
 * @throws BrokerError that says what to install
 */
export async function findNatsServer(search: BinarySearch = {}): Promise<NatsServerBinary> {
  const { env = process.env, log = () => undefined } = search;
  const { NATS_SERVER: chosen } = env;
  if (chosen) return checkChosen(chosen);

  // A folder for each version.
  const cache = join(cacheFolder(env), "nats-server");
  const system = search.systemFolders ?? systemFolders;
  const brought = broughtAlong(env);
  if (brought) await checkBrought(brought, log);
  const folders = [...(brought ? [dirname(brought.path)] : []), ...pathFolders(env), ...cached(cache, env), ...system];
  const found = await firstUsable(folders);
  if (found.usable) return found.usable;
  return await fetchOnce(cache, env, log, found.tooOld);
}

async function checkChosen(path: string): Promise<NatsServerBinary> {
  const version = await versionOf(path);
  if (version === undefined) {
    throw new BrokerError(
      `NATS_SERVER=${path} is not a nats-server that runs here; correct it, or unset it to search for one`,
    );
  }
  if (!isNewEnough(version)) {
    throw new BrokerError(
      `NATS_SERVER=${path} is version ${version}; expected ${oldestVersion} or newer; correct or unset it`,
    );
  }
  return { path, version };
}

async function firstUsable(
  folders: readonly string[],
): Promise<{ usable?: NatsServerBinary; tooOld?: NatsServerBinary }> {
  let tooOld: NatsServerBinary | undefined;
  for (const folder of folders) {
    const path = join(folder, process.platform === "win32" ? "nats-server.exe" : "nats-server");
    if (!isProgram(path)) continue;
    const version = await versionOf(path);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { usable: { path, version } };
    tooOld ??= { path, version };
  }
  return tooOld ? { tooOld } : {};
}

async function fetchOnce(
  cache: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
  tooOld: NatsServerBinary | undefined,
): Promise<NatsServerBinary> {
  const system = readOperatingSystem();
  const tools = system.debianLike ? findAptTools(env) : undefined;
  const found = tooOld ? `found only version ${tooOld.version} (${tooOld.path})` : "found none";
  const sentence = `Nexus needs nats-server ${oldestVersion} or newer and ${found}: ${howToInstall(system)}`;
  if (!tools) throw new BrokerError(sentence);

  mkdirSync(cache, { recursive: true, mode: 0o700 });
  if (!isOnlyOurs(cache, env))
    throw new BrokerError(
      `others can change what is in ${cache}, so no program is kept there: delete it, or set XDG_CACHE_HOME to a folder of your own`,
    );
  const lockPath = join(cache, "fetch.lock");
  for (;;) {
    const attempt = takeLock(lockPath, "a download of nats-server");
    if (attempt.ok) {
      try {
        const { usable } = await firstUsable(cached(cache, env));
        return usable ?? (await fetchFromApt(tools, system.name, cache, log, sentence));
      } finally {
        attempt.lock.release();
      }
    }
    if (attempt.liveness === "elsewhere") throw new BrokerError(explainLock(lockPath, attempt.owner, attempt.liveness));
    await delay(100);
    const { usable } = await firstUsable(cached(cache, env));
    if (usable) return usable;
  }
}

/** Newest version first. What others can change is not started. */
function cached(cache: string, env: NodeJS.ProcessEnv): string[] {
  if (!existsSync(cache) || !isOnlyOurs(cache, env)) return [];
  return readdirSync(cache)
    .filter((name) => /^\d/.test(name))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((name) => join(cache, name));
}

const pathFolders = ({ PATH = "" }: NodeJS.ProcessEnv): string[] => PATH.split(delimiter).filter(isAbsolute);

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
