import type { CoordinatorBus } from "../client/bus.ts";
import { workersConnections } from "./rights.ts";

/** What a connection of a worker has sent so far. */
export interface Traffic {
  /** Of this connection alone. */
  readonly connection: string;
  readonly publicKey: string;
  readonly ageMs: number;
  readonly messages: number;
  readonly bytes: number;
}

/** The connections that have sent something last, also of those that ended; whoever floods the broker is among them. */
const which = { sort: "last", state: 2, auth: true, limit: 256 };
const waitMs = 400;
const answerWithinMs = 2000;

/**
 * What workers have sent the broker, stored or not: it counts a message when it arrives.
 *
 * @param isAlone  whether there is one server; of several, each answers for its own connections
 */
export async function workerTraffic(bus: CoordinatorBus, isAlone: boolean): Promise<Traffic[]> {
  const question = JSON.stringify(which);
  if (!isAlone) return (await bus.askAll(workersConnections, question, waitMs)).flatMap(trafficIn);
  return trafficIn(await bus.request(workersConnections, Buffer.from(question), answerWithinMs));
}

/** Empty for anything but an answer of nats-server. */
export function trafficIn(answer: Uint8Array): Traffic[] {
  let said: { readonly data?: Readonly<Record<string, unknown>> };
  try {
    said = JSON.parse(Buffer.from(answer).toString("utf8")) as typeof said;
  } catch {
    return [];
  }
  const { server_id: server, now, connections } = said.data ?? {};
  if (typeof server !== "string" || typeof now !== "string" || !Array.isArray(connections)) return [];
  return connections.flatMap((each: Readonly<Record<string, unknown>>) => {
    const { cid, authorized_user: publicKey, start, in_msgs: messages, in_bytes: bytes } = each;
    const isWhole = typeof publicKey === "string" && typeof start === "string";
    if (!isWhole || typeof messages !== "number" || typeof bytes !== "number") return [];
    return {
      connection: `${server} ${String(cid)}`,
      publicKey,
      ageMs: Date.parse(now) - Date.parse(start),
      messages,
      bytes,
    };
  });
}
