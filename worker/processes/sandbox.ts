/**
 * A view of the machine in which a runner may do as it likes (bubblewrap, Linux). The system and this program can be
 * read; the folders of its job can be written; there is no home, no other process, and no network unless the job asks
 * for it. What runs there ends with its worker.
 *
 * A folder that can be written is a mount of its own there, which no program can replace by a link. The worker looks
 * into the folders of a hostile run only when nothing runs in its sandbox any more.
 */

import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { packageRoot } from "../../shared/components/component-defaults.ts";
import { UsageError } from "../../shared/errors.ts";
import { programOnPath } from "../../shared/machine/program-on-path.ts";
import { sandboxMark } from "./leftovers.ts";

/** The descriptor on which bubblewrap says which process is the first inside. */
export const infoDescriptor = 4;

/** What one runner gets. */
export interface Room {
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  readonly network: boolean;
  /** Whether it may open the GPUs: all or none, since a driver wants more files than that of one GPU. */
  readonly gpus: boolean;
  /** Its working folder; left out: `/`. */
  readonly cwd?: string;
}

export interface SandboxOptions {
  /** Paths that the owner lets runs read, and those of the owner's Python environment. */
  readonly readable: readonly string[];
  /** Folders and files with keys and passwords, which no readable path may reveal. */
  readonly hidden: readonly string[];
}

const system = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/opt",
  "/nix/store",
  "/gnu/store",
  "/sys",
];
/** From /etc only what programs look up: it also holds passwords, and keys of services. */
const settings = [
  ...["passwd", "group", "nsswitch.conf", "host.conf", "hosts", "resolv.conf", "gai.conf", "protocols", "services"],
  ...["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "locale.alias"],
  ...["ssl/certs", "ssl/openssl.cnf", "pki/tls/certs", "pki/ca-trust", "ca-certificates", "fonts", "mime.types"],
  ...["os-release", "OpenCL", "vulkan", "glvnd", "python3"],
].map((name) => `/etc/${name}`);
const devices = /^(nvidia.*|dri|kfd|dxg)$/;

export class Sandbox {
  readonly #options: SandboxOptions;
  /** Started by path: a setup could put a `bwrap` of its own into its environment, whose programs come first on its PATH. */
  readonly #bubblewrap: string;

  private constructor(options: SandboxOptions, bubblewrap: string) {
    this.#options = options;
    this.#bubblewrap = bubblewrap;
  }

  /** @throws UsageError with what to install or type, if no sandbox can be made here */
  static open({ readable, hidden }: SandboxOptions): Sandbox {
    if (process.platform !== "linux") throw new UsageError("--sandbox: there is one on Linux only");
    const real = hidden.map(realPath);
    const paths = readable.map((path) => readablePath(path, real));
    const bubblewrap = programOnPath("bwrap", process.env["PATH"]);
    if (bubblewrap === undefined) {
      throw new UsageError(
        "--sandbox: there is no bubblewrap (bwrap) in PATH\n" +
          "  Debian, Ubuntu: apt-get install bubblewrap    Fedora: dnf install bubblewrap    Arch: pacman -S bubblewrap",
      );
    }
    const sandbox = new Sandbox({ readable: paths, hidden: real }, bubblewrap);
    const [command = "", ...words] = sandbox.around([process.execPath, "-e", ""], {
      writable: [],
      readable: [],
      network: false,
      gpus: true,
    });
    const { error, status, stderr } = spawnSync(command, words, { encoding: "utf8", timeout: 60_000 });
    if (error || status !== 0) {
      const said = (stderr.trim() || error?.message || `exit code ${status}`).slice(-400);
      throw new UsageError(`--sandbox: bubblewrap cannot make one here: ${said}\n${whatHelps()}`);
    }
    return sandbox;
  }

  /** The command that starts `command` inside. @param more  further options of bubblewrap */
  around(command: readonly string[], room: Room, more: readonly string[] = []): string[] {
    return [this.#bubblewrap, ...this.#bounds(room), ...more, "--", ...command];
  }

  /** The environment inside: its home and temporary files are its own. */
  environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return { ...env, HOME: "/tmp/home", TMPDIR: "/tmp", [sandboxMark]: "1" };
  }

  #bounds({ writable, readable, network, gpus, cwd = "/" }: Room): string[] {
    const { hidden } = this.#options;
    const shown = [...new Set([...this.#options.readable, ...readable])];
    return [
      ...["--unshare-all", ...(network ? ["--share-net"] : []), "--die-with-parent", "--cap-drop", "ALL"],
      ...[...system, ...settings].flatMap(readOnly),
      ...["--proc", "/proc", "--dev", "/dev"],
      ...(gpus ? gpuFiles() : []).flatMap((path) => ["--dev-bind-try", path, path]),
      ...["--tmpfs", "/tmp", "--dir", "/tmp/home", "--symlink", "/tmp", "/var/tmp", "--dir", "/run"],
      ...programFiles().flatMap(readOnly),
      ...shown.flatMap((path) => shownAs(path, shown)),
      // After what contains them (as a Python in ~/.local may), before what a run may see inside them.
      ...masks(hidden, [...shown, ...system, ...programFiles()]),
      ...readable.filter((path) => isBelowAny(realPath(path), hidden)).flatMap(readOnly),
      ...writable.flatMap((folder) => ["--bind", folder, folder]),
      ...["--chdir", cwd],
    ];
  }
}

/**
 * Covers each hidden path wherever one of these folders shows it. A folder that is reached by links is mounted where it is
 * named, and what lies in it is seen there. Nothing can be covered, or needs to be, before it is there.
 *
 * @param hidden  real paths
 */
function masks(hidden: readonly string[], folders: readonly string[]): string[] {
  const covers = new Map<string, string[]>();
  for (const path of hidden) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) continue;
    for (const folder of folders.filter((each) => !staysLink(each) && isBelowAny(path, [each]))) {
      const seen = join(folder, relative(realPath(folder), path));
      covers.set(seen, found.isFile() ? ["--ro-bind", "/dev/null", seen] : ["--tmpfs", seen]);
    }
  }
  return [...covers.values()].flat();
}

/** A link of the system itself (/lib -> usr/lib) stays one; what it leads to is shown under its own name, or not at all. */
const staysLink = (path: string): boolean =>
  system.includes(path) && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function readOnly(path: string): string[] {
  if (!lstatSync(path, { throwIfNoEntry: false })) return [];
  return staysLink(path) ? ["--symlink", readlinkSync(path), path] : ["--ro-bind-try", path, path];
}

/** A link to a program that is shown too stays a link: a Python finds its library beside the place where it really lies. */
function shownAs(path: string, shown: readonly string[]): string[] {
  const real = realPath(path);
  const others = [...system, ...shown].filter((each) => each !== path);
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() && lstatSync(real).isFile();
  if (!isLink || !others.some((each) => realPath(each) === each && isBelowAny(real, [each]))) return readOnly(path);
  return others.some((each) => !relative(each, path).startsWith("..")) ? [] : ["--symlink", real, path];
}

const gpuFiles = (): string[] =>
  readdirSync("/dev")
    .filter((name) => devices.test(name))
    .map((name) => `/dev/${name}`);

/** Node, this program, and the packages that it imports, wherever they are installed. */
function programFiles(): string[] {
  const root = packageRoot();
  const own = ["dist", "worker", "shared", "package.json", "python/src"].map((name) => join(root, name));
  const packages: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    packages.push(join(folder, "node_modules"));
    if (folder === dirname(folder)) break;
  }
  return [process.execPath, ...own, ...packages].filter((path) => existsSync(path));
}

function readablePath(given: string, hidden: readonly string[]): string {
  const path = resolve(given);
  if (!existsSync(path)) throw new UsageError(`--sandbox-ro ${given}: there is no such file or folder`);
  const holds = hidden.find((folder) => isBelowAny(realPath(path), [folder]));
  if (holds === undefined) return path;
  throw new UsageError(`--sandbox-ro ${given}: it lies in ${holds}, which holds the keys that a sandbox is to hide`);
}

const isBelowAny = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => {
    const rest = relative(realPath(folder), path);
    return rest === "" || (!rest.startsWith("..") && !isAbsolute(rest));
  });

/** Of what is not there yet, the real path of the folder that will hold it. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const above = dirname(absolute);
    return above === absolute ? absolute : join(realPath(above), basename(absolute));
  }
}

/** What to type if the system forbids sandboxes, for the usual reasons. */
function whatHelps(): string {
  const setting = (name: string): string => {
    try {
      return readFileSync(`/proc/sys/${name}`, "utf8").trim();
    } catch {
      return "";
    }
  };
  if (setting("kernel/unprivileged_userns_clone") === "0")
    return "  this system forbids it to users; as root: sysctl -w kernel.unprivileged_userns_clone=1";
  if (setting("kernel/apparmor_restrict_unprivileged_userns") === "1")
    return "  AppArmor forbids it here; as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or a profile for bwrap";
  return "  in a container: docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or start the worker outside";
}
