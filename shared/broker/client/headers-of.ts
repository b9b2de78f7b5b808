import type { MsgHdrs } from "nats";

/**
 * Headers, which anybody may have written: the broker lets some through that the client throws at, inside its own reader, which
 * then reads nothing more (seen with 2.29.3: a line feed within a value). A message with such headers counts as one without.
 */
export function headersOf(message: { readonly headers?: MsgHdrs | undefined }): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}
