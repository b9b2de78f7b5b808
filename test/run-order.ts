/**
 * The slowest test files, slowest first, without `.test.js`. Each has its own process, and they start before all
 * others, so that none of them runs alone at the end. A slow file that is missing here costs only time.
 */
export const longest: readonly string[] = [
  "integration/whole/bad-luck",
  "system/hosts/swarm-of-hosts",
  "system/whole/wheel",
  "system/whole/package",
  "system/whole/demo",
  "integration/worker/large-states",
  "integration/broker/faults",
  "integration/peers/purge",
  "terminal/dying",
  "integration/worker/joining",
  "integration/peers/peers",
  "integration/whole/faults",
  "integration/peers/move",
  "unit/simulate/simulation",
  "integration/whole/search",
  "integration/store/backup",
  "integration/store/forged-journal",
  "integration/cli/invite",
  "system/audit/quick",
  "integration/audit/fastest",
  "integration/cli/rotate",
  "integration/own-search/own-search",
  "integration/cli/control",
  "integration/peers/exchange",
  "system/whole/chaos",
  "integration/broker/server",
  "integration/worker/runs",
  "integration/broker/external-broker",
  "integration/worker/room",
  "integration/whole/tutorial",
  "integration/store/damaged-store",
  "integration/worker/secrets",
  "integration/worker/checkpoints",
  "integration/store/set-aside",
  "integration/worker/run-state",
  "integration/broker/network-cut",
];

/** Most files of `unit` that share a process: starting a process costs more than most of these files. */
const atMost = 20;

/** The files of each process, in starting order; paths are relative to `dist/test`. */
export function inOrder(paths: readonly string[]): string[][] {
  const all = paths.toSorted();
  const first = longest.flatMap((name) => all.filter((path) => path === `${name}.test.js`));
  const short = all.filter((path) => !first.includes(path));
  const shared = short.filter((path) => path.startsWith("unit/"));
  const alone = short.filter((path) => !path.startsWith("unit/"));
  const groups = Array.from({ length: Math.ceil(shared.length / atMost) }, (_, i) =>
    shared.slice(i * atMost, (i + 1) * atMost),
  );
  return [...[...first, ...alone].map((path) => [path]), ...groups];
}
