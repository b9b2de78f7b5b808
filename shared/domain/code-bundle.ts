/** The code that a job brings along: the user's components, and the files that the spec lists under `code`. */
export interface CodeBundle {
  /** Of `zipped`, 64 lower-case hexadecimal digits; names the bundle on every machine. */
  readonly sha256: string;
  readonly files: number;
  /** Made and opened by shared/wire/code-bundle.ts. */
  readonly zipped: Uint8Array;
}

export interface CodeFile {
  /** Relative to the spec's folder, with forward slashes. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly bytes: Uint8Array;
}
