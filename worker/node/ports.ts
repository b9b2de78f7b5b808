import type { CodeBundle } from "../../shared/domain/code-bundle.ts";
import type { readSpec } from "../../shared/domain/runspec/spec-read.ts";
import type { Log } from "../../shared/log.ts";
import type { Bus, Chance, Clock } from "../../shared/ports.ts";
import type { Runners } from "./runners.ts";
import type { Spool } from "./spool.ts";

/** What a worker's node needs from its program. Each file here names the ports that it uses. */
export interface WorkerPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly runners: Runners;
  readonly spool: Spool;
  /** Replaces `readSpec`: a simulation of ten thousand workers reads each spec once. */
  readonly readSpec?: typeof readSpec;
  /** Unpacks the code of a job and returns its folder. */
  unpackCode(code: CodeBundle): string;
  /** Deletes a folder of runs with everything in it; it may not exist. */
  removeFolder(folder: string): void;
}

export type Ports<Name extends keyof WorkerPorts> = Pick<WorkerPorts, Name>;
