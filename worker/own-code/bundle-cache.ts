import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, statfsSync, statSync, utimesSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDiskFull } from "../../shared/broker/server/disk.ts";
import { fetchPiecesTogether, type PiecePorts } from "../../shared/broker/store/pieces.ts";
import type { PiecedBundle } from "../../shared/domain/code-bundle.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { bytesBelow } from "../../shared/machine/bytes-in.ts";
import type { EndSignal } from "../../shared/ports.ts";
import {
  decodeList,
  layoutOf,
  openBundlePiece,
  type PiecePart,
  pieceName,
  pieceSum,
} from "../../shared/wire/bundles/pieced-bundle.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { chunkCount } from "../../shared/wire/sealed-chunks.ts";
import { bundlePiece } from "../../shared/wire/subjects.ts";
import {
  describe,
  descriptionOf,
  filesOf,
  finish,
  type PiecePlace,
  PieceReader,
  PieceWriter,
  placesIn,
} from "./bundle-folder.ts";

/** A bundle in use: it is not deleted before every holder has released it. */
export interface HeldBundle {
  /** The folder of its files. */
  readonly folder: string;
  release(): void;
}

/** Pieces requested at once: on a busy machine each answer takes a while. */
const together = 8;
/** Room that must stay free on the disk beside a bundle. */
const spareBytes = 64 * 2 ** 20;
/** Name endings: of a bundle in the making, and of what an earlier, unfinished try left of it. */
const [making, left] = [".making", ".left"];
/** Name ending of a bundle that is being deleted. */
const goneEnd = ".gone";

/**
 * The code and data that jobs brought along to this worker: a folder for each bundle, named by its content. A piece
 * that is in one bundle is not fetched for another, nor again after an interruption. Above the limit, the least
 * recently used bundles are deleted. Measuring and deleting run beside the runs: a hundred thousand files on a slow
 * disk take longer than a lease. The worker's lock keeps other processes away.
 */
export class BundleCache {
  readonly #ports: PiecePorts & { readonly log: Pick<Log, "info" | "warn"> };
  readonly #folder: string;
  readonly #mostBytes: number;
  readonly #users = new Map<string, number>();
  readonly #making = new Map<string, Promise<void>>();
  /** Bundles that this process has verified, every byte. */
  readonly #compared = new Set<string>();
  readonly #sizes = new Map<string, number>();
  /** The end of the queue: one measuring or deleting at a time. */
  #shrinking: Promise<void> = Promise.resolve();
  #isDue = false;

  constructor(ports: PiecePorts & { readonly log: Pick<Log, "info" | "warn"> }, folder: string, mostBytes: number) {
    this.#ports = ports;
    this.#folder = folder;
    this.#mostBytes = mostBytes;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#shrinkSoon();
  }

  /**
   * Holds the bundle's files, after fetching what is not here.
   *
   * @param isReadOnly  its files are not to be written
   * @param signal  gives up; what arrived by then is not fetched again
   * @throws BadMessage if a piece is missing or damaged; BusError; an error of the file system, such as ENOSPC
   */
  async hold(bundle: PiecedBundle, isReadOnly: boolean, signal: EndSignal): Promise<HeldBundle> {
    const name = bundle.sha256;
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    const release = (): void => this.#release(name);
    try {
      let work = this.#making.get(name);
      if (!work) {
        work = this.#ensure(bundle, isReadOnly, signal).finally(() => this.#making.delete(name));
        this.#making.set(name, work);
      }
      await work;
    } catch (error) {
      release();
      throw error;
    }
    let isHeld = true;
    return {
      folder: filesOf(join(this.#folder, name)),
      release: () => {
        if (isHeld) release();
        isHeld = false;
      },
    };
  }

  #release(name: string): void {
    const users = (this.#users.get(name) ?? 1) - 1;
    if (users > 0) this.#users.set(name, users);
    else this.#users.delete(name);
    if (users === 0) this.#shrinkSoon();
  }

  async #ensure(bundle: PiecedBundle, isReadOnly: boolean, signal: EndSignal): Promise<void> {
    const place = join(this.#folder, bundle.sha256);
    const isThere = existsSync(filesOf(place));
    if (!(isThere && this.#compared.has(bundle.sha256))) {
      if (isThere && (await this.#isWhole(place, bundle, isReadOnly))) this.#compared.add(bundle.sha256);
      else await this.#make(place, bundle, isReadOnly, signal);
    }
    const now = this.#ports.clock.wall() / 1000;
    utimesSync(place, now, now);
  }

  /** Whether every byte is as it should be. If so, also deletes what runs left there. */
  async #isWhole(place: string, bundle: PiecedBundle, isReadOnly: boolean): Promise<boolean> {
    const found = descriptionOf(place);
    if (found?.bundle.sha256 !== bundle.sha256) return false;
    const reader = new PieceReader();
    try {
      for (const [sum, where] of placesIn(place, found))
        if (!(await reader.read(where, Buffer.from(sum, "hex")))) return false;
    } finally {
      reader.close();
    }
    try {
      finish(filesOf(place), found.files, isReadOnly);
    } catch {
      return false; // a run has made a folder there inaccessible: the bundle is made anew
    }
    return true;
  }

  async #make(place: string, bundle: PiecedBundle, isReadOnly: boolean, signal: EndSignal): Promise<void> {
    this.#compared.delete(bundle.sha256);
    await this.#inTurn(() => this.#makeRoom(bundle));
    const startedAt = this.#ports.clock.monotonic();
    const target = place + making;
    // The unfinished folder stays as a source of pieces, like a damaged bundle.
    if (existsSync(target)) await replace(target, place + left);
    const sources = this.#sources();
    const reader = new PieceReader();
    const writer = new PieceWriter(filesOf(target));
    let fetched = 0;
    try {
      mkdirSync(filesOf(target), { recursive: true, mode: 0o700 });
      const list = await this.#list(bundle, signal);
      describe(target, bundle, list);
      const files = decodeList(list, bundle);
      const before = chunkCount(bundle.listBytes);
      const layout = layoutOf(files);
      const some = (from: number) =>
        this.#contents(bundle, before + from, layout.slice(from, from + together), sources, reader, signal);
      let next = some(0);
      for (let i = 0; i < layout.length; i += together) {
        const contents = await next;
        fetched += contents.fetched;
        // The next pieces are fetched while these are written.
        if (i + together < layout.length) next = some(i + together);
        next.catch(() => undefined); // an error is thrown at its turn, unless another comes first
        for (const [k, parts] of layout.slice(i, i + together).entries())
          await writer.write(contents.pieces[k] ?? Buffer.alloc(0), parts);
      }
      writer.close();
      finish(filesOf(target), files, isReadOnly);
      reader.close();
      await this.#discard(bundle.sha256);
      renameSync(target, place);
      await removeAll(place + left);
      this.#compared.add(bundle.sha256);
      this.#sizes.delete(bundle.sha256);
      const pieces = before + layout.length;
      const ms = Math.round(this.#ports.clock.monotonic() - startedAt);
      const { sha256, bytes } = bundle;
      this.#ports.log.info({ sha256, bytes, pieces, fetched, ms }, "a job's files are here");
    } catch (error) {
      writer.close();
      // On a full disk the unfinished bundle must go; after any other error the next try continues from it.
      if (isDiskFull(error)) {
        await removeAll(target);
        throw noRoom(bundle, this.#folder, this.#free(), error);
      }
      throw error;
    } finally {
      reader.close();
      writer.close();
    }
    this.#shrinkSoon();
  }

  async #list(bundle: PiecedBundle, signal: EndSignal): Promise<Uint8Array> {
    const parts: Buffer[] = [];
    for (let i = 0; i < chunkCount(bundle.listBytes); i += 1) parts.push(...(await this.#fetch(bundle, [i], signal)));
    const list = Buffer.concat(parts);
    if (list.length === bundle.listBytes) return list;
    throw new BadMessage("the list of a bundle's files has another length than the bundle says");
  }

  /** Pieces from `first` on, read from this disk where it has them; `fetched` counts the others. */
  async #contents(
    bundle: PiecedBundle,
    first: number,
    layout: readonly (readonly PiecePart[])[],
    sources: ReadonlyMap<string, PiecePlace>,
    reader: PieceReader,
    signal: EndSignal,
  ): Promise<{ readonly pieces: (Buffer | undefined)[]; readonly fetched: number }> {
    const pieces: (Buffer | undefined)[] = [];
    const lacking: number[] = [];
    for (const [k] of layout.entries()) {
      const sum = pieceSum(bundle, first + k);
      const source = sources.get(Buffer.from(sum).toString("hex"));
      const found = source && (await reader.read(source, sum));
      pieces.push(found);
      if (!found) lacking.push(k);
    }
    const fetched = await this.#fetch(
      bundle,
      lacking.map((k) => first + k),
      signal,
    );
    for (const [j, k] of lacking.entries()) pieces[k] = fetched[j];
    return { pieces, fetched: lacking.length };
  }

  async #fetch(bundle: PiecedBundle, places: readonly number[], signal: EndSignal): Promise<Buffer[]> {
    const sums = places.map((i) => pieceSum(bundle, i));
    const subjects = sums.map((sum) => bundlePiece(pieceName(bundle.secret, sum)));
    const sealed = await fetchPiecesTogether(this.#ports, subjects, signal);
    return sealed.map((piece, k) => {
      const sum = sums[k] as Uint8Array; // one for each
      if (piece === null)
        throw new BadMessage(
          `piece ${(places[k] ?? 0) + 1} of what the job brings along is not on the broker (any more); submit it again: nexus run`,
        );
      return openBundlePiece(piece, bundle.secret, sum);
    });
  }

  /** Where pieces lie on this disk, by their checksums, hex. */
  #sources(): Map<string, PiecePlace> {
    const found = new Map<string, PiecePlace>();
    for (const name of readdirSync(this.#folder)) {
      if (name.endsWith(goneEnd)) continue;
      const folder = join(this.#folder, name);
      const described = descriptionOf(folder);
      if (described) for (const [sum, place] of placesIn(folder, described)) if (!found.has(sum)) found.set(sum, place);
    }
    return found;
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  /** Before anything is written: deletes unused bundles until there is room. @throws ENOSPC if there is not enough */
  async #makeRoom(bundle: PiecedBundle): Promise<void> {
    await this.#shrink(bundle.bytes);
    const wanted = bundle.bytes + spareBytes;
    for (const name of this.#unused()) {
      if (this.#free() >= wanted) return;
      await this.#remove(name);
    }
    if (this.#free() < wanted) throw noRoom(bundle, this.#folder, this.#free());
  }

  #shrinkSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    void this.#inTurn(async () => {
      this.#isDue = false;
      await this.#shrink(0);
    }).catch((error: unknown) =>
      this.#ports.log.warn({ error: messageOf(error) }, "what jobs have brought along cannot be looked through"),
    );
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#shrinking.then(act);
    this.#shrinking = done.catch(() => undefined);
    return done;
  }

  /** Removes what is over the limit, the least recently used first. @param more  bytes that will be added */
  async #shrink(more: number): Promise<void> {
    let bytes = more;
    const sizes = new Map<string, number>();
    for (const name of readdirSync(this.#folder)) {
      // An earlier process may have left it.
      if (name.endsWith(goneEnd)) await this.#delete(name);
      else sizes.set(name, await this.#sizeOf(name));
    }
    for (const size of sizes.values()) bytes += size;
    for (const name of this.#unused()) {
      if (bytes <= this.#mostBytes) return;
      if (await this.#remove(name)) bytes -= sizes.get(name) ?? 0;
    }
  }

  #isUsed(name: string): boolean {
    return this.#users.has(name.replace(making, "").replace(left, ""));
  }

  /** Bundles that nobody holds, the least recently used first. An unfinished folder is held with its bundle. */
  #unused(): string[] {
    return readdirSync(this.#folder)
      .filter((name) => !name.endsWith(goneEnd) && !this.#isUsed(name))
      .map((name) => ({ name, at: statSync(join(this.#folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((a, b) => a.at - b.at)
      .map(({ name }) => name);
  }

  async #sizeOf(name: string): Promise<number> {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const place = join(this.#folder, name);
    const size = await bytesBelow(place).catch((error: unknown) => {
      this.#ports.log.warn({ name, error: messageOf(error) }, "what a job had brought along cannot be measured");
      return descriptionOf(place)?.bundle.bytes ?? 0; // not counting what runs have added
    });
    // Not kept while it may change: an unfinished bundle grows, and one in use may be made anew.
    if (!name.includes(".") && !this.#isUsed(name)) this.#sizes.set(name, size);
    return size;
  }

  /** Returns false if somebody has come to hold it meanwhile. Nothing is awaited between that look and its renaming. */
  async #remove(name: string): Promise<boolean> {
    if (this.#isUsed(name)) return false;
    this.#compared.delete(name);
    this.#sizes.delete(name);
    this.#ports.log.info({ name }, "what a job had brought along is deleted, to make room");
    await this.#discard(name);
    return true;
  }

  /**
   * Renames the bundle at once, so that it is none any more, and deletes it. The new name is unique: an older one may
   * still exist.
   */
  async #discard(name: string): Promise<void> {
    const gone = `${name}.${randomBytes(4).toString("hex")}${goneEnd}`;
    if (!existsSync(join(this.#folder, name))) return;
    renameSync(join(this.#folder, name), join(this.#folder, gone));
    await this.#delete(gone);
  }

  async #delete(name: string): Promise<void> {
    try {
      await removeAll(join(this.#folder, name));
    } catch (error) {
      // A run may have made a folder inaccessible. Other jobs go on.
      this.#ports.log.warn({ name, error: messageOf(error) }, "what a job had brought along cannot be deleted");
    }
  }
}

const removeAll = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

async function replace(from: string, to: string): Promise<void> {
  await removeAll(to);
  renameSync(from, to);
}

function noRoom({ bytes }: PiecedBundle, folder: string, free: number, cause?: unknown): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(
    `what the job brings along takes ${sizeText(bytes)}, and the disk has ${sizeText(free)} free in ${folder}`,
    { cause },
  );
  error.code = "ENOSPC";
  return error;
}
