/**
 * Small code that a job brings along: the user's components, and the files that the spec lists under `code`. The job's
 * record holds it.
 */
export interface CodeBundle {
  /** SHA-256 of `zipped`, 64 lower-case hexadecimal digits; names the bundle on every machine. */
  readonly sha256: string;
  readonly files: number;
  /** shared/wire/code-bundle.ts packs and opens it. */
  readonly zipped: Uint8Array;
}

export interface CodeFile {
  /** Relative to the spec's folder, with forward slashes. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Code or data of any size that a job brings along. BLOB holds it as sealed pieces named by their content, so that no
 * piece is sent or stored twice; shared/wire/bundles/pieced-bundle.ts defines the form.
 */
export interface PiecedBundle {
  /** SHA-256 of `pieces`; names the bundle on every machine. */
  readonly sha256: string;
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
  /** Bytes of the list of files, which fills the first pieces. */
  readonly listBytes: number;
  /**
   * The pieces' names and keys are derived from it and their sums. A new bundle takes the secret of the workspace's
   * newest job that has one, so that equal pieces are shared.
   */
  readonly secret: Uint8Array;
  /** The SHA-256 sums of the pieces' contents (32 bytes each), concatenated in order. */
  readonly pieces: Uint8Array;
}

/** What a job brings along: code, whole or in pieces, and data. */
export interface Brought {
  /** Left out if the job needs only what every worker has, or brings more than its record can hold. */
  readonly code?: CodeBundle;
  readonly largeCode?: PiecedBundle;
  /** Data: files that its runs read. */
  readonly inputs?: PiecedBundle;
}

/** What a job brings along in pieces. */
export const piecedBundles = ({
  largeCode,
  inputs,
}: {
  readonly largeCode?: PiecedBundle | undefined;
  readonly inputs?: PiecedBundle | undefined;
}): PiecedBundle[] => [largeCode, inputs].filter((bundle) => bundle !== undefined);
