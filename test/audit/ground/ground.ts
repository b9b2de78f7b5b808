import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { inviteUser } from "../../../shared/broker/access/accounts.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { runningBroker } from "../../../shared/broker/server/broker-info.ts";
import { isWorkerId } from "../../../shared/domain/names.ts";
import { type WorkspacePaths, workspacePaths } from "../../../shared/machine/workspace.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { workerIdentity } from "../../../worker/joining/identity.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import { RawClient, type RawCredentials } from "../raw-client.ts";
import { Observer } from "./observer.ts";
import { endRest, type Program, startProgram } from "./programs.ts";
import { type Pulse, pulseOf } from "./pulse.ts";
import { honestSpec } from "./specs.ts";

/**
 * Roles of attackers, and `victim`: never an attacker but a second honest worker, whose connection we can look into.
 */
const roles = ["nobody", "stranger", "joiner", "worker", "benched", "revoked", "viewer", "operator", "victim"] as const;
export type Role = (typeof roles)[number];
export const attackers: readonly Role[] = roles.filter((role) => role !== "victim");

/** The ids of our enrolled workers, by role. */
export const ids = { worker: "mal", benched: "lazy", revoked: "gone", victim: "vic", honest: "hon" } as const;
type WorkerRole = Exclude<keyof typeof ids, "honest">;

const startLimitMs = 240_000;
/** For four runs of a third of a second: a busy machine may take a hundred times as long; only harm waits it out. */
const goOnLimitMs = 240_000;
/** An act may keep the coordinator busy; after this many milliseconds without an answer it counts as lost. */
export const answerLimitMs = 60_000;

/**
 * A workspace under attack: a real broker and coordinator, a real worker that does honest runs all the time, and the
 * credentials of every role. It has its own folder, and `end` removes all of it.
 */
export class Ground {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "nexus-audit-")));
  readonly env: NodeJS.ProcessEnv;
  readonly paths: WorkspacePaths;
  /** Notes that acts leave for their looks, by mark or name. */
  readonly notes = new Map<string, unknown>();
  #coordinator: Program | undefined;
  #worker: Program | undefined;
  #observer: Observer | undefined;
  readonly #seeds = new Map<Role, string>();
  readonly #open = new Map<Role, RawClient>();
  readonly #opening = new Map<Role, Promise<RawClient>>();
  readonly #startArgs: readonly string[];

  constructor(startArgs: readonly string[] = []) {
    const { folder } = this;
    this.env = {
      ...process.env,
      NEXUS_PRIORITY: "normal",
      HOME: folder,
      XDG_DATA_HOME: join(folder, "data"),
      XDG_STATE_HOME: join(folder, "state"),
      XDG_CONFIG_HOME: join(folder, "config"),
    };
    this.paths = workspacePaths("ws1", this.env);
    this.#startArgs = startArgs;
  }

  /** Starts everything, with the honest worker at work and all roles enrolled. */
  async start(): Promise<void> {
    await this.lead();
    for (const role of ["worker", "victim", "benched", "revoked"] as const) await this.enrol(role);
    await this.command(["run", this.write("honest.yaml", honestSpec(this.folder))]);
    this.startWorker();
    const benched = await this.command(["bench", ids.benched]);
    if (benched.code !== 0) throw new Error(`could not bench: ${benched.output}`);
    const revoked = await this.command(["workers", "revoke", ids.revoked, "--yes"]);
    if (revoked.code !== 0) this.notes.set("not revoked", revoked.output);
    await this.runsToGoOn();
  }

  /** Starts a coordinator, with its broker if that is down, and observes from then on. */
  async lead(): Promise<void> {
    const args = ["--headless", "--linger", "30", ...this.#startArgs];
    const program = startProgram("coordinator/main.js", args, this.folder, this.env);
    this.#coordinator = program;
    await this.until("a coordinator leads", () => {
      if (program.exitCode !== undefined) throw new Error(`the coordinator ended: ${program.output()}`);
      return livingEndpoint(this.paths)?.coordinator.pid === program.pid;
    });
    await this.#observer?.stop();
    this.#observer = await Observer.start(this.paths, this.broker);
  }

  startWorker(): void {
    const args = [this.joinLine, "--name", ids.honest, "--slots", "2", "--target", "honest"];
    this.#worker = startProgram("worker/main.js", args, this.folder, this.env);
  }

  get worker(): Program {
    if (!this.#worker) throw new Error("no worker was started");
    return this.#worker;
  }

  get coordinator(): Program {
    if (!this.#coordinator) throw new Error("no coordinator was started");
    return this.#coordinator;
  }

  get observer(): Observer {
    if (!this.#observer) throw new Error("nobody looks on yet");
    return this.#observer;
  }

  get broker(): { readonly url: string; readonly port: number; readonly serverPid: number } {
    const info = runningBroker(this.paths);
    if (!info) throw new Error("no broker runs");
    return { url: info.url, port: info.port, serverPid: info.server?.pid ?? 0 };
  }

  get joinLine(): string {
    const line = livingEndpoint(this.paths)?.joinLine;
    if (line === undefined) throw new Error("no coordinator leads, so there is no join line");
    return line;
  }

  pulse(): Pulse {
    return pulseOf(this.coordinator.pid, this.paths.coordinatorLog);
  }

  /** The role's connection; a new one if there is none open. */
  async as(role: Role): Promise<RawClient> {
    const before = this.#open.get(role);
    if (before && !before.isClosed) return before;
    const opening = this.#opening.get(role) ?? RawClient.connect(this.broker.port, this.credentials(role));
    this.#opening.set(role, opening);
    const client = await opening;
    this.#opening.delete(role);
    this.#open.set(role, client);
    return client;
  }

  /** A new connection, for an act that may lose it. */
  async fresh(role: Role, more: Readonly<Record<string, unknown>> = {}): Promise<RawClient> {
    return RawClient.connect(this.broker.port, { ...this.credentials(role), more });
  }

  credentials(role: Role): RawCredentials {
    switch (role) {
      case "nobody":
        return {};
      case "stranger":
        return { user: "coordinator", pass: "guessed" };
      case "joiner":
        return { seed: inviteKey(parseJoinLine(this.joinLine).code).seed };
      case "viewer":
      case "operator": {
        const { user, password } = readRoleSecret(this.paths, role);
        return { user, pass: password };
      }
      default: {
        const seed = this.#seeds.get(role);
        if (seed === undefined) throw new Error(`${role} is not enrolled`);
        return { seed };
      }
    }
  }

  /** The inbox that a role may hear. */
  inbox(role: Role): string {
    if (role === "joiner") return `_INBOX_${inviteUser(inviteKey(parseJoinLine(this.joinLine).code).id)}`;
    return `_INBOX_${role === "viewer" || role === "operator" ? role : this.idOf(role)}`;
  }

  idOf(role: Role): string {
    return role in ids ? ids[role as WorkerRole] : role;
  }

  async enrol(role: WorkerRole): Promise<void> {
    const name = ids[role];
    if (!isWorkerId(name)) throw new RangeError(name);
    const line = parseJoinLine(this.joinLine);
    const { nkeySeed } = await workerIdentity(join(this.folder, "attackers", name), name, line, () => undefined);
    this.#seeds.set(role, nkeySeed);
  }

  /** Runs `nexus` with these words. */
  async command(
    words: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ readonly code: number; readonly output: string }> {
    const program = startProgram("coordinator/cli/main.js", words, this.folder, { ...this.env, ...env });
    const code = await program.finished();
    return { code, output: program.output() };
  }

  /** Writes a file into the ground's folder; returns its path. */
  write(name: string, text: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  log(): string {
    return readFileSync(this.paths.coordinatorLog, "utf8");
  }

  /** Waits until everything sent before has been handled: two round trips for each listener. */
  async settle(): Promise<void> {
    for (const client of this.#open.values()) await client.sync();
    // Each stream stores messages through its own queue; its answer comes after them.
    await this.observer.streams();
    await this.observer.flush();
    for (const client of this.#open.values()) await client.sync();
    await this.observer.flush();
  }

  /**
   * Whether the honest worker delivers two results in that time, besides those of the runs that it may have in hand.
   */
  async runsToGoOn(limitMs = goOnLimitMs): Promise<boolean> {
    const ended = async (): Promise<number> => {
      const subjects = await this.observer.subjects("EV", `ev.${ids.honest}.*.*.result`);
      return Object.keys(subjects).length;
    };
    // Its two slots may each have a run in hand already.
    const before = (await ended()) + 3;
    return this.#within(limitMs, async () => (await ended()) > before);
  }

  async until(what: string, condition: () => boolean | Promise<boolean>, limitMs = startLimitMs): Promise<void> {
    if (!(await this.#within(limitMs, condition))) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
  }

  async #within(limitMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
    const limit = performance.now() + limitMs;
    while (performance.now() < limit) {
      if (await condition()) return true;
      await pause(20);
    }
    return false;
  }

  async end(): Promise<void> {
    for (const client of this.#open.values()) client.end();
    await this.#observer?.stop();
    await endRest(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
