import type { Role } from "../../../shared/broker/access/credentials.ts";
import { type LinkOptions, linkWorkspace, type WorkspaceLink } from "../../../shared/broker/workspace-link.ts";
import { UnreachableError } from "../../../shared/errors.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import { BusError } from "../../../shared/ports.ts";
import { eventually } from "../patience.ts";

/** Whether this says that a broker that is there did not answer: on a busy machine it may answer later. */
export const mayAnswerLater = (error: unknown): error is Error =>
  error instanceof BusError || (error instanceof UnreachableError && error.cause instanceof BusError);

/** Links to a workspace as soon as its broker answers. */
export const linkPatiently = (paths: WorkspacePaths, role: Role, options: LinkOptions = {}): Promise<WorkspaceLink> =>
  onceAnswered(() => linkWorkspace(paths, role, null, options));

/** Looks at what a workspace holds, as its viewer, as soon as its broker answers. */
export const lookPatiently = <T>(paths: WorkspacePaths, look: (bus: WorkspaceLink["bus"]) => Promise<T>): Promise<T> =>
  onceAnswered(async () => {
    const link = await linkWorkspace(paths, "viewer");
    try {
      return await look(link.bus);
    } finally {
      await link.close();
    }
  });

async function onceAnswered<T>(ask: () => Promise<T>): Promise<T> {
  let why = "";
  const { answer } = await eventually(
    "the broker answers",
    async () => {
      try {
        return { answer: await ask() };
      } catch (error) {
        if (!mayAnswerLater(error)) throw error;
        why = error.message;
        return undefined;
      }
    },
    { seen: () => why },
  );
  return answer;
}
