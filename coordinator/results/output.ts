/** Results go to stdout, everything else to stderr. */
export interface Output {
  result(text: string): void;
  note(text: string): void;
}

export const processOutput: Output = {
  result: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
};
