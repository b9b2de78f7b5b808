/** Results go to stdout, everything else to stderr. */
export interface Output {
  result(text: string): void;
  note(text: string): void;
  /** Characters per line, if results go to a terminal. */
  readonly width?: number | undefined;
}

export const processOutput: Output = {
  result: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  get width() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
};
