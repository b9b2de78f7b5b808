/**
 * Files of any size, cut into pieces that are named by their content. Small files are packed one after another; a file
 * that fills a piece starts a piece of its own, so that changing one file leaves the pieces of other large ones
 * unchanged. The list of files fills the first pieces. Nothing is compressed, so nothing grows when it is opened.
 *
 * A piece's name and key are derived from its sum and a secret that travels only in the journal and in answers. Every
 * worker sees the names, but cannot tell from them what the pieces contain.
 */

import { createHmac } from "node:crypto";
import type { PiecedBundle } from "../../domain/code-bundle.ts";
import { pathProblem } from "../artifacts.ts";
import * as check from "../check.ts";
import { BadMessage } from "../check.ts";
import { decode, encode } from "../codec.ts";
import { listLimits } from "../limits.ts";
import { chunkCount, contentBytes, keyBytes, openPiece, sealPiece, sha256Of } from "../sealed-chunks.ts";

export const mostPiecedFiles = 20_000;
export const mostPiecedBytes = 2e9;
const sumBytes = 32;
const version = 1;
/** A file of at least this many bytes gets pieces of its own. */
const largeBytes = contentBytes;
/** Twice the pieces for the bytes: each large file may leave one partly empty. */
const mostPieces = 2 * chunkCount(mostPiecedBytes) + 64;

export interface BundleFile {
  /** Relative to the spec's folder, with forward slashes. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly size: number;
}

/** Bytes of one file in a piece; the parts of a piece follow one another. */
export interface PiecePart {
  readonly file: BundleFile;
  /** Offset of the part in the file. */
  readonly at: number;
  readonly length: number;
}

/** The content of each piece that follows those of the list. Empty files are in none. */
export function layoutOf(files: readonly BundleFile[]): PiecePart[][] {
  const pieces: PiecePart[][] = [];
  let room = 0;
  const add = (file: BundleFile): void => {
    for (let at = 0; at < file.size; ) {
      if (room === 0) {
        pieces.push([]);
        room = contentBytes;
      }
      const length = Math.min(room, file.size - at);
      pieces.at(-1)?.push({ file, at, length });
      at += length;
      room -= length;
    }
  };
  for (const file of files) if (file.size < largeBytes) add(file);
  for (const file of files) {
    if (file.size < largeBytes) continue;
    room = 0;
    add(file);
  }
  return pieces;
}

export const pieceSize = (parts: readonly PiecePart[]): number => parts.reduce((sum, { length }) => sum + length, 0);

export const encodeList = (files: readonly BundleFile[]): Uint8Array =>
  encode([version, files.map(({ path, isExecutable, size }) => [path, isExecutable, size])]);

/**
 * The list of a bundle's files.
 *
 * @throws BadMessage if number or size of the files differ from the bundle's, or if a file may not be written
 */
export function decodeList(bytes: Uint8Array, bundle: PiecedBundle): readonly BundleFile[] {
  const content = decode(bytes, listLimits);
  const [found, list] = Array.isArray(content) ? (content as unknown[]) : [];
  if (found !== version)
    throw new BadMessage(`a bundle of version ${String(found)}; this program reads version ${version}`);
  const files = check.list(bundleFile, mostPiecedFiles)(list, "files");
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const paths = new Set(files.map(({ path }) => path));
  if (files.length !== bundle.files || paths.size !== bundle.files || size !== bundle.bytes)
    throw new BadMessage("the bundle has other files than it says");
  for (const { path } of files) {
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
      if (paths.has(path.slice(0, slash))) throw new BadMessage("in the bundle a path is both a file and a folder");
  }
  const count = chunkCount(bundle.listBytes) + layoutOf(files).length;
  if (count !== pieceCount(bundle))
    throw new BadMessage(`the bundle's files make ${count} pieces; it has ${pieceCount(bundle)}`);
  return files;
}

const bundleFile: check.Check<BundleFile> = (value, at) => {
  const [path, isExecutable, size] = Array.isArray(value) ? (value as unknown[]) : [];
  const named = check.text(200)(path, `${at}.path`);
  const problem = pathProblem(named);
  if (problem !== undefined) throw new BadMessage(`${at}.path: ${problem}`);
  return {
    path: named,
    isExecutable: check.flag(isExecutable, `${at}.isExecutable`),
    size: check.whole(0, mostPiecedBytes)(size, `${at}.size`),
  };
};

const bundleShape: check.Check<PiecedBundle> = check.shape({
  sha256: check.sha256,
  files: check.whole(1, mostPiecedFiles),
  bytes: check.whole(0, mostPiecedBytes),
  listBytes: check.whole(1, listLimits.bytes),
  secret: check.bytes,
  pieces: check.bytes,
});

export const piecedBundle: check.Check<PiecedBundle> = (value, at) => {
  const bundle = bundleShape(value, at);
  const { pieces, secret, sha256, listBytes } = bundle;
  const count = pieces.length / sumBytes;
  if (secret.length !== keyBytes) throw new BadMessage(`${at}.secret: expected ${keyBytes} bytes`);
  if (!Number.isInteger(count) || count < chunkCount(listBytes) || count > mostPieces)
    throw new BadMessage(`${at}.pieces: expected the sums of up to ${mostPieces} pieces, found ${pieces.length} bytes`);
  if (sha256Of(pieces) !== sha256) throw new BadMessage(`${at}.sha256: does not fit the pieces`);
  return bundle;
};

const pieceCount = ({ pieces }: Pick<PiecedBundle, "pieces">): number => pieces.length / sumBytes;

export const pieceSum = ({ pieces }: Pick<PiecedBundle, "pieces">, i: number): Uint8Array =>
  pieces.subarray(i * sumBytes, (i + 1) * sumBytes);

const derived = (secret: Uint8Array, what: "name" | "key", sum: Uint8Array): Buffer =>
  createHmac("sha256", secret).update(what).update(sum).digest();

/** The piece's name, one token of a subject. @param sum  SHA-256 of the piece's content, 32 bytes */
export const pieceName = (secret: Uint8Array, sum: Uint8Array): string =>
  derived(secret, "name", sum).toString("hex", 0, 20);

export const pieceNames = (bundle: PiecedBundle): string[] =>
  Array.from({ length: pieceCount(bundle) }, (_, i) => pieceName(bundle.secret, pieceSum(bundle, i)));

/** Seals a copy of the content. */
export const sealBundlePiece = (content: Uint8Array, secret: Uint8Array, sum: Uint8Array): Uint8Array =>
  sealPiece(content, derived(secret, "key", sum), 0, 1);

/** The piece's content. @throws BadMessage if it is not the piece with that sum */
export function openBundlePiece(sealed: Uint8Array, secret: Uint8Array, sum: Uint8Array): Buffer {
  const content = openPiece(sealed, derived(secret, "key", sum), 0, 1);
  if (sha256Of(content) !== Buffer.from(sum).toString("hex")) throw new BadMessage("a piece of a bundle is damaged");
  return content;
}
