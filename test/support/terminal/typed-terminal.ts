import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Opens a pseudo-terminal and sets its times back, as if nobody had touched it for an hour. The line "3" types three
 * keys without a pause, which a program reads; "p" makes a program print.
 */
const script = `
import os, pty, sys, time, tty
master, slave = pty.openpty()
tty.setraw(slave)
name = os.ttyname(slave)
os.utime(name, (time.time() - 3600, time.time() - 3600))
print(name, flush=True)
for line in sys.stdin:
    if line.strip() == "p":
        os.write(slave, b"tick")
        os.read(master, 4)
    else:
        for _ in range(int(line)):
            os.write(master, b"x")
            os.read(slave, 1)
    print("done", flush=True)
`;

/**
 * A real pseudo-terminal at which a test or a bench types. It ends with `close`, or with the process that opened it.
 */
export class TypedTerminal {
  readonly path: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(path: string, child: ChildProcess, lines: AsyncIterator<string>) {
    this.path = path;
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#lines = lines;
  }

  /** @param prefix  words to put before the command, to open the terminal elsewhere */
  static async open(prefix: readonly string[] = []): Promise<TypedTerminal> {
    const [command = "", ...words] = [...prefix, "python3", "-c", script];
    const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value } = await lines.next();
    return new TypedTerminal(String(value), child, lines);
  }

  /** Types keys without a pause; resolves when a program has read them. */
  press(keys = 1): Promise<void> {
    return this.#say(String(keys));
  }

  /** A program prints something; resolves when it is on the screen. */
  print(): Promise<void> {
    return this.#say("p");
  }

  close(): void {
    this.#child.stdin?.end();
  }

  async #say(word: string): Promise<void> {
    this.#child.stdin?.write(`${word}\n`);
    await this.#lines.next();
  }
}
