import { readJsonFile, type WorkspacePaths, writeSecretFile } from "../../machine/workspace.ts";
import { type Listen, loopback } from "./listen.ts";

/** Where the broker listened when a coordinator last held it, and the ports that it had before. */
export interface RememberedListen extends Listen {
  /** Newest first. Workers that joined there know no other. */
  readonly former: readonly number[];
}

const mostFormer = 3;

export function rememberedListen(paths: WorkspacePaths): RememberedListen | undefined {
  const value = readJsonFile(paths.brokerPort);
  if (typeof value !== "object" || value === null) return undefined;
  const { host, port, former } = value as Record<string, unknown>;
  if (!isPort(port)) return undefined;
  return {
    host: typeof host === "string" ? host : loopback, // earlier versions wrote the port alone
    port,
    former: Array.isArray(former) ? former.filter(isPort).slice(0, mostFormer) : [],
  };
}

export function rememberListen(paths: WorkspacePaths, { host, port }: Listen): void {
  const before = rememberedListen(paths);
  if (before?.port === port && before.host === host) return;
  const former = formerPorts(before, port);
  writeSecretFile(paths.brokerPort, `${JSON.stringify({ host, port, former })}\n`);
}

/** Ports that lead to a broker that listens on `port` now. */
export function formerPorts(before: RememberedListen | undefined, port: number): number[] {
  const all = before ? [before.port, ...before.former] : [];
  return [...new Set(all)].filter((each) => each !== port).slice(0, mostFormer);
}

const isPort = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
