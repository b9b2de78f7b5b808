import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { UsageError } from "../../../../shared/errors.ts";
import { peers } from "./peers.ts";

/** The minor version of the oldest Python 3 that all packages support. */
const leastMinor = 11;

/**
 * A Python environment with these peers' packages, made on first use in `$XDG_CACHE_HOME/nexus-swarm/bench-peers`
 * (~/.cache if that is not set) and kept.
 *
 * @param say  called with progress lines, and with peers that could not be installed
 * @returns its Python, and the installed peers
 * @throws UsageError if there is no suitable Python, or python3 -m venv fails
 */
export function preparePeers(
  searches: readonly string[],
  say: (line: string) => void,
): { readonly python: string; readonly ready: readonly string[] } {
  const folder = join(cacheFolder(), "nexus-swarm", "bench-peers");
  const python = join(folder, "bin", "python");
  if (!existsSync(python) || spawnSync(python, ["--version"]).status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    say(`making a Python environment in ${folder}`);
    const made = spawnSync(basePython(), ["-m", "venv", folder], { stdio: ["ignore", 2, 2] });
    if (made.status !== 0)
      throw new UsageError("python3 -m venv failed; on Debian and Ubuntu it needs: apt install python3-venv");
  }
  const ready = searches.filter((search) => {
    const packages = peers[search]?.packages ?? [];
    const marker = join(folder, `ready-${packages.join("-").replaceAll(/[^a-z0-9.=-]/g, "")}`);
    if (existsSync(marker)) return true;
    say(`installing ${packages.join(", ")} for ${search}; this can take minutes`);
    const installed = spawnSync(python, ["-m", "pip", "install", "--quiet", "--no-input", ...packages], {
      stdio: ["ignore", 2, 2],
    });
    if (installed.status === 0) writeFileSync(marker, "");
    else say(`${search} is left out: pip could not install ${packages.join(", ")} (its words are above)`);
    return installed.status === 0;
  });
  return { python, ready };
}

/** A suitable Python. @throws UsageError that says what is needed, if there is none */
function basePython(): string {
  for (const name of ["python3", "python3.13", "python3.12", "python3.11"]) {
    const { stdout, status } = spawnSync(name, ["-c", "import sys; print(*sys.version_info[:2])"], {
      encoding: "utf8",
    });
    const [major = 0, minor = 0] = (status === 0 ? stdout : "").trim().split(" ").map(Number);
    if (major === 3 && minor >= leastMinor) return name;
  }
  throw new UsageError(`--peers: found no python3 of version 3.${leastMinor} or newer on the PATH; install one first`);
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME: cache } = process.env;
  return cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), ".cache");
}
