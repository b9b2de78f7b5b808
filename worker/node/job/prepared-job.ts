import type { PiecedBundle } from "../../../shared/domain/code-bundle.ts";
import { unfitMinutes } from "../../../shared/domain/fitting.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import type { JobSettings } from "../../../shared/domain/runspec/job-settings.ts";
import { messageOf } from "../../../shared/errors.ts";
import { BusError, type EndSignal } from "../../../shared/ports.ts";
import type { Ending } from "../../../shared/time/ending.ts";
import type { Assignment } from "../../../shared/wire/messages.ts";
import { mostUnfit, mostUnfitWhy, type Unfit } from "../../../shared/wire/unfit.ts";
import type { RunTask } from "../../runner/protocol.ts";
import { type HeldEnvironment, SetupFailure, type SetupWish } from "../../setup/environments.ts";
import type { Ports } from "../ports.ts";
import type { KnownJob } from "./known-job.ts";
import { gpuRefusal, refusalOf } from "./refusal.ts";

/** Most characters of a setup's output that are passed on. */
const mostConsole = 8000;

/** What a job's runs find here besides their own folders. */
export type JobFolders = Pick<RunTask, "codeFolder" | "inputsFolder" | "environment">;

/** What became of a job's preparation for one run. */
export interface PreparedJob {
  /** What it brings along is here, until `release`. */
  readonly folders: JobFolders;
  /** Why the run cannot be executed here; "" if it can. */
  readonly why: string;
  /** What was printed meanwhile, for the run's console. */
  readonly console: string;
  /** It was not even tried: a coordinator that gives such a run will give the next one too. */
  readonly isRefused: boolean;
  release(): void;
}

const nothing: PreparedJob = {
  folders: { codeFolder: null, inputsFolder: null, environment: null },
  why: "",
  console: "",
  isRefused: false,
  release: () => undefined,
};

/** Prepares what jobs bring along. Remembers the jobs for which that failed here: their runs go to other workers. */
export class PreparedJobs {
  readonly #ports: Ports<"unpackCode" | "bundles" | "environments" | "gpus" | "clock" | "log">;
  readonly #noCode: boolean;
  readonly #signal: EndSignal;
  readonly #unfit = new Map<JobName, { readonly why: string; readonly until: number }>();

  /**
   * @param noCode  code that jobs bring is not even fetched
   * @param signal  gives up what is under way
   */
  constructor(
    ports: Ports<"unpackCode" | "bundles" | "environments" | "gpus" | "clock" | "log">,
    noCode: boolean,
    signal: EndSignal,
  ) {
    this.#ports = ports;
    this.#noCode = noCode;
    this.#signal = signal;
  }

  /** Jobs that this worker does not try again yet. */
  get unfit(): readonly Unfit[] {
    const now = this.#ports.clock.monotonic();
    for (const [job, { until }] of this.#unfit) if (until <= now) this.#unfit.delete(job);
    return [...this.#unfit].slice(-mostUnfit).map(([job, { why }]) => ({ job, why: why.slice(0, mostUnfitWhy) }));
  }

  /**
   * What the job brings along, on this machine; or why the run cannot be executed here. Runs that need the same share the work,
   * so it continues when one of them no longer needs it.
   *
   * @param unwanted  when it aborts, this resolves at once, with nothing
   */
  async prepare(known: KnownJob, assignment: Assignment, unwanted: Ending): Promise<PreparedJob> {
    const { job } = assignment;
    const refusal =
      (this.#noCode ? refusalOf(known, assignment) : null) ??
      gpuRefusal(known, this.#ports.gpus) ??
      this.unfit.find((each) => each.job === job)?.why;
    if (refusal !== undefined) return { ...nothing, why: refusal, isRefused: true };
    const { setup, python } = known.spec.settings;
    if (!known.bringsCode && !known.brought.inputs && setup.length === 0 && python === null) return nothing;
    const work = this.#prepare(known);
    let isLeft = false;
    const left = unwanted.ended.then((): PreparedJob => {
      isLeft = true;
      return nothing;
    });
    // A run that no longer waits keeps nothing.
    void work.then(
      ({ release }) => isLeft && release(),
      () => undefined,
    );
    try {
      return await Promise.race([work, left]);
    } catch (error) {
      if (error instanceof BusError && error.reason === "closed") return nothing;
      const why = messageOf(error);
      this.#unfit.delete(job);
      this.#unfit.set(job, { why, until: this.#ports.clock.monotonic() + unfitMinutes * 60_000 });
      this.#ports.log.warn({ job, why }, "this worker cannot run a job");
      return { ...nothing, why, console: error instanceof SetupFailure ? error.output.slice(-mostConsole) : "" };
    }
  }

  async #prepare({ brought: { code, largeCode, inputs }, spec }: KnownJob): Promise<PreparedJob> {
    const held: { release(): void }[] = [];
    const hold = <T extends { release(): void }>(got: T): T => {
      held.push(got);
      return got;
    };
    const release = (): void => {
      for (const each of held.splice(0)) each.release();
    };
    const folderOf = async (bundle: PiecedBundle | undefined, isReadOnly: boolean): Promise<string | null> => {
      if (!bundle) return null;
      const { bundles } = this.#ports;
      if (!bundles) throw new Error("this worker fetches nothing that jobs bring along");
      return hold(await bundles.hold(bundle, isReadOnly, this.#signal)).folder;
    };
    try {
      const small = code && !this.#noCode ? this.#ports.unpackCode(code) : null;
      const codeFolder = small ?? (this.#noCode ? null : await folderOf(largeCode, false));
      const inputsFolder = await folderOf(inputs, true);
      const sha256 = (small === null ? largeCode : code)?.sha256 ?? "";
      const made = await this.#environment(spec.settings, codeFolder === null ? null : { folder: codeFolder, sha256 });
      const environment = made && hold(made).environment;
      return { ...nothing, folders: { codeFolder, inputsFolder, environment }, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #environment(
    { setup, python, network }: JobSettings,
    code: SetupWish["code"],
  ): Promise<HeldEnvironment | null> {
    if (setup.length === 0 && python === null) return null;
    const { environments } = this.#ports;
    if (!environments) throw new Error("this worker makes no environments");
    return environments.ready({ commands: setup, python, code, network }, this.#signal);
  }
}
