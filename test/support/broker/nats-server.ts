import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNatsServer } from "../../../shared/broker/install/nats-server-binary.ts";
import { type NatsProcess, startNats } from "../../../shared/broker/server/nats-process.ts";
import { endProcess, signalProcess } from "../../../shared/broker/server/tied-process.ts";
import { atEnd, mustEnd, temporaryFolder } from "../cleanup.ts";
import { patienceMs } from "../patience.ts";
import { holdPort } from "./ports.ts";

/** A real nats-server for one test, free to be killed or frozen. It ends with the test file. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Holds store, configuration and log. */
  readonly folder: string;
  /** The pid of the current process. */
  readonly pid: number;
  /** Clean end. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same port and store; if it still runs, ends it cleanly first. */
  restart(): Promise<void>;
  /** Makes it read its configuration again. */
  reload(): void;
}

/**
 * @param options.config  further configuration, for example `accounts { ... }`; port, store and log are already set.
 *                        Included files are looked up in `folder`
 * @param options.folder  where to put everything; a new one when left out
 */
export async function startNatsServer(
  options: { config?: string; folder?: string; hasJetStream?: boolean } = {},
): Promise<TestServer> {
  const folder = options.folder ?? temporaryFolder();
  const port = await holdPort();
  const { path: binary } = await findNatsServer();
  const configuration = join(folder, "nats-server.conf");
  const serverLog = join(folder, "nats-server.log");
  const serverName = `test-${process.pid}-${port}`;
  writeFileSync(
    configuration,
    `server_name: "${serverName}"
listen: "127.0.0.1:${port}"
logfile: "${serverLog}"
${options.hasJetStream === false ? "" : `jetstream { store_dir: "${join(folder, "store")}", sync_interval: always, max_file_store: 1000TB }`}
${options.config ?? ""}
`,
  );
  const start = async (): Promise<NatsProcess> => {
    const output = join(folder, "output.log");
    const server = await startNats({ binary, configuration, serverName, host: "127.0.0.1", port, serverLog, output });
    mustEnd(server.identity.pid);
    return server;
  };
  let server = await start();
  const stop = (): Promise<void> => server.stop();
  atEnd(stop);
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    folder,
    get pid() {
      return server.identity.pid;
    },
    stop,
    kill: async () => {
      await endProcess(server.identity, "SIGKILL", patienceMs);
    },
    freeze: () => signalProcess(server.identity, "SIGSTOP"),
    thaw: () => signalProcess(server.identity, "SIGCONT"),
    restart: async () => {
      await stop();
      server = await start();
    },
    reload: () => signalProcess(server.identity, "SIGHUP"),
  };
}
