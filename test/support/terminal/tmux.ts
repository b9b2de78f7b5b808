import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { atEnd, mustEnd, temporaryFolder } from "../cleanup.ts";
import { eventually } from "../patience.ts";

const lookMs = 40;
// biome-ignore lint/suspicious/noControlCharactersInRegex: every sequence begins with an escape.
const escapes = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** A tmux server for one test: real terminals whose screens can be read. */
export class Tmux {
  readonly #socket: string;
  #count = 0;

  constructor() {
    this.#socket = join(temporaryFolder(), "tmux");
    atEnd(() => {
      const { status } = spawnSync("tmux", ["-S", this.#socket, "kill-server"]);
      if (status !== 0) throw new Error("tmux had ended before its test did");
    });
  }

  /** A terminal of that size whose shell runs the script. `env` adds to a clean environment; undefined unsets. */
  open(
    size: readonly [columns: number, rows: number],
    script: string,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Pane {
    this.#count += 1;
    const name = `pane-${this.#count}`;
    const settings = Object.entries(env).map(([key, value]) =>
      value === undefined ? `unset ${key}` : `export ${key}=${quoted(value)}`,
    );
    const [columns, rows] = size;
    // The test's own environment must not affect the program.
    settings.unshift("unset CI NO_COLOR FORCE_COLOR LC_ALL LC_CTYPE");
    // The shell stays until the test ends, so that the test can see what the program left behind.
    const command = `${settings.join("; ")}; ${script}`;
    this.run(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-s",
      name,
      "-x",
      `${columns}`,
      "-y",
      `${rows}`,
      "sh",
      "-c",
      command,
    );
    this.run("set-option", "-s", "set-clipboard", "on");
    const pane = new Pane(this, name);
    mustEnd(pane.pid);
    return pane;
  }

  run(...args: readonly string[]): string {
    return execFileSync("tmux", ["-u", "-S", this.#socket, ...args], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8", TMUX: "" },
    });
  }
}

/** One terminal. */
export class Pane {
  readonly #tmux: Tmux;
  readonly name: string;

  constructor(tmux: Tmux, name: string) {
    this.#tmux = tmux;
    this.name = name;
  }

  /** The screen's text, without blanks at line ends. */
  text(): string {
    return this.#tmux.run("capture-pane", "-p", "-t", this.name);
  }

  /** The same with colours. */
  coloured(): string {
    return this.#tmux.run("capture-pane", "-e", "-p", "-t", this.name);
  }

  /** Presses keys by tmux's names: `Enter`, `Escape`, `C-c`; anything else is typed as it is. */
  press(...keys: readonly string[]): void {
    this.#tmux.run("send-keys", "-t", this.name, ...keys);
  }

  /** Sends bytes as a terminal would, all at once. */
  send(bytes: string): void {
    const codes = [...Buffer.from(bytes)].map((byte) => byte.toString(16));
    this.#tmux.run("send-keys", "-t", this.name, "-H", ...codes);
  }

  /** Records every byte that the program writes from now on; the returned function reads them. */
  record(): () => string {
    const file = join(temporaryFolder(), "written");
    this.#tmux.run("pipe-pane", "-t", this.name, `cat >> ${quoted(file)}`);
    return () => (existsSync(file) ? readFileSync(file, "utf8") : "");
  }

  resize(columns: number, rows: number): void {
    this.#tmux.run("resize-window", "-t", this.name, "-x", `${columns}`, "-y", `${rows}`);
  }

  /** Whether the alternate screen is on, and whether the cursor is shown. */
  modes(): {
    readonly alternate: boolean;
    readonly cursor: boolean;
    readonly mouse: boolean;
    readonly keypad: boolean;
  } {
    const flags = this.#tmux.run(
      "display-message",
      "-p",
      "-t",
      this.name,
      "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag}",
    );
    const [alternate, cursor, mouse, keypad] = flags.trim().split(" ");
    return { alternate: alternate === "1", cursor: cursor === "1", mouse: mouse === "1", keypad: keypad === "1" };
  }

  /** The shell in it. */
  get pid(): number {
    return Number(this.#tmux.run("display-message", "-p", "-t", this.name, "#{pane_pid}"));
  }

  /** The program that the shell runs whose command line names `part`. */
  child(part = "main.js"): number {
    const { pid } = this;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const found = children.find((each) => each !== "" && readFileSync(`/proc/${each}/cmdline`, "utf8").includes(part));
    if (found === undefined) throw new Error(`${this.name} runs nothing called ${part}`);
    return Number(found);
  }

  /** Presses keys once the screen does not show `wanted`; returns its text once it does: that text answers the keys. */
  async answers(keys: readonly string[], wanted: RegExp): Promise<string> {
    let last = "";
    await eventually(
      `${this.name} no longer shows ${wanted}`,
      () => {
        last = this.text();
        return !wanted.test(last);
      },
      { everyMs: lookMs, seen: () => last },
    );
    this.press(...keys);
    return this.shows(wanted);
  }

  /**
   * Presses keys, or acts; resolves once the program has written `wanted`, which may vanish before anybody looks. A screen writes
   * only what differs: text that replaces some of the same colour and letters is never seen whole.
   */
  async says(keys: readonly string[] | (() => void), wanted: RegExp): Promise<void> {
    const written = this.record();
    if (typeof keys === "function") keys();
    else this.press(...keys);
    const text = (): string => written().replace(escapes, "");
    await eventually(`${this.name} says ${wanted}`, () => wanted.test(text()), { seen: text });
  }

  /** The screen's text, once it shows `wanted`. */
  async shows(wanted: RegExp): Promise<string> {
    let last = "";
    return eventually(
      `${this.name} shows ${wanted}`,
      () => {
        last = this.text();
        return wanted.test(last) ? last : undefined;
      },
      { everyMs: lookMs, seen: () => last },
    );
  }
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
