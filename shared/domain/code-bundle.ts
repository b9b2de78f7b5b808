/** The user's own code that a job brings along: its own components, and the files that its spec names under `code`. */
export interface CodeBundle {
  /** Of the files zipped, 64 lower-case hexadecimal digits: the bundle's name on every machine. */
  readonly sha256: string;
  readonly files: number;
  /** shared/wire/code-bundle.ts makes and opens it. */
  readonly zipped: Uint8Array;
}

/** One file of it. */
export interface CodeFile {
  /** Relative to the spec's folder, with slashes. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly bytes: Uint8Array;
}
