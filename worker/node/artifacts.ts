import { sizeText } from "../../shared/domain/size-text.ts";
import { messageOf } from "../../shared/errors.ts";
import { readInside } from "../../shared/machine/inside.ts";
import type { EndSignal } from "../../shared/ports.ts";
import { type ArtifactFile, type ArtifactList, mostFiles, usualBytes } from "../../shared/wire/artifacts.ts";
import { newKey, sealChunks } from "../../shared/wire/sealed-chunks.ts";
import { type FolderFile, filesIn } from "../runner/run-folder.ts";
import { storeChunks } from "./chunk-store.ts";
import type { OwnAddress } from "./held-attempt.ts";
import type { Ports } from "./ports.ts";

const blob = "files";
const longestWhy = 3000;
/** An upload that takes longer is slow. */
const slowMs = 1000;

/**
 * The files below a run's folder that may be uploaded, by path. If they are too many or too large together, the largest are left
 * out. Links, files whose names some systems do not allow, and folders that cannot be read are left out too.
 *
 * @param mostBytes  limit on all files together
 */
export function findFiles(
  directory: string,
  mostBytes: number = usualBytes,
): { readonly files: FolderFile[]; readonly leftOut: string } {
  const reasons: string[] = [];
  const leave = (path: string, why: string): void => void reasons.push(`${path} (${why})`);
  const found = filesIn(directory, leave, leave);
  const files: FolderFile[] = [];
  const names = new Set<string>();
  let bytes = 0;
  for (const file of found.sort((a, b) => a.size - b.size)) {
    const name = file.path.normalize("NFC").toLowerCase();
    if (names.has(name)) reasons.push(`${file.path} (its name differs from another's in upper and lower case alone)`);
    else if (files.length === mostFiles) reasons.push(`${file.path} (more than ${mostFiles} files)`);
    else if (bytes + file.size > mostBytes)
      reasons.push(`${file.path} (${sizeText(file.size)}; a run may upload ${sizeText(mostBytes)})`);
    else {
      files.push(file);
      names.add(name);
      bytes += file.size;
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, leftOut: shortened(reasons) };
}

function shortened(reasons: readonly string[]): string {
  const text = reasons.join(", ");
  return text.length <= longestWhy ? text : `${text.slice(0, longestWhy)}, ... (${reasons.length} files)`;
}

/**
 * Uploads the files in a run's folder, sealed with a key of their own; null if there are none. A result matters more than files:
 * what cannot be stored after a few tries is given up, a file that cannot be read is left out, and the list says why.
 *
 * @param signal  makes it give up at once
 * @param slow  called if it takes longer than a second
 */
export async function uploadFiles(
  ports: Ports<"bus" | "clock">,
  address: OwnAddress,
  directory: string,
  signal: EndSignal,
  slow: () => void = () => undefined,
): Promise<ArtifactList | null> {
  const files: ArtifactFile[] = [];
  const unread: string[] = [];
  let found: ReturnType<typeof findFiles> = { files: [], leftOut: "" };
  let next = 0;
  let why = "";
  try {
    found = findFiles(directory);
  } catch (error) {
    why = messageOf(error);
  }
  if (found.files.length === 0 && found.leftOut === "" && why === "") return null;
  const key = newKey();
  const timer = ports.clock.after(slowMs, slow).unref();
  try {
    for (const { path } of found.files) {
      // One file at a time in memory. If a file has changed since it was found, what is read now counts.
      let content: Buffer;
      try {
        content = readInside(directory, path).bytes;
      } catch (error) {
        unread.push(`${path} (${messageOf(error)})`);
        continue;
      }
      const { chunks, sum } = sealChunks(content, key);
      why = await storeChunks(ports, { ...address, blob }, chunks, next, signal);
      if (why !== "") break;
      next += chunks.length;
      files.push({ path, ...sum });
    }
  } catch (error) {
    // An error of the file system must not cost the result.
    why = messageOf(error);
  } finally {
    timer.cancel();
  }
  const rest = found.files.slice(files.length + unread.length);
  const given =
    why === ""
      ? []
      : [`${rest.length === 0 ? "all" : `${rest[0]?.path} and what follows, ${rest.length} in all`} (${why})`];
  const leftOut = shortened([...given, ...unread, ...(found.leftOut === "" ? [] : [found.leftOut])]);
  return { blob, key, files, leftOut };
}
