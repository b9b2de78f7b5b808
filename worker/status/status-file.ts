import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJsonFields } from "../../shared/machine/secret-file.ts";
import type { InHand } from "../node/told/what-runs.ts";
import { dayOf, type OwnStatus } from "./worker-status.ts";

const fileName = "status.json";

/** The file is written at most this often: runs may be short, and the disk is the owner's. */
const everyMs = 1000;

export interface StatusFilePorts {
  /** Wall clock, milliseconds. */
  wall(): number;
  /** Calls `act` once, after `ms`; must not keep the process alive. */
  after(ms: number, act: () => void): void;
  /** What the worker has in hand at this moment. */
  now(): Pick<OwnStatus, "slots" | "jobs" | "withheld" | "promises">;
  /** Called once, when the file cannot be written. */
  onTrouble(error: unknown): void;
}

export type Fixed = Pick<OwnStatus, "worker" | "workspace" | "server" | "pid" | "hasTerminal" | "givesWay">;

/** Keeps `status.json` in a worker's folder, mode 0600, up to date with what it does. */
export class StatusFile {
  readonly #path: string;
  readonly #ports: StatusFilePorts;
  readonly #fixed: Fixed;
  readonly #startedAt: number;
  #done: number;
  #day: string;
  #waits = "";
  #isDue = false;
  #isBroken = false;

  constructor(stateDir: string, fixed: Fixed, ports: StatusFilePorts) {
    this.#path = join(stateDir, fileName);
    this.#ports = ports;
    this.#fixed = fixed;
    this.#startedAt = ports.wall();
    this.#day = dayOf(this.#startedAt);
    const before = readStatus(stateDir);
    this.#done = before?.day === this.#day ? before.done : 0;
  }

  get status(): OwnStatus {
    const wall = this.#ports.wall();
    return {
      ...this.#fixed,
      ...this.#ports.now(),
      startedAt: this.#startedAt,
      writtenAt: wall,
      done: this.#day === dayOf(wall) ? this.#done : 0,
      day: dayOf(wall),
      waits: this.#waits,
    };
  }

  /** A run has ended. */
  ended(): void {
    const today = dayOf(this.#ports.wall());
    this.#done = today === this.#day ? this.#done + 1 : 1;
    this.#day = today;
    this.changed();
  }

  /** Why it gets no run, or cannot work; "" if it does. */
  waits(why: string): void {
    if (why === this.#waits) return;
    this.#waits = why;
    this.changed();
  }

  /** Something changed: the file is written soon, once for all that changes until then. */
  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#ports.after(everyMs, () => {
      this.#isDue = false;
      this.write();
    });
  }

  write(): void {
    const temporary = `${this.#path}.tmp`;
    try {
      // Not synced, unlike keys: after a power cut nobody asks what a worker did.
      writeFileSync(temporary, `${JSON.stringify(this.status)}\n`, { mode: 0o600 });
      renameSync(temporary, this.#path);
    } catch (error) {
      if (!this.#isBroken) this.#ports.onTrouble(error);
      this.#isBroken = true;
      rmSync(temporary, { force: true });
    }
  }
}

/** What a worker's file says; undefined if there is none, or it holds something else. */
export function readStatus(stateDir: string): OwnStatus | undefined {
  const fields = readJsonFields(join(stateDir, fileName));
  const text = (name: string): string => String(fields[name] ?? "");
  const whole = (name: string): number => (Number.isFinite(fields[name]) ? Number(fields[name]) : 0);
  if (text("worker") === "" || text("workspace") === "" || whole("pid") === 0) return undefined;
  const jobs = Array.isArray(fields["jobs"]) ? fields["jobs"].flatMap(jobIn) : [];
  const promises = Array.isArray(fields["promises"]) ? fields["promises"].map(String) : [];
  return {
    worker: text("worker"),
    workspace: text("workspace"),
    server: text("server"),
    pid: whole("pid"),
    hasTerminal: fields["hasTerminal"] === true,
    // A worker of an earlier version does not say.
    givesWay: fields["givesWay"] !== false,
    startedAt: whole("startedAt"),
    writtenAt: whole("writtenAt"),
    slots: whole("slots"),
    jobs,
    done: whole("done"),
    day: text("day"),
    waits: text("waits"),
    withheld: text("withheld"),
    promises,
  };
}

function jobIn(value: unknown): InHand[] {
  if (typeof value !== "object" || value === null) return [];
  const { job, what, runs, isLowPriority } = value as Record<string, unknown>; // looked at field by field
  if (typeof job !== "string" || typeof what !== "string" || typeof runs !== "number") return [];
  return [{ job, what, runs, isLowPriority: isLowPriority !== false }];
}
