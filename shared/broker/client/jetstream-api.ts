/**
 * JetStream's own requests that the client lacks: gaps, snapshots, changes. Only coordinators may send them; viewers
 * may send `streamInfo`.
 */

import { type Bus, BusError } from "../../ports.ts";
import { pause } from "../../time/deadline.ts";

const answerTimeoutMs = 10_000;
const firstPatienceMs = 1000;
const streamNotFound = 10059;
/** The cluster has no leader yet: "temporarily unavailable", "cannot handle request". */
const unavailable = new Set([10008, 10009]);

interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** A copy of a stream in a cluster. */
interface ReplicaState {
  readonly server: string;
  readonly isLeader: boolean;
  /** It holds everything that the leader has confirmed. */
  readonly isCurrent: boolean;
  readonly isOffline: boolean;
}

export interface StreamInfo {
  /** When the stream was made, according to the broker; a restart of the server does not change it. */
  readonly created: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: StreamState;
  /** Empty if there is only one server. */
  readonly replicas: readonly ReplicaState[];
}

/** JetStream's refusal of a request, with its number. */
export class JetStreamRefusal extends BusError {
  readonly errorCode: number;

  constructor(subject: string, description: string, errorCode: number, options?: { cause?: unknown }) {
    super("refused", `${subject}: the broker refused it: ${description} (${errorCode})`, options);
    this.errorCode = errorCode;
  }
}

/** Asks JetStream; the answer is its JSON object. @throws JetStreamRefusal, or BusError if no answer comes */
export async function askJetStream(
  bus: Bus,
  what: string,
  question: object = {},
  timeoutMs = answerTimeoutMs,
): Promise<Record<string, unknown>> {
  const subject = `$JS.API.${what}`;
  return checkedAnswer(
    subject,
    await bus.request(subject, new TextEncoder().encode(JSON.stringify(question)), timeoutMs),
  );
}

/**
 * The JSON of an answer. It is nats-server's own, at most 1 MB: nobody else may publish to this connection's inbox.
 *
 * @throws JetStreamRefusal
 */
export function checkedAnswer(subject: string, data: Uint8Array): Record<string, unknown> {
  const answer = JSON.parse(new TextDecoder().decode(data)) as Record<string, unknown>;
  const { error } = answer;
  if (typeof error === "object" && error !== null) {
    const { description = "unknown", err_code: code = 0 } = error as { description?: string; err_code?: number };
    throw new JetStreamRefusal(subject, description, code);
  }
  return answer;
}

/** Whether the trouble may pass by itself, for example while a cluster elects its leader. */
export const mayPass = (error: unknown): boolean =>
  error instanceof JetStreamRefusal
    ? unavailable.has(error.errorCode)
    : error instanceof BusError && error.reason !== "closed" && error.reason !== "refused";

/** Undefined if there is no such stream. Asks again if an answer is lost, as in a cluster that elects its leader. */
export async function streamInfo(
  bus: Bus,
  stream: string,
  timeoutMs = answerTimeoutMs,
): Promise<StreamInfo | undefined> {
  const limit = performance.now() + timeoutMs;
  for (let patience = firstPatienceMs; ; patience *= 2) {
    const left = limit - performance.now();
    try {
      return readStreamInfo(await askJetStream(bus, `STREAM.INFO.${stream}`, {}, Math.min(patience, left)));
    } catch (error) {
      if (error instanceof JetStreamRefusal && error.errorCode === streamNotFound) return undefined;
      const wasLost = error instanceof BusError && error.reason === "no answer in time";
      if (!wasLost || left <= patience) throw error;
    }
  }
}

export function readStreamInfo(answer: Readonly<Record<string, unknown>>): StreamInfo {
  const { created, config, state, cluster } = answer as {
    created?: string;
    config?: Record<string, unknown>;
    state?: { messages?: number; bytes?: number; first_seq?: number; last_seq?: number };
    cluster?: { leader?: string; replicas?: { name: string; current?: boolean; offline?: boolean }[] };
  };
  const replicas = (cluster?.replicas ?? []).map(({ name, current = false, offline = false }) => ({
    server: name,
    isLeader: false,
    isCurrent: current,
    isOffline: offline,
  }));
  const leader = cluster?.leader ?? "";
  return {
    created: created ?? "",
    config: config ?? {},
    state: {
      messages: state?.messages ?? 0,
      bytes: state?.bytes ?? 0,
      firstSeq: state?.first_seq ?? 0,
      lastSeq: state?.last_seq ?? 0,
    },
    replicas:
      leader === "" || replicas.length === 0
        ? replicas
        : [{ server: leader, isLeader: true, isCurrent: true, isOffline: false }, ...replicas],
  };
}

/** Changes some of a stream's settings. */
export async function updateStream(
  bus: Bus,
  info: StreamInfo,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { name } = info.config as { name?: string };
  await askJetStream(bus, `STREAM.UPDATE.${name}`, { ...info.config, ...changes });
}

/**
 * Repeats `work` while the broker does not answer, for example because it reloads: at most `tries` times.
 *
 * @throws the last failure, or at once one that will not pass
 */
export async function retried<T>(work: () => Promise<T>, tries: number, askAgainMs: number): Promise<T> {
  for (let left = tries; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || left === 1) throw error;
    }
    await pause(askAgainMs);
  }
}
