import { type ExternalBroker, linkWorkspace } from "../shared/broker/workspace-link.ts";
import { workspacePaths } from "../shared/workspace.ts";
import { ensureCoordinator } from "./launch.ts";
import type { CoordinatorFlags } from "./main.ts";

export async function openScreen(
  flags: CoordinatorFlags,
  external: ExternalBroker | null,
  specs: readonly string[],
): Promise<number> {
  const { endpoint, started } = await ensureCoordinator(workspacePaths(flags.workspace), []);
  process.stdout.write(`${started} ${endpoint.joinLine} ${specs.length} ${external}\n`);
  return 0;
}

export async function watch(
  flags: CoordinatorFlags,
  external: ExternalBroker | null,
  job: string | undefined,
): Promise<number> {
  const link = await linkWorkspace(workspacePaths(flags.workspace), "viewer", external);
  process.stdout.write(`${job}\n`);
  await link.close();
  return 0;
}
