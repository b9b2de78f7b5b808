import { BusError } from "../../ports.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { workersConnections, workersSum } from "./rights.ts";

/** What was sent so far. */
export interface Sent {
  readonly messages: number;
  readonly bytes: number;
}

/** What a connection of a worker has sent so far. */
export interface Traffic extends Sent {
  /** Of this connection alone. */
  readonly connection: string;
  readonly publicKey: string;
  readonly ageMs: number;
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

/** What all workers of the one server have sent since it started: a hundredth of the work of the list. Undefined: it does not say. */
export async function workersTotal(bus: CoordinatorBus): Promise<Sent | undefined> {
  try {
    return totalIn(await bus.request(workersSum, new Uint8Array(), answerWithinMs));
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return undefined;
  }
}

/** Undefined for anything but an answer of nats-server. */
export function totalIn(answer: Uint8Array): Sent | undefined {
  const sums = dataIn(answer)["account_statz"];
  const [sum] = Array.isArray(sums)
    ? (sums as readonly { readonly received?: { msgs?: unknown; bytes?: unknown } }[])
    : [];
  const { msgs: messages, bytes } = sum?.received ?? {};
  return typeof messages === "number" && typeof bytes === "number" ? { messages, bytes } : undefined;
}

function dataIn(answer: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const said = JSON.parse(Buffer.from(answer).toString("utf8")) as {
      readonly data?: Readonly<Record<string, unknown>>;
    };
    return said.data ?? {};
  } catch {
    return {};
  }
}

/** Empty for anything but an answer of nats-server. */
export function trafficIn(answer: Uint8Array): Traffic[] {
  const { server_id: server, now, connections } = dataIn(answer);
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
