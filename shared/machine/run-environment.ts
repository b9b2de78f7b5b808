/**
 * The variables that a run gets from its worker's environment, and a user's own search from its coordinator's: where
 * programs are, who and where the user is, language and time, and the devices that the machine's owner lends.
 * Everything else may be a secret of the owner and stays with the worker or coordinator.
 */
const passed: ReadonlySet<string> = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE"],
  // Devices that the owner lends.
  ...["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"],
  ...["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "ONEAPI_DEVICE_SELECTOR"],
  // Which kernels our own learner uses.
  "NEXUS_KERNELS",
  // Without these, no program starts on Windows.
  ...["SystemRoot", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT", "COMSPEC"],
]);

/** The environment for a run. @param more  further names that the owner lets through (`--pass-env`) */
export function runEnvironment(own: NodeJS.ProcessEnv, more: readonly string[]): NodeJS.ProcessEnv {
  const isPassed = (name: string): boolean => passed.has(name) || name.startsWith("LC_") || more.includes(name);
  return Object.fromEntries(Object.entries(own).filter(([name]) => isPassed(name)));
}

/** Variables that set the thread counts of numeric libraries. */
const threadVariables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"];

export const threadCounts = (cores: number): NodeJS.ProcessEnv =>
  Object.fromEntries(threadVariables.map((name) => [name, String(cores)]));
