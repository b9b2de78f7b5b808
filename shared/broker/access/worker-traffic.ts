import { BusError } from "../../ports.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { workersConnections, workersSum } from "./rights.ts";

/** What was sent so far. */
export interface SentSoFar {
  readonly messages: number;
  readonly bytes: number;
}

/** What all workers have sent so far, and how many connections of theirs are open. */
export interface SentByAll extends SentSoFar {
  readonly connections: number;
}

/** What a connection of a worker has sent so far. */
export interface Traffic extends SentSoFar {
  /** Identifies this connection. */
  readonly connection: string;
  readonly publicKey: string;
  readonly ageMs: number;
}

/** Queries for workers' connections: those that sent something last, ended ones too; or the open, in fixed order. */
const newest = { sort: "last", state: 2, auth: true };
const open = { sort: "cid", state: 0, auth: true };
/** Connections in one answer of the server, which then has half a megabyte. */
export const mostAtOnce = 1024;
const waitMs = 400;
const answerWithinMs = 2000;

/** The broker, and whether it is a single server. Of several, each answers for its own connections. */
interface Asked {
  readonly bus: CoordinatorBus;
  readonly isAlone: boolean;
}

/**
 * What workers have sent the broker, stored or not: it counts a message when it arrives.
 *
 * @param most  connections to list, the last to have sent something first; a flooding worker is among them
 */
export const workerTraffic = (asked: Asked, most: number): Promise<Traffic[]> =>
  connectionsOf(asked, { ...newest, limit: most });

/** All open connections of workers. */
export async function openConnections(asked: Asked): Promise<Traffic[]> {
  const all: Traffic[] = [];
  for (let offset = 0; ; offset += mostAtOnce) {
    const page = await connectionsOf(asked, { ...open, limit: mostAtOnce, offset });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

async function connectionsOf({ bus, isAlone }: Asked, which: object): Promise<Traffic[]> {
  const question = JSON.stringify(which);
  if (!isAlone) return (await bus.askAll(workersConnections, question, waitMs)).flatMap(trafficIn);
  return trafficIn(await bus.request(workersConnections, Buffer.from(question), answerWithinMs));
}

/**
 * What all workers of a single server have sent since it started, for a hundredth of the work of the list. Undefined if
 * the server does not say.
 */
export async function workersTotal(bus: CoordinatorBus): Promise<SentByAll | undefined> {
  try {
    return totalIn(await bus.request(workersSum, new Uint8Array(), answerWithinMs));
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return undefined;
  }
}

/** Undefined for anything but an answer of nats-server. */
export function totalIn(answer: Uint8Array): SentByAll | undefined {
  const sums = dataIn(answer)["account_statz"];
  const [sum] = Array.isArray(sums)
    ? (sums as readonly { readonly conns?: unknown; readonly received?: { msgs?: unknown; bytes?: unknown } }[])
    : [];
  const { msgs: messages, bytes } = sum?.received ?? {};
  const connections = sum?.conns;
  const isWhole = typeof messages === "number" && typeof bytes === "number" && typeof connections === "number";
  return isWhole ? { messages, bytes, connections } : undefined;
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
