import { ErrorCode, NatsError } from "nats";
import { messageOf } from "../../../errors.ts";
import { BusError } from "../../../ports.ts";
import { JetStreamRefusal } from "../jetstream-api.ts";
import { DistrustError } from "../sockets/secure.ts";

export const wrongLastSequence = 10071;
const wrongLastMsgId = 10070;
/** From 2.11 on: too much already waits to be stored in the stream. A later try may succeed. */
const tooManyCode = 10167;
/** No space: stream maximum bytes (10077), storage resources (10047), insufficient resources (10023). */
const fullCodes: ReadonlySet<number> = new Set([10077, 10047, 10023]);

/** Errors of requests, stores and reads. Any other error is a bug, and is thrown as it is. */
export function busError(cause: unknown, what: string): BusError {
  if (cause instanceof BusError) return cause;
  if (!(cause instanceof NatsError)) throw cause;
  const options = { cause };
  switch (cause.code) {
    case ErrorCode.MaxPayloadExceeded:
      return new BusError("too large", `${what}: the message is larger than the broker takes`, options);
    case ErrorCode.NoResponders:
      return new BusError("nobody answered", `${what}: nobody answered`, options);
    case ErrorCode.Timeout:
      return new BusError("no answer in time", `${what}: no answer in time`, options);
    case ErrorCode.ConnectionClosed:
    case ErrorCode.ConnectionDraining:
      return new BusError("closed", `${what}: the connection is closed`, options);
    case ErrorCode.Disconnect:
      return new BusError("not connected", `${what}: the connection was lost`, options);
    default:
      return cause.api_error
        ? new JetStreamRefusal(what, cause.message, cause.api_error.err_code ?? 0, options)
        : new BusError("refused", `${what}: ${cause.message}`, options);
  }
}

/** Why the broker did not store a message. */
export function storeRefusal(subject: string, error: { err_code?: number; description?: string }): BusError {
  const { err_code: code = 0, description = "unknown" } = error;
  if (code === wrongLastSequence || code === wrongLastMsgId)
    return new BusError("not the next", `${subject}: ${description}`);
  if (fullCodes.has(code)) return new BusError("full", `${subject}: the broker's store is full (${description})`);
  if (code === tooManyCode) return new BusError("no answer in time", `${subject}: the broker has too much to store`);
  return new JetStreamRefusal(subject, description, code);
}

/** What went wrong while connecting. */
export function connectError(cause: unknown, url: string): BusError {
  if (cause instanceof DistrustError) {
    return new BusError("not trusted", `${url}: the server there is not trusted: ${cause.message}`, { cause });
  }
  const code = cause instanceof NatsError ? cause.code : "";
  if (code === ErrorCode.AuthorizationViolation || code === ErrorCode.AuthenticationExpired) {
    return new BusError("refused", `${url}: the broker refused the credentials`, { cause });
  }
  if (code === ErrorCode.Timeout || code === ErrorCode.ConnectionTimeout) {
    return new BusError("no answer in time", `${url}: the NATS server there does not answer`, { cause });
  }
  const why = messageOf(cause);
  return new BusError("not connected", `${url}: no NATS server answers there (${why})`, { cause });
}
