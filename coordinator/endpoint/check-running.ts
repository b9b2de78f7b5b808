import { addressText } from "../../shared/broker/address.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { parseListen } from "../../shared/broker/server/listen.ts";
import { sameTls, type TypedTls, tlsSettings, tlsText } from "../../shared/broker/tls/tls-settings.ts";
import { UsageError } from "../../shared/errors.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import type { Endpoint } from "./endpoint.ts";
import { packageChoice } from "./package-choice.ts";

/** Typed options that take effect only when a coordinator starts. */
export interface TypedSettings extends TypedTls {
  readonly listen?: string | undefined;
  readonly nats?: string | undefined;
  /** Seconds. */
  readonly lease?: number | undefined;
  /** Seconds. */
  readonly linger?: number | undefined;
  readonly replicas?: number | undefined;
  /** Whose own searches may start. */
  readonly ownSearch?: string | undefined;
  /** Where the package is handed out. */
  readonly package?: string | undefined;
}

/**
 * Compares what was typed with the coordinator that already runs, which would silently ignore it.
 *
 * @throws UsageError that says what it was started with, and how to restart it
 */
export function checkRunning(paths: WorkspacePaths, endpoint: Endpoint, typed: TypedSettings): void {
  const found = differences(paths, endpoint, typed);
  if (found.length === 0) return;
  throw new UsageError(
    `the coordinator of ${paths.name} runs already (process ${endpoint.coordinator.pid}), and ${found.join("; ")}\n` +
      `  these take effect only at its start; to restart it:  nexus-coord stop${workspaceFlags(paths.name)}\n` +
      "  then this line again; runs continue meanwhile, and their results count",
  );
}

function differences(paths: WorkspacePaths, { url, settings, handedOut }: Endpoint, typed: TypedSettings): string[] {
  const found: string[] = [];
  const broker = runningBroker(paths);
  if (typed.listen !== undefined) {
    const wanted = addressText(parseListen(typed.listen));
    if (broker && addressText(broker) !== wanted)
      found.push(`its broker listens on ${addressText(broker)}, not ${wanted}`);
  }
  const wantedTls = broker && tlsSettings(paths, typed);
  if (wantedTls && broker.tls && !sameTls(wantedTls, broker.tls))
    found.push(`its broker uses ${tlsText(broker.tls)}, not ${tlsText(wantedTls)}`);
  if (typed.nats !== undefined && typed.nats !== url && !(typed.nats === "own" && broker)) {
    found.push(`it uses the broker at ${url}, not ${typed.nats}`);
  }
  if (typed.package !== undefined) {
    const wanted = packageChoice(paths, typed.package);
    const is = handedOut?.port ?? "none";
    if (wanted !== is && (wanted !== "auto" || is === "none"))
      found.push(
        `it hands out its package ${is === "none" ? "nowhere" : `on port ${is}`}, not with --package ${wanted}`,
      );
  }
  const times = [
    ["lease", typed.lease, settings?.leaseMs],
    ["linger", typed.linger, settings?.lingerMs],
  ] as const;
  for (const [name, seconds, runsWithMs] of times) {
    if (seconds !== undefined && runsWithMs !== undefined && seconds * 1000 !== runsWithMs)
      found.push(`its --${name} is ${runsWithMs / 1000} s, not ${seconds} s`);
  }
  if (typed.replicas !== undefined && settings && typed.replicas !== settings.replicas)
    found.push(
      `it was started ${settings.replicas ? `with --replicas ${settings.replicas}` : "without --replicas"}, not with ${typed.replicas}`,
    );
  const { ownSearch } = typed;
  if (ownSearch !== undefined && settings?.ownSearch !== undefined && ownSearch !== settings.ownSearch)
    found.push(`its --own-search is ${settings.ownSearch}, not ${ownSearch}`);
  return found;
}
