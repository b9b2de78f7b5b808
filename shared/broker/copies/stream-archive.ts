/**
 * A stream as JetStream itself packs it: messages keep their sequences, times and ids, which copies made one by one would not.
 * The stream stays in use meanwhile. The pack holds at least what was stored when packing began.
 */

import { randomBytes } from "node:crypto";
import { sizeText } from "../../domain/size-text.ts";
import { BrokerError } from "../../errors.ts";
import { type BrokerStatus, type Bus, BusError } from "../../ports.ts";
import { askJetStream, checkedAnswer, readStreamInfo, type StreamInfo } from "../client/jetstream-api.ts";

/** A server that packs or unpacks hundreds of megabytes may be silent for a while. */
const silenceMs = 60_000;
/** Fits the broker's limit of 1 MB for a message, headers included. */
const chunkBytes = 256 * 1024;
const chunksOnTheirWay = 8;

/** The stream's settings and state when packing began. */
export interface PackedStream {
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, unknown>>;
}

/**
 * Packs a stream as it lies on the disk: `onStart` gets its description, then `onChunk` the bytes in order.
 *
 * The server is not asked to compare checksums first (`jsck`). If one differs, 2.10.27 refuses, and after its next start has
 * lost every message from that one on (seen). So read a stream before packing it.
 *
 * @throws BrokerError if the broker breaks off; BusError if it refuses or goes away
 */
export async function packStream(
  bus: Bus,
  stream: string,
  onStart: (packed: PackedStream) => void,
  onChunk: (bytes: Uint8Array) => void,
): Promise<void> {
  const subject = `copy.${randomBytes(9).toString("base64url")}`;
  const early: (() => void)[] = [];
  let isStarted = false;
  let finish: (error?: Error) => void = () => undefined;
  let heardAt = performance.now();
  const done = new Promise<void>((resolve, reject) => {
    finish = (error) => (error ? reject(error) : resolve());
  });
  // Nobody waits for it yet.
  done.catch(() => undefined);
  let bytes = 0;
  const stop = bus.respond(subject, (_, data, reply, status) => {
    heardAt = performance.now();
    const take = (): void => {
      try {
        if (data.length === 0) {
          const said = status();
          finish(isWhole(said.code) ? undefined : brokenOff(stream, bytes, said));
          return;
        }
        onChunk(data);
        bytes += data.length;
        reply(new Uint8Array());
      } catch (error) {
        finish(error instanceof Error ? error : new Error(String(error)));
      }
    };
    if (isStarted) take();
    else early.push(take);
  });
  const watchdog = setInterval(() => {
    if (performance.now() - heardAt < silenceMs) return;
    finish(new BusError("no answer in time", `${stream}: the broker stopped sending it`));
  }, 1000);
  try {
    await bus.flush();
    const question = { deliver_subject: subject, no_consumers: true, jsck: false, chunk_size: chunkBytes };
    const { config, state } = await askJetStream(bus, `STREAM.SNAPSHOT.${stream}`, question, silenceMs);
    onStart({ config: config as PackedStream["config"], state: state as PackedStream["state"] });
    isStarted = true;
    for (const take of early) take();
    await done;
  } finally {
    clearInterval(watchdog);
    stop();
  }
}

/** 2.10.27 says 204 and earlier servers nothing; failures are 408 (seen after 2 s without an answer, with 2.15.1 after 5 s) or 500. */
const isWhole = (code: number): boolean => code < 300;

function brokenOff(stream: string, bytes: number, { code, text }: BrokerStatus): BrokerError {
  const why =
    code === 408 ? "it waited some seconds for this command, or for the disk that it writes to" : "see its log";
  return new BrokerError(
    `the broker broke off after ${sizeText(bytes)} of stream ${stream} (${code} ${text}: ${why}); nothing was kept, try again`,
  );
}

/**
 * Makes a stream from a pack, with its sequences. The name must be free.
 *
 * @param changes  settings that differ from the packed ones: copies, limits
 */
export async function unpackStream(
  bus: Bus,
  packed: PackedStream,
  changes: Readonly<Record<string, unknown>>,
  chunks: Iterable<Uint8Array>,
): Promise<StreamInfo> {
  const config = { ...packed.config, ...changes };
  const { name } = config as { name?: string };
  const answer = await askJetStream(bus, `STREAM.RESTORE.${name}`, { config, state: packed.state }, silenceMs);
  const subject = String(answer["deliver_subject"]);
  const onTheirWay: Promise<Uint8Array>[] = [];
  const settle = async (): Promise<void> => {
    const taken = await onTheirWay.shift();
    if (taken && taken.length > 0) checkedAnswer(`restore ${name}`, taken);
  };
  try {
    for (const chunk of chunks) {
      const sent = bus.request(subject, chunk, silenceMs);
      sent.catch(() => undefined); // settle handles it
      onTheirWay.push(sent);
      if (onTheirWay.length >= chunksOnTheirWay) await settle();
    }
    while (onTheirWay.length > 0) await settle();
  } finally {
    await Promise.allSettled(onTheirWay);
  }
  return readStreamInfo(checkedAnswer(`restore ${name}`, await bus.request(subject, new Uint8Array(), silenceMs)));
}
