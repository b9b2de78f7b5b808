import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckpointPlace } from "../../shared/domain/fold/events.ts";
import type { JobName, RunName, WorkerId } from "../../shared/domain/names.ts";
import { readSpec } from "../../shared/domain/runspec/spec-read.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { decodeAsk, decodeEvidence, encodeAnswer, type StateLoss } from "../../shared/wire/messages.ts";
import { parseEvidence } from "../../shared/wire/subjects.ts";
import { WorkerNode } from "../../worker/node/node.ts";
import type { RunnerEnd, Runners, TakenState } from "../../worker/node/runners.ts";
import type { WorkerNews } from "../../worker/node/told/news.ts";
import { SimProcess } from "../simulate/sim-process.ts";
import { SimSpool } from "../simulate/sim-spool.ts";
import { silentLog } from "../simulate/simulation.ts";
import { Timeline } from "../simulate/timeline.ts";
import { temporaryFolder } from "./cleanup.ts";
import { specText, testDefaults } from "./stories/spec-defaults.ts";

const job = "job1" as JobName;

/**
 * A worker, its runs, and a broker whose word that it has something may be lost. `end`: how a run ends that is handed back, or
 * by itself after `ownEndMs`. `state`: what it saves after two seconds, once it has printed something. Each piece of a file takes `pieceMs`.
 * `resume`: the checkpoint that it is given, whose pieces are gone. `isReadOnly`: no folder can be emptied. `maxRunSeconds`: as an edit
 * of the job has it.
 */
export function lentWorker(
  end: RunnerEnd,
  mostAttempts: number,
  hasFolder = true,
  state?: TakenState,
  {
    stateDir = "here",
    pieceMs = 0,
    ownEndMs = Number.POSITIVE_INFINITY,
    resume = null,
    isReadOnly = false,
    maxRunSeconds = null,
  }: {
    stateDir?: string;
    pieceMs?: number;
    ownEndMs?: number;
    resume?: CheckpointPlace | null;
    isReadOnly?: boolean;
    maxRunSeconds?: number | null;
  } = {},
) {
  const timeline = new Timeline();
  const { clock, chance } = new SimProcess(timeline, "worker", "seed");
  const happened: string[] = [];
  const losses: StateLoss[] = [];
  /** How many runs each renewal named. */
  const renewed: number[] = [];
  const news: WorkerNews[] = [];
  let attempts = resume?.attempt ?? 0;
  const broker = { isAcknowledging: false, answering: Promise.resolve() };
  const spool = new SimSpool();
  spool.isFull = !hasFolder;
  const bus: Partial<Bus> = {
    request: async (_subject, data) => {
      const ask = decodeAsk(data);
      if (ask.kind === "job") {
        const carried = { file: "a.yaml", text: specText([]), sources: {}, commandLine: {} };
        return encodeAnswer({ kind: "job", term: 1, job, ...carried, code: null, over: false });
      }
      if (ask.kind === "renew") {
        renewed.push(ask.held.length);
        return encodeAnswer({ kind: "renewed", term: 1, leaseMs: 30_000, verdicts: [] });
      }
      if (attempts === mostAttempts)
        return encodeAnswer({ kind: "wait", term: 1, reason: "nothing to do", retryMs: 15_000 });
      attempts += 1;
      await broker.answering;
      happened.push(`attempt ${attempts} is given`);
      return encodeAnswer({
        ...{ kind: "assigned", term: 1, job, run: "run1.1" as RunName, n: 1, attempt: attempts, seed: 1 },
        ...{ resume, settings: [], leaseMs: 30_000, checkpointSeconds: 60 },
        limits: maxRunSeconds === null ? null : { maxRunSeconds, graceSeconds: null },
      });
    },
    piece: async () => null,
    store: async (subject, data) => {
      if (subject.startsWith("ck.") && pieceMs > 0) await clock.pause(pieceMs);
      if (!broker.isAcknowledging) throw new BusError("no answer in time", `${subject}: no answer`);
      happened.push(`${subject.split(".").at(-1)} is stored`);
      const told = parseEvidence(subject)?.kind === "report" && decodeEvidence({ kind: "report" }, data);
      if (told && told.lost !== undefined) losses.push(told.lost);
      return { seq: 1, duplicate: false };
    },
    subscribe: () => () => undefined,
    publish: () => undefined,
    // Nobody answers.
    flush: () => new Promise(() => undefined),
  };
  const runners: Runners = {
    run: (_kind, _task, hear) => {
      happened.push("a run begins");
      if (state) clock.after(2000, () => hear([], "a line", state));
      let stop: () => void = () => undefined;
      const ended = new Promise<RunnerEnd>((resolve) => {
        stop = () => resolve(end);
      });
      if (ownEndMs < Number.POSITIVE_INFINITY) clock.after(ownEndMs, () => stop());
      const nothing = (): void => undefined;
      return {
        pid: 0,
        end: ended,
        stop: () => stop(),
        handBack: () => stop(),
        checkpointEvery: nothing,
        freeze: nothing,
        thaw: nothing,
      };
    },
    close: async () => undefined,
  };
  const node = new WorkerNode(
    {
      ...{ bus: bus as Bus, clock, chance, log: silentLog, runners, spool, unpackCode: () => "" },
      removeFolder: (folder) => {
        if (isReadOnly) throw Object.assign(new Error("read-only file system"), { code: "EROFS" });
        happened.push(`${folder} is removed`);
      },
      readSpec: () => readSpec({ file: "a.yaml", text: specText([]), defaults: testDefaults() }),
    },
    {
      ...{ worker: "w1" as WorkerId, bootId: "boot", version: "test", slots: 2, targets: [] },
      ...{ opportunistic: false, noCode: false, stateDir },
    },
    (each) => void news.push(each),
  );
  const live = async (ms: number): Promise<void> => {
    const end = timeline.now + ms;
    timeline.plan(null, end, () => undefined);
    await timeline.run(() => timeline.now >= end);
  };
  return { node, live, happened, losses, renewed, news, broker, spool };
}

/** A worker's folder in which a run left a file. */
export function leftModel(size = 7): string {
  const stateDir = temporaryFolder();
  mkdirSync(join(stateDir, "runs/job1/run1.1"), { recursive: true });
  writeFileSync(join(stateDir, "runs/job1/run1.1/model"), "weights");
  truncateSync(join(stateDir, "runs/job1/run1.1/model"), size);
  return stateDir;
}
