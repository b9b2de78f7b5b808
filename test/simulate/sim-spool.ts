import type { Letter, Spool } from "../../worker/node/spool.ts";

/** A worker's spool in memory; it outlives the worker's processes. */
export class SimSpool implements Spool {
  /** Whether the disk is full. */
  isFull = false;
  readonly #letters = new Map<string, Letter>();

  keep(letter: Letter): string {
    if (this.isFull) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    const name = `${letter.msgId}.letter`;
    this.#letters.set(name, letter);
    return name;
  }

  drop(name: string): void {
    this.#letters.delete(name);
  }

  names(): string[] {
    return [...this.#letters.keys()];
  }

  read(name: string): Letter {
    const letter = this.#letters.get(name);
    if (!letter) throw new Error(`no letter ${name}`);
    return letter;
  }

  putAside(name: string): string {
    if (!this.#letters.delete(name)) throw new Error(`no letter ${name}`);
    return `${name}.unreadable`;
  }
}
