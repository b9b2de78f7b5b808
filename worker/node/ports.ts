import type { CodeBundle } from "../../shared/domain/code-bundle.ts";
import type { readSpec } from "../../shared/domain/runspec/spec-read.ts";
import type { Log } from "../../shared/log.ts";
import type { Bus, Chance, Clock } from "../../shared/ports.ts";
import type { LentGpus } from "../gpus/lent-gpus.ts";
import type { BundleCache } from "../own-code/bundle-cache.ts";
import type { Vitals } from "../processes/vitals.ts";
import type { Environments } from "../setup/environments.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { Runners } from "./runners.ts";
import type { Spool } from "./spool.ts";

/** What a worker's node needs from its program. Each file here names only the ports that it uses. */
export interface WorkerPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly runners: Runners;
  readonly spool: Spool;
  /** Left out: there is always room, as in a simulation. */
  readonly disk?: DiskRoom;
  /** Left out: the worker says nothing about its machine. */
  readonly vitals?: Pick<Vitals, "said">;
  /** Left out: the worker lends no GPUs. */
  readonly gpus?: LentGpus;
  /** Replaces `readSpec`: a simulation of ten thousand workers reads each spec once. */
  readonly readSpec?: typeof readSpec;
  /** Fetches what jobs bring along in pieces; left out: such jobs are for other workers. */
  readonly bundles?: Pick<BundleCache, "hold">;
  /** Makes the environments that jobs want; left out: such jobs are for other workers. */
  readonly environments?: Pick<Environments, "ready">;
  /** Unpacks the code of a job and returns its folder. */
  unpackCode(code: CodeBundle): string;
  /** Deletes a folder of runs with everything in it; it may not exist. */
  removeFolder(folder: string): void;
}

export type Ports<Name extends keyof WorkerPorts> = Pick<WorkerPorts, Name>;
