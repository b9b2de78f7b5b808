import { closeSync, openSync } from "node:fs";
import { PassThrough, Writable } from "node:stream";

/** A terminal that accepts everything and shows nothing, for measurements in this process. */
class FakeOutput extends Writable {
  columns: number;
  rows: number;
  readonly isTTY = true;
  /** Descriptor of /dev/null, for the final writes that bypass the stream. */
  readonly fd = openSync("/dev/null", "w");
  /** Called with each chunk that the screen writes. */
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

/** Its keyboard: writing to it is typing. */
class FakeInput extends PassThrough {
  readonly isTTY = true;
  isRaw = false;

  setRawMode(on: boolean): this {
    this.isRaw = on;
    return this;
  }
}

/** Output and keyboard, also as a terminal's ports. */
export function fakeTty(columns: number, rows: number): { input: FakeInput; output: FakeOutput; ports: FakePorts } {
  const input = new FakeInput();
  const output = new FakeOutput(columns, rows);
  // The real stream types have much more, which nobody here uses.
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
