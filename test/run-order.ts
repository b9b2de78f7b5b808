/**
 * The test files that take longest, the longest first, without `.test.js`. Each has a process of its own, and they begin before
 * all others, so that none of them is alone at the end. A long file that is not named here costs only that.
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

/** Files of `unit` that share a process: to start one costs more than most of these files do. */
const atMost = 20;

/** What each process runs, in the order in which they begin; the paths are those below `dist/test`. */
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
