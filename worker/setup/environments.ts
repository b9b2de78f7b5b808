import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { programOnPath } from "../../shared/machine/program-on-path.ts";
import type { EndSignal } from "../../shared/ports.ts";
import { endMarked, runMark } from "../processes/leftovers.ts";
import { removeFolder } from "../processes/remove-folder.ts";
import { environmentIn, programsIn } from "../processes/virtual-environment.ts";
import { causeIn } from "./failure-cause.ts";
import { answer, findPython, type Python } from "./find-python.ts";
import { KeptEnvironments, type KeptOptions } from "./kept-environments.ts";
import { type PlainInstalls, plainInstalls } from "./plain-installs.ts";
import { runCommand, SetupOutput } from "./run-command.ts";
import { mentionsPip, setupDigest, type WantedSetup } from "./setup-digest.ts";

/** A virtual environment that runs of a job use. */
export interface PythonEnvironment {
  readonly folder: string;
  /** What else they must be able to read: where its Python is installed. */
  readonly base: string;
  /** For people and for the run's record: `python 3.12.4, setup 3f2a9c0d1e2b`. */
  readonly text: string;
}

/** A virtual environment that somebody uses: it stays until all have released it. */
export interface HeldEnvironment {
  readonly environment: PythonEnvironment;
  release(): void;
}

/** A setup failed. This counts as the machine's fault, not the run's. */
export class SetupFailure extends Error {
  override readonly name = "SetupFailure";
  /** The last lines that it printed. */
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

export interface EnvironmentsOptions extends KeptOptions {
  /** What setups see of the worker's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** The environment in which the worker looks for Python and uv, outside a sandbox; left out: the same. */
  readonly outside?: NodeJS.ProcessEnv;
  /** Words that give a setup a reaper; left out where there can be none, and in a sandbox. */
  readonly reaper?: readonly string[] | undefined;
  /** Puts a command into the worker's sandbox; left out: there is none. */
  confined?(command: readonly string[], room: SetupRoom): string[];
}

/** What a setup needs in a sandbox. */
export interface SetupRoom {
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  readonly network: boolean;
  readonly cwd: string;
}

export interface SetupWish extends WantedSetup {
  /** Whether the job asks for the network; counts in a sandbox. */
  readonly network: boolean;
}

/** What is known of a wish before its environment is made. */
interface Known {
  readonly found: Python;
  readonly digest: string;
  /** Undefined: the setup is executed in the folder of the job's code. */
  readonly installs: PlainInstalls | undefined;
}

const limitMs = 3_600_000;
/**
 * Where pip and uv keep what they fetched, in the folder of the environments. In a sandbox, each setup has its own,
 * deleted with it: otherwise one setup could leave files that the next installs, and uv's files are the environment's
 * own (hard links).
 */
const downloads = "downloads";
/** Says that the environment is whole. The file lies beside the folder, where no setup can put a link in its place. */
const markerOf = (folder: string): string => `${folder}.json`;
const [python, uvProgram] = process.platform === "win32" ? ["python.exe", "uv.exe"] : ["python", "uv"];

/**
 * Virtual environments on this machine, one for each setup and content, made once and used by all runs that want it. If
 * one vanished or was left half made, it is made anew.
 */
export class Environments {
  readonly #options: EnvironmentsOptions;
  readonly #kept: KeptEnvironments;
  readonly #making = new Map<string, Promise<PythonEnvironment>>();
  readonly #known = new Map<string, Known>();

  constructor(options: EnvironmentsOptions) {
    this.#options = options;
    this.#kept = new KeptEnvironments(options);
  }

  /** @throws SetupFailure with what was printed; Error if there is no such Python */
  async ready(wish: SetupWish, signal: EndSignal): Promise<HeldEnvironment> {
    const known = await this.#about(wish);
    const { digest } = known;
    const name = digest.slice(0, 32);
    this.#kept.hold(name);
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#kept.release(name);
      isHeld = false;
    };
    try {
      let work = this.#making.get(digest);
      if (!work) {
        work = this.#ensure(known, wish, signal).finally(() => this.#making.delete(digest));
        this.#making.set(digest, work);
      }
      return { environment: await work, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  get #outside(): NodeJS.ProcessEnv {
    return this.#options.outside ?? this.#options.environment;
  }

  /** Worked out once for all runs of a job, whose code does not change. */
  async #about(wish: SetupWish): Promise<Known> {
    const { commands, python, code } = wish;
    const key = JSON.stringify([commands, python, code?.folder]);
    const known = this.#known.get(key);
    if (known && existsSync(known.found.path)) return known;
    const found = await findPython(python, this.#outside);
    const installs = plainInstalls(commands, code?.folder ?? null);
    const fresh = { found, installs, digest: setupDigest(wish, found, installs) };
    this.#known.set(key, fresh);
    return fresh;
  }

  async #ensure(known: Known, wish: SetupWish, signal: EndSignal): Promise<PythonEnvironment> {
    const { digest, found } = known;
    const folder = join(this.#options.folder, digest.slice(0, 32));
    const text = `python ${found.version}, setup ${digest.slice(0, 12)}`;
    const isWhole = existsSync(markerOf(folder)) && existsSync(join(programsIn(folder), python));
    if (!isWhole) await this.#make(folder, wish, known, signal);
    const now = this.#options.clock.wall() / 1000;
    utimesSync(markerOf(folder), now, now);
    return { folder, base: found.base, text };
  }

  async #make(folder: string, wish: SetupWish, { found, installs }: Known, signal: EndSignal): Promise<void> {
    rmSync(markerOf(folder), { force: true });
    removeFolder(folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const isShared = this.#options.confined === undefined;
    const fetched = isShared ? downloads : `${basename(folder)}.${downloads}`;
    const cache = join(this.#options.folder, fetched);
    if (!isShared) removeFolder(cache);
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    const now = this.#options.clock.wall() / 1000;
    utimesSync(cache, now, now);
    this.#kept.hold(fetched);
    const output = new SetupOutput(`${folder}.log`);
    const cwd = installs ? folder : (wish.code?.folder ?? folder);
    const { environment, reaper } = this.#options;
    const mark = `${environment[runMark] ?? randomBytes(6).toString("hex")}-${basename(folder)}`;
    const env = {
      ...environmentIn(folder, environment),
      [runMark]: mark,
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      PIP_CACHE_DIR: cache,
      UV_CACHE_DIR: join(cache, "uv"),
      // uv trusts the system's authorities, as pip does: only they know a lab's own. UV_NATIVE_TLS is its earlier name.
      UV_SYSTEM_CERTS: "1",
      UV_NATIVE_TLS: "1",
      PYTHONUNBUFFERED: "1",
    };
    try {
      const uv = await this.#uvFor(wish.commands);
      const venv = uv
        ? ["uv", "venv", "--python", found.path, folder, "--allow-existing"]
        : [found.path, "-I", "-m", "venv", ...(mentionsPip(wish) ? [] : ["--without-pip"]), folder];
      const commands = (installs ?? wish).commands.map((words) =>
        uv && words[0] === "pip" ? ["uv", ...words] : words,
      );
      const readable = [found.base, ...(uv ? [uv] : []), ...(wish.code === null ? [] : [wish.code.folder])];
      for (const [i, words] of [venv, ...commands].entries()) {
        const shown = i === 0 ? venv : (wish.commands[i - 1] ?? []);
        output.add(`$ ${shown.join(" ")}\n`);
        // The environment is made outside the job's code, so that none of its modules replaces one of Python's.
        const where = i === 0 ? folder : cwd;
        const room: SetupRoom = { writable: [folder, cache], readable, network: wish.network, cwd: where };
        const how = await runCommand(
          this.#options.confined?.(words, room) ?? words,
          { cwd: where, env, limitMs, signal, reaper },
          output,
        );
        if (how !== "") throw failure(shown, how, output);
      }
      // So that no power cut leaves the marker without what it stands for. Not by a `sync` that the setup has brought.
      if (process.platform === "linux")
        await runCommand(["sync", "-f", folder], { cwd: "/", env: environment, limitMs, signal, reaper }, output);
      writeFileSync(markerOf(folder), JSON.stringify({ commands: wish.commands, python: found }), { mode: 0o600 });
      this.#options.log.info({ folder, python: found.version }, "an environment was made");
    } catch (error) {
      // A half-made environment must not be taken for a whole one. Its output stays.
      removeFolder(folder);
      throw error;
    } finally {
      // Without a reaper: also ends what has begun a session of its own.
      endMarked(mark);
      output.close();
      for (const name of [basename(folder), fetched]) this.#kept.changed(name);
      if (isShared) this.#kept.release(fetched);
      else this.#kept.discard(fetched);
    }
  }

  /**
   * The path of uv, if it is to be used. It makes the same in a fraction of the time, but without pip itself, so only
   * if every command is pip or uv. In a sandbox it must be made readable by this path, since it usually lies in a home.
   */
  async #uvFor(commands: readonly (readonly string[])[]): Promise<string | undefined> {
    if (!commands.every(([program]) => program === "pip" || program === "uv")) return undefined;
    const uv = programOnPath(uvProgram, this.#outside["PATH"]);
    return uv !== undefined && (await answer(uv, ["--version"], this.#outside)) !== "" ? uv : undefined;
  }
}

function failure(words: readonly string[], how: string, output: SetupOutput): SetupFailure {
  const lines = output.lastLines;
  const cause = causeIn(lines);
  const venvHint =
    lines.some((line) => line.includes("ensurepip")) && words.includes("venv")
      ? "; on Debian and Ubuntu: apt-get install python3-venv"
      : "";
  return new SetupFailure(
    `its setup failed: ${words.join(" ")} ${how}${cause === "" ? "" : `: ${cause}`}${venvHint}`.slice(0, 600) +
      `; all that it printed is on this machine in ${output.path}`,
    lines.join("\n"),
  );
}
