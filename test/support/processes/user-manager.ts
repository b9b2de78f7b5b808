import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { childrenOf } from "../../../shared/machine/process-tree.ts";
import { atEnd, mustEnd } from "../cleanup.ts";
import { eventually } from "../patience.ts";

/**
 * Gives systemd its own cgroup tree, an empty /run and its own process list, so that it believes it booted this
 * machine. As process 1 it would be the system's manager.
 */
const start = (cgroup: string, folder: string): string => `set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user
mkdir -m 700 ${folder}/runtime
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/${cgroup}/manager
echo $$ > /sys/fs/cgroup/${cgroup}/manager/cgroup.procs
${systemd} --user --log-target=console &
wait`;

const systemd = "/usr/lib/systemd/systemd";

/**
 * A real `systemd --user` in its own namespaces, which believes that systemd booted this machine. It touches none of
 * the machine's services. Needs root.
 */
export class UserManager {
  readonly #child: ChildProcess;
  readonly #environment: NodeJS.ProcessEnv;
  #log = "";

  /** @param environment  of the user who asks for services; its HOME is theirs */
  constructor(environment: NodeJS.ProcessEnv, folder: string) {
    const cgroup = `nexus-test-${process.pid}`;
    this.#environment = { ...environment, XDG_RUNTIME_DIR: `${folder}/runtime` };
    // As a login would set it: without this test's NODE_OPTIONS, which makes programs train at normal priority.
    const { NODE_OPTIONS: _, ...clean } = this.#environment;
    this.#child = spawn(
      "unshare",
      ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", start(cgroup, folder)],
      { env: clean, stdio: ["ignore", "pipe", "pipe"] },
    );
    mustEnd(this.#child.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
    }
    atEnd(async () => {
      await this.end();
      // The namespace's other processes end a moment after its first.
      await eventually("its cgroups are gone", () => removeCgroup(cgroup), { everyMs: 50 });
    });
  }

  async started(): Promise<void> {
    const isUp = (): boolean => /^(running|degraded)/.test(this.systemctl("is-system-running"));
    await eventually("systemd's user manager runs", () => this.#first() !== undefined && isUp(), {
      everyMs: 50,
      seen: () => this.#log,
    });
  }

  /** Words to put before a command so that it runs among the manager's processes. */
  get prefix(): string[] {
    return ["nsenter", "--target", String(this.#first()), "--mount", "--pid", "--"];
  }

  get environment(): NodeJS.ProcessEnv {
    return this.#environment;
  }

  /** Output of `systemctl --user`. */
  systemctl(...words: string[]): string {
    return this.run("systemctl", "--user", ...words);
  }

  run(...words: string[]): string {
    const [command = "", ...rest] = [...this.prefix, ...words];
    const { stdout, stderr } = spawnSync(command, rest, { encoding: "utf8", env: this.#environment });
    return `${stdout}${stderr}`;
  }

  get log(): string {
    return this.#log;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  /** The first process of the namespace. */
  #first(): number | undefined {
    if (this.#child.exitCode !== null) throw new Error(`unshare ended: ${this.#log}`);
    return childrenOf(this.#child.pid ?? 0)[0];
  }
}

/** Removes the cgroups that systemd made for its services; false while they hold processes. */
function removeCgroup(name: string): boolean {
  const folder = `/sys/fs/cgroup/${name}`;
  const remove = `mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && { [ ! -d ${folder} ] || find ${folder} -depth -type d -exec rmdir {} +; }`;
  return spawnSync("unshare", ["--mount", "sh", "-c", remove]).status === 0;
}
