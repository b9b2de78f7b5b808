import { fetchPiecesTogether, piecesInFlight } from "../../../shared/broker/store/pieces.ts";
import type { PiecedBundle } from "../../../shared/domain/code-bundle.ts";
import type { Bus } from "../../../shared/ports.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { Ending } from "../../../shared/time/ending.ts";
import {
  decodeList,
  layoutOf,
  openBundlePiece,
  type PiecePart,
  pieceName,
  pieceSum,
} from "../../../shared/wire/bundles/pieced-bundle.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { chunkCount } from "../../../shared/wire/sealed-chunks.ts";
import { bundlePiece } from "../../../shared/wire/subjects.ts";
import type { RunFile } from "./run-files.ts";

const unending = new Ending();
const nothing = Buffer.alloc(0);

/** The files of a bundle stored in pieces, each fetched when it is written. @param what  names a bundle that is gone */
export async function bundleFiles(
  bus: Bus,
  bundle: PiecedBundle | undefined,
  folder: string,
  what: string,
): Promise<RunFile[]> {
  if (!bundle) return [];
  try {
    const before = chunkCount(bundle.listBytes);
    const list = Buffer.concat(await fetched(bus, bundle, range(0, before)));
    const files = decodeList(list, bundle);
    const places = new Map<string, { readonly i: number; readonly part: PiecePart; readonly from: number }[]>();
    for (const [k, parts] of layoutOf(files).entries()) {
      let from = 0;
      for (const part of parts) {
        places.set(part.file.path, [...(places.get(part.file.path) ?? []), { i: before + k, part, from }]);
        from += part.length;
      }
    }
    return files.map(({ path }) => ({
      path: folder + path,
      sha256: undefined,
      content: async () => {
        const own = places.get(path) ?? [];
        const pieces = await fetched(
          bus,
          bundle,
          own.map(({ i }) => i),
        );
        return Buffer.concat(own.map(({ part, from }, k) => pieces[k]?.subarray(from, from + part.length) ?? nothing));
      },
    }));
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    const gone = (): never => {
      throw error;
    };
    return [{ path: `${folder}${what}`, sha256: undefined, content: async () => gone() }];
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

async function fetched(bus: Bus, bundle: PiecedBundle, places: readonly number[]): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (let at = 0; at < places.length; at += piecesInFlight) {
    const some = places.slice(at, at + piecesInFlight);
    const subjects = some.map((i) => bundlePiece(pieceName(bundle.secret, pieceSum(bundle, i))));
    for (const [k, sealed] of (await fetchPiecesTogether({ bus, clock: systemClock }, subjects, unending)).entries()) {
      if (!sealed)
        throw new BadMessage("it is not on the broker any more: the job is over, and others needed the room");
      found.push(openBundlePiece(sealed, bundle.secret, pieceSum(bundle, some[k] ?? 0)));
    }
  }
  return found;
}
