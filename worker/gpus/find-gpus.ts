import { amdGpus } from "./amd.ts";
import { patienceMs } from "./ask-program.ts";
import { chooseGpus, type GpuChoice } from "./choose-gpus.ts";
import { LentGpus } from "./lent-gpus.ts";
import { nvidiaGpus } from "./nvidia.ts";

/**
 * The GPUs that this machine lends.
 *
 * @throws UsageError if what the owner names is not there
 */
export async function findGpus(choice: GpuChoice, environment: NodeJS.ProcessEnv): Promise<LentGpus> {
  if (choice === "none") return new LentGpus(chooseGpus(choice, environment, { nvidia: null, amd: null }));
  const asking = { path: environment["PATH"], patienceMs };
  const [nvidia, amd] = await Promise.all([nvidiaGpus(asking), amdGpus(asking)]);
  return new LentGpus(chooseGpus(choice, environment, { nvidia, amd }));
}
