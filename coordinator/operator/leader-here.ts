import { readPeers } from "../../shared/broker/peers/peers.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { Bus } from "../../shared/ports.ts";
import type { Status } from "../../shared/wire/messages.ts";
import { livingEndpoint } from "../endpoint/endpoint.ts";
import { hearStatus } from "../reading/hear-status.ts";
import type { Scope } from "./scope.ts";

/** Whether a coordinator may lead now. With peers or somebody else's broker that is unknown here, and counts as yes. */
export const isCoordinatorHere = ({ paths, external }: Scope): boolean =>
  external !== null || readPeers(paths) !== undefined || livingEndpoint(paths) !== undefined;

/** What the leader says about its workers; undefined at once if no coordinator can lead. @param state  as the journal has it */
export const heardStatus = async (
  bus: Bus,
  scope: Scope,
  state: WorkspaceState | Promise<WorkspaceState>,
): Promise<Status | undefined> => (isCoordinatorHere(scope) ? hearStatus(bus, state) : undefined);

/** The note under a list of jobs that nobody leads. */
export const nobodyLeads = (flags: string): string =>
  `no coordinator runs on this machine, so no new run starts; to continue: nexus-coord${flags}\n`;
