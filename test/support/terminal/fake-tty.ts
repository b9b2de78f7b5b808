import { closeSync, openSync } from "node:fs";
import { PassThrough, Writable } from "node:stream";

/** A terminal that takes everything and shows nothing, for what is measured in this process. */
class FakeOutput extends Writable {
  columns: number;
  rows: number;
  readonly isTTY = true;
  /** Of /dev/null: what is written past the stream, at the end. */
  readonly fd = openSync("/dev/null", "w");
  /** Called with each piece that the screen writes. */
  onText: (text: string) => void = () => undefined;

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.onText(chunk.toString());
    done();
  }

  /** Closes the file. */
  release(): void {
    closeSync(this.fd);
  }
}

/** Its keyboard: what is written to it was typed. */
class FakeInput extends PassThrough {
  readonly isTTY = true;
  isRaw = false;

  setRawMode(on: boolean): this {
    this.isRaw = on;
    return this;
  }
}

/** Both as the ports of a terminal. */
export function fakeTty(columns: number, rows: number): { input: FakeInput; output: FakeOutput; ports: FakePorts } {
  const input = new FakeInput();
  const output = new FakeOutput(columns, rows);
  // Streams of a terminal have much more, which nobody here uses.
  const ports = {
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
  };
  return { input, output, ports };
}

export interface FakePorts {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}
