import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { holdPort } from "../broker/ports.ts";
import { atEnd, mustEnd } from "../cleanup.ts";
import { eventually } from "../patience.ts";

/**
 * A real Slurm of one node on loopback, with its own folders, sockets and key. It gives out more processors than the
 * machine has, tracks processes without cgroups, and schedules at once instead of every few seconds. A program
 * that it tells to end may take long: workers have a grace of 240 s. Needs root and
 * Debian's packages slurmctld, slurmd, slurm-client and munge.
 */
export class Slurm {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #daemons: ChildProcess[] = [];

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.env = { ...env, NEXUS_GRACE: "240s", SLURM_CONF: join(folder, "slurm.conf") };
    atEnd(() => this.end());
  }

  /** @param env  environment of the submitter, which Slurm passes to the jobs */
  static async start(folder: string, env: NodeJS.ProcessEnv): Promise<Slurm> {
    const slurm = new Slurm(folder, env);
    for (const name of ["munge", "state", "spool"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, "munge.key"), randomBytes(64), { mode: 0o600 });
    writeFileSync(join(folder, "slurm.conf"), configuration(folder, await holdPort(), await holdPort()));
    const munge = (name: string): string => join(folder, "munge", name);
    slurm.#daemon("munged", [
      "--foreground",
      "--force",
      `--key-file=${join(folder, "munge.key")}`,
      `--socket=${munge("socket")}`,
      `--pid-file=${munge("pid")}`,
      `--log-file=${munge("log")}`,
      `--seed-file=${munge("seed")}`,
    ]);
    await eventually("munged answers", () => spawnSync("munge", ["-n", "-S", munge("socket")]).status === 0);
    slurm.#daemon("slurmctld", ["-D", "-f", slurm.env["SLURM_CONF"] ?? ""]);
    slurm.#daemon("slurmd", ["-D", "-f", slurm.env["SLURM_CONF"] ?? ""]);
    const isIdle = (): boolean => slurm.try("sinfo", "--noheader", "--format=%T").trim() === "idle";
    await eventually("the node waits for work", isIdle, { everyMs: 50, seen: () => slurm.log() });
    return slurm;
  }

  /** Runs a Slurm command to its end. @throws Error if it fails */
  run(command: string, ...words: string[]): string {
    return execFileSync(command, words, { encoding: "utf8", env: this.env, cwd: this.folder });
  }

  /** Like `run`, but returns "" if the command fails. */
  try(command: string, ...words: string[]): string {
    const { status, stdout } = spawnSync(command, words, { encoding: "utf8", env: this.env });
    return status === 0 ? stdout : "";
  }

  /** The job's state in Slurm's words, such as RUNNING; "" once Slurm has forgotten the job. */
  state(job: string): string {
    return this.try("squeue", "--noheader", "--states=all", "--jobs", job, "--format=%T").trim();
  }

  /**
   * Waits until a requeued task has started again. Slurm would hold it back for two minutes (reason BeginTime, once the
   * task has fully ended), but starts it whenever told to.
   */
  async comesBack(task: string, hasBegun: () => boolean, seen: () => string): Promise<void> {
    let hasWaited = false;
    const look = (): boolean => {
      if (hasBegun()) return true;
      const waits = this.try("squeue", "--noheader", "--jobs", task, "--format=%r").trim() === "BeginTime";
      // Not at the first look: slurmd refuses for ever a task that starts in the second in which it was killed.
      if (waits && hasWaited) this.try("scontrol", "update", `JobId=${task}`, "StartTime=now");
      hasWaited ||= waits;
      return false;
    };
    const all = (): string => `${this.state(task)}\n${seen()}\n${this.log()}`;
    await eventually("the task has come back", look, { everyMs: 2000, seen: all });
  }

  log(): string {
    return ["slurmctld.log", "slurmd.log"].map((name) => readFileSync(join(this.folder, name), "utf8")).join("\n");
  }

  /** Ends its jobs, then its daemons. */
  async end(): Promise<void> {
    if (this.#daemons.length === 0) return;
    this.try("scancel", "--full", "--state=RUNNING");
    this.try("scancel", "--state=PENDING");
    await eventually("no job is left", () => this.try("squeue", "--noheader").trim() === "", { everyMs: 50 });
    for (const daemon of this.#daemons.splice(0).reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const gone = new Promise((resolve) => daemon.once("exit", resolve));
      daemon.kill("SIGTERM");
      await gone;
    }
  }

  #daemon(program: string, words: readonly string[]): void {
    // Debian installs them in folders that are not on everybody's PATH.
    const env = { ...this.env, PATH: `${this.env["PATH"]}:/usr/sbin:/sbin` };
    const daemon = spawn(program, words, { env, stdio: "ignore" });
    mustEnd(daemon.pid);
    this.#daemons.push(daemon);
  }
}

function configuration(folder: string, controllerPort: number, nodePort: number): string {
  const host = hostname().split(".")[0] ?? "";
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=280
MessageTimeout=100
NodeName=${host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=100 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=all Nodes=${host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=0
PartitionName=owners Nodes=${host} MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
`;
}
