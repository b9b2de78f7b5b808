import { BusError } from "../../../ports.ts";
import { isAtLeast } from "../../install/nats-server-version.ts";

type Piece = Promise<Uint8Array | null>;

/**
 * Asks a server for pieces as it keeps least of them in memory. Earlier ones than 2.11 let go of a block of the stream once the last
 * message in it was read in order, and keep for ten seconds what was asked for by its subject: 60 MB against 530 of 500 (2.10.27,
 * 2026-11-29). Not every user may ask so.
 */
export class OrderedPieces {
  #may: "perhaps" | "yes" | "no" = "perhaps";

  /**
   * @param version  of the server, undefined if it does not say
   * @param inOrder  asks with this question
   */
  async get(
    version: string | undefined,
    subject: string,
    inOrder: (question: string) => Piece,
    bySubject: () => Piece,
  ): Piece {
    if (this.#may === "no" || version === undefined || isAtLeast(version, 2, 11)) return bySubject();
    try {
      const piece = await inOrder(JSON.stringify({ seq: 1, next_by_subj: subject }));
      this.#may = "yes";
      return piece;
    } catch (error) {
      if (!(error instanceof BusError) || error.reason === "closed" || error.reason === "not connected") throw error;
      // Another server may have been told less of what its users may, and so may this one later.
      if (this.#may === "yes" && error.reason !== "refused") throw error;
      // The server does not answer while it reloads its users.
      if (error.reason !== "nobody answered") this.#may = "no";
      return bySubject();
    }
  }
}
