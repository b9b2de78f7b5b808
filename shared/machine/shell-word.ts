/** A word as a shell takes it whole, for commands that are printed to be typed: as it is, or in single quotes. */
export const shellWord = (word: string): string =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
