/**
 * Which port the broker listens on: the one it was given; else the last one, if it is free; else any. Up to three ports that it
 * had before also lead there, since the workers that joined at one of them know no other.
 */

import { messageOf } from "../../errors.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { type Address, addressText, localHost, loopback } from "../address.ts";
import { openFormerPort } from "./former-port.ts";
import { cannotListen, probeAnyPort, probePort } from "./listen.ts";

/** Where the broker listened when a coordinator last held it. */
interface RememberedListen extends Address {
  /** The ports that it had before, newest first. */
  readonly former: readonly number[];
}

const mostFormer = 3;

export function rememberedListen(paths: WorkspacePaths): RememberedListen | undefined {
  const { host, port, former } = readJsonFields(paths.brokerPort);
  if (!isPort(port)) return undefined;
  return {
    host: typeof host === "string" ? host : loopback, // earlier versions wrote the port alone
    port,
    former: Array.isArray(former) ? former.filter(isPort).slice(0, mostFormer) : [],
  };
}

export function rememberListen(paths: WorkspacePaths, { host, port }: Address): void {
  const before = rememberedListen(paths);
  if (before?.port === port && before.host === host) return;
  writeJsonFile(paths.brokerPort, { host, port, former: formerPorts(before, port) });
}

/** Result of the search for a port. */
export interface PortChoice {
  readonly port: number;
  /** The last port, which another program has by now. */
  readonly taken?: number;
}

/** A port that is free now. @throws BrokerError if nothing can listen there */
export async function choosePort(paths: WorkspacePaths, host: string, wanted: number | undefined): Promise<PortChoice> {
  const last = wanted ?? rememberedListen(paths)?.port;
  if (last !== undefined) {
    const probe = await probePort(host, last);
    if (probe.free) return { port: last };
    if (wanted !== undefined) throw cannotListen({ host, port: wanted }, probe.code);
  }
  const probe = await probeAnyPort(host);
  if (!probe.free) throw cannotListen({ host, port: last ?? 4222 }, probe.code);
  return last === undefined ? { port: probe.port } : { port: probe.port, taken: last };
}

/** The port that was taken, for the person at the terminal. */
export const takenNote = (taken: number, now: Address): string =>
  `port ${taken} is taken by another program; the broker listens on ${addressText(now)} now; workers that joined before must be started with the new line`;

/** Makes the broker's earlier ports lead to it. Returns what closes them, and notes for people. */
export async function openFormerPorts(
  paths: WorkspacePaths,
  { port: now, taken }: PortChoice,
  host: string,
  log: (line: string) => void,
): Promise<{ readonly closers: (() => void)[]; readonly notes: string[] }> {
  const target = { host: localHost(host), port: now };
  const closers: (() => void)[] = [];
  const notes: string[] = [];
  for (const port of formerPorts(rememberedListen(paths), now)) {
    if (port === taken) continue; // takenNote says it
    try {
      closers.push(await openFormerPort({ host, port }, target));
      log(`port ${port}, where the broker listened before, leads to ${addressText({ host, port: now })}`);
    } catch (error) {
      const why = messageOf(error);
      log(`port ${port}, where the broker listened before, cannot lead to it: ${why}`);
      notes.push(
        `workers that joined at port ${port} must be started with the new line: that port is taken by another program`,
      );
    }
  }
  return { closers, notes };
}

function formerPorts(before: RememberedListen | undefined, port: number): number[] {
  const all = before ? [before.port, ...before.former] : [];
  return [...new Set(all)].filter((each) => each !== port).slice(0, mostFormer);
}

const isPort = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
