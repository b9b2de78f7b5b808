import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { PackedFile } from "./contents.ts";

const block = 512;

/** A compressed tar of the files, in their order; the same files always give the same bytes. */
export async function tarball(files: readonly PackedFile[]): Promise<Buffer> {
  const parts = files.flatMap(({ path, bytes }) => [
    header(path, bytes.length),
    bytes,
    Buffer.alloc((block - (bytes.length % block)) % block),
  ]);
  return promisify(gzip)(Buffer.concat([...parts, Buffer.alloc(2 * block)]));
}

/** A header of POSIX ustar: a plain file that its owner may write and all may read, of user and group 0, from 1970. */
function header(path: string, size: number): Buffer {
  const { name, prefix } = split(path);
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 100);
  bytes.write("0000644\0", 100);
  bytes.write("0000000\0", 108);
  bytes.write("0000000\0", 116);
  bytes.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  bytes.write("00000000000\0", 136);
  bytes.write("        ", 148);
  bytes.write("0", 156);
  bytes.write("ustar\u000000", 257);
  bytes.write(prefix, 345, 155);
  const sum = bytes.reduce((all, each) => all + each, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function split(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  const at = path.indexOf("/", path.length - 101);
  const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
  if (at < 0 || Buffer.byteLength(prefix) > 155 || Buffer.byteLength(name) > 100)
    throw new Error(`${path} is too long for a tar`);
  return { name, prefix };
}
