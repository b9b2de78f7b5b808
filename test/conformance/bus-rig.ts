import { readFileSync } from "node:fs";
import { imports } from "../../shared/broker/access/rights.ts";
import { SigningBus } from "../../shared/broker/access/signing-bus.ts";
import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { connectBus } from "../../shared/broker/client/connect.ts";
import { streamInfo, updateStream } from "../../shared/broker/client/jetstream-api.ts";
import { askedAs, readersNames } from "../../shared/broker/client/local-names.ts";
import { SealedBus } from "../../shared/broker/store/sealed-bus.ts";
import { ensureStreams } from "../../shared/broker/store/streams.ts";
import type { Bus } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { orderKey } from "../../shared/wire/seals/order-proof.ts";
import { sealKey, secretBytes } from "../../shared/wire/seals/seals.ts";
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
  /** Polls in the rig's own time: a simulated hour may pass while the machine's clock counts milliseconds. */
  until<T>(what: string, condition: () => T | false | undefined | Promise<T | false | undefined>): Promise<T>;
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
  /**
   * Whether a reading of sizes leaves the data out. The simulated broker hands it over, as does a reader by single
   * gets.
   */
  readonly tellsSizes: boolean;
  /** Whether messages say when they were stored. */
  readonly tellsTimes: boolean;
  /** Whether a journal message that no coordinator wrote is told from the others. */
  readonly judgesSeals: boolean;
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

const reader = { user: "reader", password: "reader" };
const read = [...imports.VIEWERS.asked, "$JS.API.STREAM.INFO.NONE", "$JS.API.DIRECT.GET.NONE.>"];
/** Users with every right, and a reader in another account that may make no consumers. */
const accounts = `
accounts {
  SWARM {
    jetstream: enabled
    users: [{user: "all", password: "all"}, {user: "${guest.user}", password: "${guest.password}"}]
    exports: [${read.map((subject) => `{service: "${subject}"}`).join("\n")}]
  }
  READERS {
    users: [{user: "${reader.user}", password: "${reader.password}"}]
    imports: [${read.map((subject) => `{service: {account: SWARM, subject: "${subject}"}, to: "${askedAs(subject, readersNames)}"}`).join("\n")}]
  }
}
no_auth_user: "all"
`;

/** A bus that reads over `reading` and does everything else over `bus`. */
function readingBy(bus: Bus, reading: Bus): Bus {
  const entries = { ...bus.entries, get: reading.entries.get };
  const close = (): Promise<void> => Promise.all([bus.close(), reading.close()]).then(() => undefined);
  const reads = ["read", "lastSeq", "newest", "piece", "subjects"] as const;
  const own = { entries, close, ...Object.fromEntries(reads.map((name) => [name, reading[name].bind(reading)])) };
  const all = bus as unknown as Record<string | symbol, unknown>;
  return new Proxy(bus, {
    get: (_, name) => {
      if (name in own) return own[name as keyof typeof own];
      const value = all[name];
      return typeof value === "function" ? value.bind(bus) : value;
    },
  });
}

const natsRig = (): Promise<BusRig> => realRig(users, async (connect, credentials) => connect({ credentials }));

const seals = { keys: [sealKey(Buffer.alloc(secretBytes, "seal"), 1)], before: null };
const sealedRig = (): Promise<BusRig> =>
  realRig(users, async (connect, credentials) => new SealedBus(await connect({ credentials }), seals));

const signingRig = (): Promise<BusRig> =>
  realRig(users, async (connect, credentials) => {
    const key = orderKey("password");
    return new SigningBus(await connect({ credentials }), () => key);
  });

const readerRig = (): Promise<BusRig> =>
  realRig(accounts, async (connect, credentials) =>
    readingBy(await connect({ credentials }), await connect({ credentials: reader, names: readersNames })),
  );

type Connect = (options: Pick<Parameters<typeof connectBus>[0], "credentials" | "names">) => Promise<CoordinatorBus>;

async function realRig(config: string, via: (connect: Connect, credentials: object) => Promise<Bus>): Promise<BusRig> {
  const server = await startNatsServer({ config });
  const buses: Bus[] = [];
  const connectTo: Connect = async (options) => {
    const bus = await connectBus({ url: server.url, name: "conformance", ...options });
    buses.push(bus);
    return bus;
  };
  const connect = (credentials: object = {}): Promise<Bus> => via(connectTo, credentials);
  const own = await connectTo({ credentials: {} });
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
    until: eventually,
    kill: server.kill,
    restart: server.restart,
    freeze: async () => {
      server.freeze();
      // The server may still answer for a moment after the signal.
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
    until: (what, condition) => eventually(what, condition, { pause: (ms) => own.clock.pause(ms) }),
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

/** Reads as viewers on other machines do; everything else is as in `busImplementations`. */
export const readerImplementation: BusImplementation = {
  name: "nats-server, message by message",
  promises: { knowsUsers: false, tellsSizes: false, tellsTimes: false, judgesSeals: false },
  start: readerRig,
};

const real: BusPromises = { knowsUsers: true, tellsSizes: true, tellsTimes: true, judgesSeals: false };

/** Stores and reads as the leader does; requests and publishing are as in `busImplementations`. */
export const sealedImplementation: BusImplementation = {
  name: "nats-server, as the leader uses it",
  promises: { ...real, judgesSeals: true },
  start: sealedRig,
};

/** Makes requests as operators do; everything else is as in `busImplementations`. */
export const signingImplementation: BusImplementation = {
  name: "nats-server, as operators use it",
  promises: real,
  start: signingRig,
};

export const busImplementations: readonly BusImplementation[] = [
  { name: "nats-server", promises: real, start: natsRig },
  {
    name: "the simulator",
    promises: { knowsUsers: false, tellsSizes: false, tellsTimes: true, judgesSeals: false },
    start: simulatedRig,
  },
];
