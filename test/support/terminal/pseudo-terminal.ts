import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { constants, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { ReadStream, WriteStream } from "node:tty";
import type { TerminalPorts } from "../../../coordinator/tui/terminal/terminal.ts";
import { atEnd, mustEnd } from "../cleanup.ts";
import { eventually } from "../patience.ts";
import { TinyTerminal } from "./tiny-terminal.ts";

/** Holds the other end: prints what is written to the terminal as base64 lines, and obeys JSON commands, one a line. */
const script = `
import base64, fcntl, json, os, pty, select, struct, sys, termios
master, slave = pty.openpty()
def size(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
size(int(sys.argv[1]), int(sys.argv[2]))
print(os.ttyname(slave), flush=True)
reads, rest = True, b""
while True:
    ready, _, _ = select.select([0] + ([master] if reads else []), [], [])
    if master in ready:
        print(base64.b64encode(os.read(master, 65536)).decode(), flush=True)
    if 0 in ready:
        some = os.read(0, 65536)
        if some == b"":
            break
        *lines, rest = (rest + some).split(b"\\n")
        for line in lines:
            told = json.loads(line)
            if "type" in told:
                os.write(master, told["type"].encode())
            if "size" in told:
                size(*told["size"])
            reads = told.get("reads", reads)
`;

/** A real terminal without a window; the test sits at its other end. It ends with the test file, if not before. */
export class PseudoTerminal {
  /** Its screen. */
  readonly shown: TinyTerminal;
  readonly ports: TerminalPorts;
  readonly #path: string;
  readonly #end: ChildProcess;
  readonly #fd: number;
  #marks = 0;

  private constructor(path: string, end: ChildProcess, shown: TinyTerminal) {
    this.#path = path;
    this.#end = end;
    this.shown = shown;
    const open = (): number => openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    const fd = open();
    this.#fd = fd;
    // Node sets `fd` only on its standard streams.
    this.ports = { input: new ReadStream(open()), output: Object.assign(new WriteStream(fd), { fd }) };
  }

  static async open(columns: number, rows: number): Promise<PseudoTerminal> {
    const end = spawn("python3", ["-c", script, `${columns}`, `${rows}`], { stdio: ["pipe", "pipe", "inherit"] });
    mustEnd(end.pid);
    atEnd(() => end.stdin.end());
    const shown = new TinyTerminal(columns, rows);
    const decoder = new TextDecoder();
    const path = await new Promise<string>((resolve) => {
      let first = (line: string): void => {
        first = (bytes) => shown.write(decoder.decode(Buffer.from(bytes, "base64"), { stream: true }));
        resolve(line);
      };
      createInterface({ input: end.stdout }).on("line", (line) => first(line));
    });
    return new PseudoTerminal(path, end, shown);
  }

  /** Bytes as keys send them. */
  type(bytes: string): void {
    this.#tell({ type: bytes });
  }

  /** Resizes the window; `shown` keeps its own size. */
  resize(columns: number, rows: number): void {
    this.#tell({ size: [columns, rows] });
    // For its standard output Node does this at SIGWINCH, which only a terminal that controls the process sends.
    const output = this.ports.output as WriteStream & { _refreshSize(): void };
    const look = setInterval(() => {
      output._refreshSize();
      if (output.columns === columns && output.rows === rows) clearInterval(look);
    }, 10).unref();
  }

  /** Sets whether the other end reads what is written to the terminal. */
  setReading(reads: boolean): void {
    this.#tell({ reads });
  }

  /** Whether line editing and echo are on, as a shell expects. */
  isAtRest(): boolean {
    const { stdout } = spawnSync("stty", ["-F", this.#path, "-a"], { encoding: "utf8" });
    return / icanon /.test(stdout) && / echo /.test(stdout);
  }

  /** Resolves when everything written so far has arrived: writes a mark behind it and waits for that. */
  async settled(): Promise<void> {
    const mark = `${990_000 + this.#marks}`;
    this.#marks += 1;
    writeSync(this.#fd, `\u001b[?${mark}h`);
    await eventually("the mark has arrived", () => this.shown.modes.has(mark));
  }

  /** Its window is closed. */
  hangUp(): void {
    this.#end.stdin?.end();
  }

  close(): void {
    this.hangUp();
    this.ports.input.destroy();
    this.ports.output.destroy();
  }

  #tell(words: object): void {
    this.#end.stdin?.write(`${JSON.stringify(words)}\n`);
  }
}
