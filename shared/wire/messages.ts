/** Every message type, its version and its check on arrival. */

export * from "./asks.ts";
export { versionNotice, wireVersion } from "./envelope.ts";
export * from "./evidence.ts";
export * from "./orders.ts";
export * from "./records.ts";
export * from "./status.ts";
