/** Small code that a job brings along: the user's components, and the files that the spec lists under `code`. It stands in the job's record. */
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

/**
 * Code or data of any size that a job brings along. It lies in BLOB in sealed pieces that are named by their content, so that no piece
 * is sent or stored twice; shared/wire/bundles/pieced-bundle.ts has the form.
 */
export interface PiecedBundle {
  /** Of `pieces`: names the bundle on every machine. */
  readonly sha256: string;
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
  /** Bytes of the list of files, which fills the first pieces. */
  readonly listBytes: number;
  /**
   * With it the pieces' names and keys are derived from their sums; bundles of one workspace share it, if they know of each
   * other.
   */
  readonly secret: Uint8Array;
  /** The SHA-256 of each piece's content, one behind the other. */
  readonly pieces: Uint8Array;
}

/** What a job brings along, in the two forms and of the two kinds. */
export interface Brought {
  /** Left out if the job needs only what every worker has, or brings more than fits its record. */
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
