import { lstatSync } from "node:fs";
import { join, relative } from "node:path";
import { bytesOf, filesBelow } from "../../support/living-tree.ts";
import { allProcesses } from "../../support/process-list.ts";
import type { Act, Family } from "../act.ts";
import type { Ground } from "../ground/ground.ts";
import { secretsOf } from "../ground/secrets.ts";

/** A place where somebody may find texts that hold a secret, and how to read it. */
type Place = readonly [title: string, look: (ground: Ground) => string | Promise<string>];

/** The texts of all files below the folder whose path in it passes, joined. */
const textsBelow = (folder: string, passes: (path: string) => boolean): string =>
  filesBelow(folder)
    .filter((file) => passes(relative(folder, file)))
    .map(bytesOf)
    .join("\n");

const places: readonly Place[] = [
  [
    "the list of processes",
    () =>
      allProcesses()
        .filter(({ pid }) => pid !== process.pid)
        .map(({ command }) => command)
        .join("\n"),
  ],
  ["the coordinator's log", ({ paths }) => bytesOf(paths.coordinatorLog)],
  ["the log of events", ({ paths }) => bytesOf(paths.eventLog)],
  ["the broker's log", ({ paths }) => bytesOf(paths.brokerLog)],
  ["nats-server's log", ({ paths }) => bytesOf(paths.serverLog)],
  ["what the coordinator prints", ({ coordinator }) => coordinator.output()],
  ["what the worker prints", ({ worker }) => worker.output()],
  ["the worker's log", ({ folder }) => textsBelow(join(folder, "state"), (name) => name.endsWith(".log"))],
  ["the journal on disk", ({ paths }) => textsBelow(join(paths.store), (name) => name.includes("JRN"))],
  ["the evidence on disk", ({ paths }) => textsBelow(join(paths.store), (name) => name.includes("/EV/"))],
  ["the entries on disk", ({ paths }) => textsBelow(join(paths.store), (name) => name.includes("KV_"))],
  ["checkpoints and snapshots on disk", ({ paths }) => textsBelow(join(paths.store), (name) => name.includes("BLOB"))],
  ["broker.json", ({ paths }) => bytesOf(paths.brokerInfo)],
  ["the run folders", ({ folder }) => textsBelow(join(folder, "state"), (name) => /\/(runs|held)\//.test(name))],
  ["what nexus list workers prints", async (ground) => (await ground.command(["list", "workers", "--json"])).output],
  ["what nexus view events prints", async (ground) => (await ground.command(["view", "events", "hon"])).output],
  ["what nexus list jobs prints", async (ground) => (await ground.command(["list", "jobs", "--json"])).output],
  ["what a wrong command prints", async (ground) => (await ground.command(["view", "run", "run999.1"])).output],
];

const found = places.map(
  ([title, look]): Act => ({
    family: "secrets",
    role: "nobody",
    title: `reads a secret in ${title}`,
    attempt: async (ground, mark) => {
      ground.notes.set(mark, await look(ground));
    },
    harm: (ground, mark) => {
      const text = ground.notes.get(mark) as string; // as attempt left it
      for (const [name, secret] of secretsOf(ground)) if (text.includes(secret)) return `it holds ${name}`;
      return undefined;
    },
  }),
);

/** The audit starts every program with umask 000, so files are exactly as open as our programs make them. */
const open = (
  [
    ["a file of the workspace", ({ paths }: Ground) => paths.dir],
    ["a file of a worker", ({ folder }: Ground) => join(folder, "state")],
  ] as const
).flatMap(([title, where]): Act[] => [
  {
    family: "secrets",
    role: "nobody",
    title: `writes to ${title} as another user`,
    attempt: () => undefined,
    harm: (ground) => modes(where(ground), 0o022),
  },
  {
    family: "secrets",
    role: "nobody",
    title: `reads ${title} that holds a secret, as another user`,
    attempt: () => undefined,
    harm: (ground) => modes(where(ground), 0o077, /secrets\/|identity\.json|endpoint\.json|spool\//),
  },
]);

/** The first file below the folder whose mode has any of these rights; undefined if none has. */
function modes(folder: string, rights: number, names = /./): string | undefined {
  const files = filesBelow(folder);
  if (files.length === 0) throw new Error(`there is no file in ${folder}`);
  for (const file of files) {
    const name = relative(folder, file);
    // nats-server creates its own files, in a folder that only the owner may enter.
    if (!names.test(name) || name.startsWith("store/")) continue;
    const mode = lstatSync(file, { throwIfNoEntry: false })?.mode ?? 0; // 0: it has gone meanwhile
    if ((mode & rights) !== 0) return `${name} has mode ${(mode & 0o777).toString(8)}`;
  }
  return undefined;
}

const folders: Act = {
  family: "secrets",
  role: "nobody",
  title: "enters the workspace's folder as another user",
  attempt: () => undefined,
  harm: ({ paths }) =>
    [paths.dir, paths.secrets]
      .filter((folder) => (lstatSync(folder).mode & 0o077) !== 0)
      .map((folder) => `${folder} is open`)[0],
};

export const secrets: Family = {
  name: "secrets",
  origin: "12, Low, held",
  acts: () => [...found, ...open, folders],
  control: async (ground) => {
    const all = [...secretsOf(ground).keys()];
    const missing = ["coordinator.json", "operator.json", "viewer.json", "identity.json", "the join code"].filter(
      (name) => !all.some((each) => each.includes(name)),
    );
    return missing.length === 0 ? undefined : `it knows no secret of ${missing.join(", ")}`;
  },
};
