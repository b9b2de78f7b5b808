import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { counted } from "../../../shared/domain/counted.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { exitCode, NexusError, UsageError } from "../../../shared/errors.ts";
import { linkInside } from "../../../shared/machine/inside.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { sha256Of } from "../../../shared/wire/sealed-chunks.ts";
import type { Output } from "../../operator/output.ts";
import type { JsonOption } from "../../operator/session.ts";
import { writeWhole } from "../../runs/whole-file.ts";
import { localName, localNames } from "./local-name.ts";
import type { RunFile } from "./run-files.ts";

export interface TargetOptions extends JsonOption {
  /** Replace files that exist with different content. */
  readonly overwrite?: boolean | undefined;
}

type Outcome = "written" | "there" | "different" | "damaged" | "link";

/** Writes files, and counts what was written, kept and left out. */
export class DownloadTarget {
  readonly #options: TargetOptions;
  readonly #output: Output;
  #written = 0;
  #there = 0;
  #bytes = 0;
  readonly #different: string[] = [];
  readonly #damaged: string[] = [];
  readonly #leftOut: string[] = [];
  readonly #renamed: string[] = [];
  readonly #links: string[] = [];

  constructor(options: TargetOptions, output: Output) {
    this.#options = options;
    this.#output = output;
  }

  /** Writes files below a folder, each under a name that is safe here. No link below the folder is followed. */
  async putAll(root: string, folder: string, files: readonly RunFile[]): Promise<void> {
    const names = localNames(files.map(({ path }) => path));
    for (const file of files) {
      const name = names.get(file.path) ?? localName(file.path);
      const within = folder === "" ? name : `${folder}/${name}`;
      const path = join(root, ...within.split("/"));
      if (name !== file.path) this.#renamed.push(`${printable(file.path)} is ${path}`);
      const link = linkInside(root, within);
      if (link === undefined) await this.put(path, file);
      else {
        this.#links.push(`${path}: ${join(root, link)} is a link`);
        this.#tell(path, "link", null);
      }
    }
  }

  /** Writes a file, unless it exists with the same content. */
  async put(path: string, file: RunFile): Promise<void> {
    const before = contentOf(path);
    if (before && file.sha256 === sha256Of(before)) {
      this.#tell(path, "there", before);
      return;
    }
    let content: Uint8Array;
    try {
      content = await file.content();
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#damaged.push(`${path}: ${error.message}`);
      this.#tell(path, "damaged", null);
      return;
    }
    if (before?.equals(content)) {
      this.#tell(path, "there", content);
    } else if (before && !this.#options.overwrite) {
      this.#different.push(path);
      this.#tell(path, "different", content);
    } else {
      writeWhole(path, [content], path);
      this.#bytes += content.length;
      this.#tell(path, "written", content);
    }
  }

  #tell(path: string, outcome: Outcome, content: Uint8Array | null): void {
    if (outcome === "written") this.#written += 1;
    else if (outcome === "there") this.#there += 1;
    if (!this.#options.json) return;
    const about = { bytes: content?.length ?? null, sha256: content ? sha256Of(content) : null };
    this.#output.result(`${JSON.stringify({ type: "file", v: 1, path, outcome, ...about })}\n`);
  }

  leftOut(run: string, why: string): void {
    this.#leftOut.push(`${run}: ${printable(why)}`);
  }

  sayOne(path: string): void {
    if (this.#options.json) return;
    if (this.#written > 0) this.#output.note(`${path} written and verified\n`);
    else if (this.#there > 0) this.#output.note(`${path} exists already, with the same content\n`);
  }

  sayAll(folder: string): void {
    const [written, there, bytes] = [this.#written, this.#there, this.#bytes];
    if (this.#options.json) {
      const [neverUploaded, renamed] = [this.#leftOut, this.#renamed];
      const object = { type: "download", v: 1, folder, written, there, bytes, neverUploaded, renamed };
      this.#output.result(`${JSON.stringify(object)}\n`);
      return;
    }
    const already = there === 0 ? "" : `, ${counted(there, "was", "were")} there already`;
    const lines = [`${counted(written, "file")} (${sizeText(bytes)}) written to ${folder} and verified${already}`];
    if (this.#leftOut.length > 0) lines.push("never uploaded by the run:", ...this.#leftOut.map((each) => `  ${each}`));
    if (this.#renamed.length > 0)
      lines.push("written under another name, which is safe here:", ...this.#renamed.map((each) => `  ${each}`));
    this.#output.note(`${lines.join("\n")}\n`);
  }

  /** @throws if a file is damaged, behind a link, or was kept with different content; all others were written */
  failIfIncomplete(): void {
    if (this.#damaged.length > 0) {
      throw new NexusError(
        "DAMAGED",
        exitCode.failure,
        `not stored as uploaded (${this.#damaged.length}):\n  ${this.#damaged.join("\n  ")}\n  all other files were written`,
      );
    }
    if (this.#links.length > 0) {
      throw new UsageError(
        `not written, since a link could lead anywhere (${this.#links.length}):\n  ${this.#links.join("\n  ")}\n` +
          "  all other files were written; to write these too, remove the links, or name another folder with --to",
      );
    }
    const [first, ...more] = this.#different;
    if (first === undefined) return;
    const others = more.length === 0 ? "" : ` and ${more.length} more`;
    throw new UsageError(
      `${first}${others} exists with different content, and was not changed\n  to replace it: --overwrite`,
    );
  }
}

function contentOf(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined;
}
