import type { Hyperparameter, Setting } from "../domain/hyperparameter.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { type HparamsSession, sessionEnd, sessionStart, type sessionStatus } from "./hparams.ts";
import { bytes, double, type EncodedField, float, integer, message, text } from "./protobuf.ts";

/** A record of an event file: the length, its masked CRC-32C, an Event, its masked CRC-32C. */
export function record(data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  const sums = [length, data].map((part) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(maskedCrc32c(part));
    return sum;
  });
  return Buffer.concat([length, sums[0] ?? length, data, sums[1] ?? length]);
}

/** @param seconds  since 1970 */
const event = (seconds: number, step: number, ...fields: readonly EncodedField[]): Uint8Array =>
  record(message(double(1, seconds), ...(step === 0 ? [] : [integer(2, step)]), ...fields));

const summary = (...values: readonly EncodedField[]): EncodedField => bytes(5, message(...values));

/** A file name of the form that TensorBoard looks for. @param seconds  since 1970 */
export const eventFileName = (seconds: number, host: string): string =>
  `events.out.tfevents.${Math.floor(seconds)}.${host.replace(/[^\w.-]/g, "_")}`;

/** The first records of a file: its version, and the run's session for the HParams plugin. */
export function fileStart(session: HparamsSession): Uint8Array {
  const { startedAt } = session;
  const version = event(startedAt, 0, text(3, "brain.Event:2"));
  return Buffer.concat([version, event(startedAt, 0, summary(...sessionStart(session)))]);
}

/** One report: each measured value under its name, `s1-rew`. */
export function scalars(
  seconds: number,
  iters: number,
  values: readonly (readonly [name: string, value: number])[],
): Uint8Array {
  return event(
    seconds,
    iters,
    summary(...values.map(([name, value]) => bytes(1, message(text(1, name), float(2, value))))),
  );
}

export const fileEnd = (seconds: number, status: keyof typeof sessionStatus): Uint8Array =>
  event(seconds, 0, summary(sessionEnd(status, seconds)));

/** The session of a run, from its job and its settings. */
export function hparamsSession(
  hyperparameters: readonly Hyperparameter[],
  settings: readonly (Setting | undefined)[],
  metrics: readonly string[],
  startedAt: number,
): HparamsSession {
  const group = hyperparameters
    .flatMap(({ name }, i) => (settings[i] === undefined ? [] : [`${name}=${String(settings[i])}`]))
    .join(" ");
  return { hyperparameters, settings, metrics, group, startedAt };
}
