import type { WorkspaceLink } from "../../shared/broker/workspace-link.ts";
import { noCoordinator } from "./give-order.ts";
import { type Scope, withLink } from "./scope.ts";

/** Connects for an order. Unlike a reading command it starts no broker: without a coordinator nobody could carry it out. */
export async function withOperatorLink<T>(scope: Scope, work: (link: WorkspaceLink) => Promise<T>): Promise<T> {
  if (!scope.external) {
    const { runningBroker } = await import("../../shared/broker/server/broker-info.ts");
    if (!runningBroker(scope.paths)) throw noCoordinator(scope.paths.name);
  }
  return withLink(scope, "operator", work);
}
