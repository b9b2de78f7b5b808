import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isProven } from "../../shared/broker/access/search-proof.ts";
import { writeCode } from "../../shared/components/code-files.ts";
import type { CodeBundle } from "../../shared/domain/code-bundle.ts";
import type { JobName } from "../../shared/domain/names.ts";
import type {
  OwnSearchEars,
  OwnSearches,
  OwnSearchJob,
  OwnSearchSettings,
} from "../../shared/domain/search/own-search.ts";
import type { Log } from "../../shared/log.ts";
import { runEnvironment } from "../../shared/machine/run-environment.ts";
import type { Clock } from "../../shared/ports.ts";
import { RotatingFile } from "../../shared/rotating-file.ts";
import type { SealKey } from "../../shared/wire/seals/seals.ts";
import type { Launch } from "./program.ts";
import { SearchProcess } from "./search-process.ts";

/**
 * Searches of the user's own (`hp_tuning: own`): a room beside the leader, which knows only the port in
 * shared/domain/search/own-search.ts. The code comes from the journal, so whoever leads can start it. Each program has a folder of
 * its own, empty at every start, the environment of a run, and bounds on memory and time. It speaks lines (protocol.ts); an ES
 * module is run by a program of ours that speaks them for it (module-host.ts). `nexus check-search` checks a search
 * against the protocol (check/).
 */

const moduleHost = fileURLToPath(new URL("./module-host.js", import.meta.url));
/** Whose searches it starts. here: orders from a machine that may lead; operators: anyone who may give orders; none. */
export const searchesFrom = ["here", "operators", "none"] as const;
export type SearchesFrom = (typeof searchesFrom)[number];

const noneStart = "this coordinator starts no searches of users (nexus-coord --own-search none)";
const printedBytes = 1_000_000;

export interface OwnSearchesOptions {
  /** A folder for the programs of a workspace. */
  readonly folder: string;
  /** Folder for what they print to standard error, `search-job1.log`. */
  readonly logs: string;
  /** Whose searches are started here. */
  readonly from: SearchesFrom;
  /** The keys of the journal's seals, as they are now, the newest last. */
  keys(): readonly SealKey[];
  /** The backup that brought the program of a job that order `op` submitted, until somebody here lets it start. */
  barredBy(job: JobName, op: string): { readonly from: string; readonly at: string } | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export function ownSearches({ folder, logs, from, keys, barredBy, clock, log }: OwnSearchesOptions): OwnSearches {
  /** Folders in use, each of one search that is open or whose program is just ending. */
  const used = new Set<string>();
  let opened = 0;
  return {
    whyNot(job, op) {
      if (from === "none") return { why: noneStart, toGoOn: "to go on where one is started" };
      const backup = barredBy(job, op);
      if (!backup) return null;
      return {
        why: `its program came with the backup of ${backup.from} of ${backup.at}, and whoever made that chose it`,
        toGoOn: "if you trust it, on the coordinator's machine",
      };
    },
    refusalOf(op, search, code, proof) {
      if (from === "none") return noneStart;
      // Only the newest key proves an order: whoever has an old backup has the older ones.
      if (from === "operators" || isProven(keys().slice(-1), { op, search, code }, proof)) return null;
      return (
        "its search would run on the coordinator's machine, and this order does not come from there\n" +
        "  give the order on a machine with a coordinator of this workspace, or start that with --own-search operators"
      );
    },
    open(job: OwnSearchJob, ears: OwnSearchEars) {
      opened += 1;
      const name = `${job.job}.${process.pid}.${opened}`;
      used.add(name);
      // Remove what an earlier coordinator of this machine left.
      for (const other of existsSync(folder) ? readdirSync(folder) : []) {
        if (!used.has(other)) rmSync(join(folder, other), { recursive: true, force: true });
      }
      const own = join(folder, name);
      const printed = new RotatingFile(join(logs, `search-${job.job}.log`), { mostBytes: printedBytes, kept: 1 });
      return new SearchProcess(job, ears, {
        clock,
        log,
        launch: () => freshLaunch(own, job.settings, job.code),
        grumble: (line) => printed.write(`${new Date(clock.wall()).toISOString()} ${line}\n`),
        closed: () => {
          used.delete(name);
          printed.close();
          rmSync(own, { recursive: true, force: true });
        },
      });
    },
  };
}

/** Puts the code of a job into a folder that holds nothing else, and says what to start there. */
function freshLaunch(folder: string, settings: OwnSearchSettings, code: CodeBundle | null): Launch {
  rmSync(folder, { recursive: true, force: true });
  const codeFolder = join(folder, "code");
  const work = join(folder, "work");
  for (const each of [codeFolder, work]) mkdirSync(each, { recursive: true, mode: 0o700 });
  if (code) writeCode(codeFolder, code);
  return launchIn({ codeFolder, work }, settings);
}

/** @param codeFolder  words of the command that name a file there become its path */
export function launchIn(
  { codeFolder, work }: { readonly codeFolder: string; readonly work: string },
  { command, module, memory }: OwnSearchSettings,
): Launch {
  const env = {
    ...runEnvironment(process.env, ["VIRTUAL_ENV", "CONDA_PREFIX"]),
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    NEXUS_CODE: codeFolder,
  };
  // Without it, V8 may take half of the machine's memory before it collects garbage.
  const heap = `--max-old-space-size=${Math.max(16, Math.floor(memory / 2 ** 20))}`;
  const words =
    module === null
      ? (command ?? []).map((word) => (isFileOf(codeFolder, word) ? join(codeFolder, word) : word))
      : [process.execPath, heap, moduleHost, join(codeFolder, module)];
  return { command: words, cwd: work, env, memory };
}

const isFileOf = (folder: string, word: string): boolean =>
  word !== "" && !word.startsWith("-") && !word.split("/").includes("..") && existsSync(join(folder, word));
