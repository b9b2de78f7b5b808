import { readFileSync } from "node:fs";
import { connectBus } from "../../shared/broker/client/connect.ts";
import { streamInfo, updateStream } from "../../shared/broker/client/jetstream-api.ts";
import { ensureStreams } from "../../shared/broker/store/streams.ts";
import { pause } from "../../shared/deadline.ts";
import type { Bus } from "../../shared/ports.ts";
import { SimBroker } from "../simulate/sim-broker.ts";
import { SimBus } from "../simulate/sim-bus.ts";
import { fairWeather } from "../simulate/sim-link.ts";
import { SimProcess } from "../simulate/sim-process.ts";
import type { SimStream } from "../simulate/sim-stream.ts";
import { startNatsServer } from "../support/broker/nats-server.ts";
import { eventually } from "../support/patience.ts";
import { runningTimeline } from "./running-timeline.ts";

/** A broker with the workspace's streams, all empty, and what a test can do to it. */
export interface BusRig {
  /** A new connection with every right. */
  connect(): Promise<Bus>;
  /** A connection that may not publish or store under `jrn.`, where the broker knows users. */
  connectGuest(): Promise<Bus>;
  pause(ms: number): Promise<void>;
  /** SIGKILL: only what is on disk survives. */
  kill(): Promise<void>;
  /** Starts it again on the same disk. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Sets the stream's max_bytes. */
  limit(stream: string, bytes: number): Promise<void>;
  /** Sets the stream's duplicate window. */
  remember(stream: string, ms: number): Promise<void>;
  end(): Promise<void>;
}

/** Where implementations differ; each difference is asserted by a test of its own. */
export interface BusPromises {
  /** Whether users with limited rights exist. The simulated broker has one user, who may do everything. */
  readonly knowsUsers: boolean;
}

export interface BusImplementation {
  readonly name: string;
  readonly promises: BusPromises;
  readonly start: () => Promise<BusRig>;
}

const guest = { user: "guest", password: "guest" };
const users = `
authorization {
  users: [
    {user: "all", password: "all"}
    {user: "${guest.user}", password: "${guest.password}", permissions: {publish: {deny: "jrn.>"}}}
  ]
}
no_auth_user: "all"
`;

async function natsRig(): Promise<BusRig> {
  const server = await startNatsServer({ config: users });
  const buses: Bus[] = [];
  const connect = async (credentials: object = {}) => {
    const bus = await connectBus({ url: server.url, credentials, name: "conformance" });
    buses.push(bus);
    return bus;
  };
  const own = await connect();
  await ensureStreams(own, null, 1);
  const change = async (stream: string, changes: Readonly<Record<string, unknown>>): Promise<void> => {
    const info = await streamInfo(own, stream);
    if (!info) throw new Error(`there is no stream ${stream}`);
    await updateStream(own, info, changes);
  };
  return {
    connect,
    connectGuest: () => connect(guest),
    pause,
    kill: server.kill,
    restart: server.restart,
    freeze: async () => {
      server.freeze();
      // It may still answer for a moment after the signal.
      await eventually("it stands still", () => / T /.test(readFileSync(`/proc/${server.pid}/stat`, "utf8")));
    },
    thaw: server.thaw,
    limit: (stream, bytes) => change(stream, { max_bytes: bytes }),
    remember: (stream, ms) => change(stream, { duplicate_window: ms * 1e6 }),
    end: async () => {
      server.thaw();
      for (const bus of buses) await bus.close();
      await server.stop();
    },
  };
}

async function simulatedRig(): Promise<BusRig> {
  const { timeline, stop } = runningTimeline();
  const broker = new SimBroker(timeline, fairWeather, "conformance");
  const buses: SimBus[] = [];
  const own = new SimProcess(timeline, "rig", "rig");
  const named = (stream: string): SimStream => {
    const found = broker.streamNamed(stream);
    if (!found) throw new Error(`there is no stream ${stream}`);
    return found;
  };
  const connect = async (): Promise<Bus> => {
    const name = `client ${buses.length}`;
    const bus = new SimBus(broker, new SimProcess(timeline, name, name));
    buses.push(bus);
    return bus;
  };
  return {
    connect,
    connectGuest: connect,
    pause: (ms) => own.clock.pause(ms),
    kill: async () => broker.kill(),
    restart: async () => broker.restart(),
    freeze: async () => broker.freeze(),
    thaw: () => broker.thaw(),
    limit: async (stream, bytes) => {
      named(stream).maxBytes = bytes;
    },
    remember: async (stream, ms) => {
      named(stream).duplicateWindowMs = ms;
    },
    end: async () => {
      for (const bus of buses) await bus.close();
      await stop();
    },
  };
}

export const busImplementations: readonly BusImplementation[] = [
  { name: "nats-server", promises: { knowsUsers: true }, start: natsRig },
  { name: "the simulator", promises: { knowsUsers: false }, start: simulatedRig },
];
