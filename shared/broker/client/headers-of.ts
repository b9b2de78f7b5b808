import type { MsgHdrs } from "nats";
import type { BrokerStatus } from "../../ports.ts";

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

/**
 * The status of a message that the broker itself sent; code 0 for any other. Reading it from every question took half
 * of a flooded coordinator's time (2026-11-29).
 */
export function brokerStatus(message: Parameters<typeof headersOf>[0]): BrokerStatus {
  const head = headersOf(message);
  return { code: head?.code ?? 0, text: head?.description ?? "" };
}
