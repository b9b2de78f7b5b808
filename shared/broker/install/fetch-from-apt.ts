import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { BrokerError, messageOf } from "../../errors.ts";
import { isNewEnough, type NatsServerBinary, versionOf } from "./nats-server-version.ts";

/** Paths of the two programs that fetch and unpack a Debian package, and the environment to run them in. */
interface AptTools {
  readonly aptGet: string;
  readonly dpkg: string;
  readonly env: NodeJS.ProcessEnv;
}

export function findAptTools(env: NodeJS.ProcessEnv): AptTools | undefined {
  const { PATH = "" } = env;
  const folders = [...PATH.split(delimiter).filter(isAbsolute), "/usr/bin", "/bin"];
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  const aptGet = find("apt-get");
  const dpkg = find("dpkg");
  return aptGet && dpkg ? { aptGet, dpkg, env } : undefined;
}

/**
 * Downloads Debian's package of nats-server and unpacks it into `<cache>/<version>/`, without root and without changing the
 * system: lists and downloads go to our own folder. A rename puts the whole program into the cache. The caller holds the
 * cache's lock.
 *
 * @param sentence  what a person can do instead; the end of the error when this fails
 */
export async function fetchFromApt(
  tools: AptTools,
  systemName: string,
  cache: string,
  log: (line: string) => void,
  sentence: string,
): Promise<NatsServerBinary> {
  log(`fetching nats-server from ${systemName} (about 15 MB)...`);
  // Left by a killed download; nobody else works here while the caller holds the lock.
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith("fetch-"))) {
    rmSync(join(cache, name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(cache, "fetch-"));
  try {
    const package_ = await download(tools, folder);
    const unpacked = join(folder, "unpacked");
    const failure = await run(tools, "dpkg", ["-x", package_, unpacked], folder);
    if (failure !== undefined) throw new Error(failure);
    const program = join(unpacked, "usr", "sbin", "nats-server");
    const version = await versionOf(program);
    if (version === undefined) throw new Error(`${package_} holds no nats-server that runs here`);
    if (!isNewEnough(version)) throw new Error(`${systemName} has only version ${version}`);

    const home = join(cache, version);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const path = join(home, "nats-server");
    chmodSync(program, 0o700);
    renameSync(program, path);
    log(`nats-server ${version} is now in ${home}`);
    return { path, version };
  } catch (cause) {
    const why = messageOf(cause).trim();
    throw new BrokerError(`nats-server could not be fetched (${why}); ${sentence}`, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function download(tools: AptTools, folder: string): Promise<string> {
  for (const part of ["lists/partial", "archives/partial"]) mkdirSync(join(folder, part), { recursive: true });
  const options = [
    `Dir::State=${folder}`,
    `Dir::State::lists=${join(folder, "lists")}`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${join(folder, "archives")}`,
    // As root, apt would switch to user _apt, who cannot enter our folder.
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "Acquire::Retries=2",
  ].flatMap((option) => ["-o", option]);
  // One of several sources is often unreachable, which need not matter. So the update's complaint counts only if the package
  // cannot be downloaded then: apt itself would say no more than "Unable to locate package".
  const complaint = await run(tools, "aptGet", [...options, "-q", "update"], folder);
  const failure = await run(tools, "aptGet", [...options, "-q", "download", "nats-server"], folder);
  if (failure !== undefined) throw new Error(complaint ?? failure);
  const found = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (!found) throw new Error("apt-get downloaded nothing");
  return join(folder, found);
}

/** Runs a program to its end. @returns its first complaint if it failed, or if an update only warned; else undefined */
async function run(
  tools: AptTools,
  program: "aptGet" | "dpkg",
  args: readonly string[],
  cwd: string,
): Promise<string | undefined> {
  const { PATH = "" } = tools.env;
  // dpkg and apt look for their helpers in folders that are often not on a user's PATH.
  const env = { ...tools.env, LC_ALL: "C", PATH: `${PATH}:/usr/sbin:/usr/bin:/sbin:/bin` };
  const firstComplaint = (stderr: string): string | undefined =>
    stderr.split("\n").find((line) => /^(E|W|Err|dpkg)\b.*:/.test(line));
  try {
    const { stderr } = await promisify(execFile)(tools[program], args, {
      cwd,
      env,
      timeout: 300_000,
      maxBuffer: 16_000_000,
    });
    return args.at(-1) === "update" ? firstComplaint(stderr) : undefined;
  } catch (cause) {
    const { stderr = "", message } = cause as { stderr?: string; message: string };
    return firstComplaint(stderr) ?? message;
  }
}
