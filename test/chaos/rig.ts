import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { livingEndpoint } from "../../coordinator/endpoint/endpoint.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { identify } from "../../shared/machine/process-identity.ts";
import { type WorkspacePaths, workspacePaths } from "../../shared/machine/workspace.ts";
import { pause } from "../../shared/time/deadline.ts";
import { TcpProxy } from "../support/broker/proxy.ts";
import { processesNaming } from "../support/process-list.ts";
import { signalTo, Victim } from "./victims.ts";

const startLimitMs = 240_000;

/** A swarm of real processes in its own folder: two coordinators, and workers behind a proxy each. */
export class Rig {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "nexus-chaos-")));
  readonly paths: WorkspacePaths;
  readonly coordinators: readonly Victim[];
  readonly workers: { readonly victim: Victim; readonly proxy: TcpProxy }[] = [];
  readonly #env: NodeJS.ProcessEnv;

  constructor(leaseSeconds: number) {
    const { folder } = this;
    this.#env = {
      ...process.env,
      HOME: folder,
      XDG_DATA_HOME: join(folder, "data"),
      XDG_STATE_HOME: join(folder, "state"),
      XDG_CONFIG_HOME: join(folder, "config"),
    };
    this.paths = workspacePaths("ws1", this.#env);
    const args = ["--headless", "--linger", "20", "--lease", String(leaseSeconds)];
    this.coordinators = ["north", "south"].map(
      (name) => new Victim(name, "coordinator/main.js", () => args, folder, this.#env),
    );
  }

  /** Starts the first coordinator and, once it leads, the other. */
  async lead(): Promise<void> {
    const [first, ...others] = this.coordinators;
    first?.start();
    await until("a coordinator leads", startLimitMs, async () => livingEndpoint(this.paths));
    for (const each of others) each.start();
  }

  async addWorker(name: string, slots: number, flags: readonly string[] = []): Promise<Victim> {
    const line = livingEndpoint(this.paths)?.joinLine;
    if (line === undefined) throw new Error("no coordinator leads");
    const proxy = await TcpProxy.start(() => runningBroker(this.paths)?.port ?? 1);
    const own = line.replace(/:\d+\//, `:${proxy.port}/`);
    const args = [own, "--name", name, "--slots", String(slots), ...flags];
    const victim = new Victim(name, "worker/main.js", () => args, this.folder, this.#env);
    this.workers.push({ victim, proxy });
    victim.start();
    return victim;
  }

  /** Unexpected ends of processes. */
  fell(): string[] {
    return [...this.coordinators, ...this.workers.map(({ victim }) => victim)].flatMap(({ fell }) => fell);
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map(({ victim }) => victim.end(10_000)));
    await Promise.all(this.coordinators.map((each) => each.end(10_000)));
    for (const { proxy } of this.workers) await proxy.close();
    await endRest(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The condition's value, once it has one; errors count as none: the broker may be away. Fails after `limitMs`. */
export async function until<T>(
  what: string,
  limitMs: number,
  condition: () => Promise<T | undefined | false>,
): Promise<T> {
  const limit = performance.now() + limitMs;
  let trouble = "";
  while (performance.now() < limit) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
    await pause(200);
  }
  throw new Error(`not within ${limitMs / 1000} s: ${what}${trouble === "" ? "" : ` (${trouble})`}`);
}

/** Kills processes that name the folder: what a killed program left, such as a guard, its server or a runner. */
async function endRest(folder: string): Promise<void> {
  const limit = performance.now() + 5000;
  const isThere = (): boolean => processesNaming(folder).length > 0;
  while (isThere() && performance.now() < limit) await pause(50);
  for (const { pid } of processesNaming(folder)) {
    const identity = identify(pid);
    if (identity) signalTo(identity, "SIGKILL");
  }
  // Until then they may still write into it.
  await until("nothing of it runs", startLimitMs, async () => !isThere());
}
