import type { CodeBundle } from "../../shared/domain/code-bundle.ts";
import type { readSpec } from "../../shared/domain/runspec/spec-read.ts";
import type { Log } from "../../shared/log.ts";
import type { Bus, Chance, Clock } from "../../shared/ports.ts";
import type { Runners } from "./runners.ts";
import type { Spool } from "./spool.ts";

/** What a worker's node needs of the program that it is part of; each file here names those that it uses. */
export interface WorkerPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly runners: Runners;
  readonly spool: Spool;
  /** Reads a job's spec; left out: as every program does. A simulation of ten thousand workers reads each one once. */
  readonly readSpec?: typeof readSpec;
  /** Puts a job's code where its runs find it; returns the folder. */
  unpackCode(code: CodeBundle): string;
  /** Deletes a folder of runs with all that is in it; there may be none. */
  removeFolder(folder: string): void;
}

export type Ports<Name extends keyof WorkerPorts> = Pick<WorkerPorts, Name>;
