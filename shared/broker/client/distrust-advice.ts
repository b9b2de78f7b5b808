/** What a person can do about a server that was not believed; `DistrustError` says what was seen. */

import type { BusError } from "../../ports.ts";
import { parseServerUrl } from "../server-url.ts";
import { type Distrust, DistrustError } from "./sockets/secure.ts";

/** What was typed, and what else is known. */
export interface TypedAddress {
  /** The join line of a worker, or the address that a command was given. */
  readonly as: "line" | "address";
  readonly url: string;
  /** The fingerprint is not in the url: it was kept from an earlier join. */
  readonly isKeptPin?: boolean | undefined;
  /** `--tls-ca` was given. */
  readonly hasAuthority: boolean;
}

const inItsPlace = "somebody answers in the coordinator's place: tell the person who runs it";
const newLine = "  on the coordinator's machine, nexus-coord prints the line to use; copy it whole, in its quotes";
const endOfLine = "the end of the join line, which nexus-coord prints on the coordinator's machine";

/** Lines to print below the error, each indented; each fits what was typed and what was seen. */
export function distrustAdvice({ cause }: BusError, typed: TypedAddress): string {
  const kind: Distrust = cause instanceof DistrustError ? cause.kind : "certificate";
  const { as, url, isKeptPin = false, hasAuthority } = typed;
  const { scheme, pin } = parseServerUrl(url);
  const isLine = as === "line";
  const hasPin = pin !== undefined || isKeptPin;
  switch (kind) {
    case "plain text":
      return (
        `  this ${as} begins with ${scheme}://, and the server there does not encrypt\n` +
        (isLine ? `${newLine}\n` : "  if its coordinator was started with --insecure, the address begins with nats://\n") +
        `  ${isLine ? "if that line begins so too" : "if it was not"}, ${inItsPlace}`
      );
    case "unknown authority":
      if (hasPin) return `  the authority that the fingerprint means did not sign what it shows: ${inItsPlace}`;
      if (hasAuthority)
        return "  --tls-ca names another authority than the one that signed: ask the person who runs the server for its file";
      if (scheme === "nats") {
        return isLine
          ? `  this line begins with nats://, and the server there speaks TLS by now; identity and runs of this worker stay\n${newLine}`
          : `  this address begins with nats://, and the server there speaks TLS: ${typedAddress("tls")}`;
      }
      return isLine
        ? `  this line has no #sha256=... at its end; some shells drop what follows #\n${newLine}`
        : `  this address has no #sha256=... at its end: ${typedAddress(scheme)}`;
    case "other key":
      if (isKeptPin) {
        return (
          "  this line has no #sha256=..., so the fingerprint counts that this worker has known since it joined\n" +
          `${newLine}\n  if that line's fingerprint begins with the one that this worker knows, ${inItsPlace}`
        );
      }
      return isLine
        ? `  on the coordinator's machine, nexus-coord prints the line to use: compare what follows #, and type the line in its quotes\n  if they are the same, ${inItsPlace}`
        : `  compare what follows # with ${endOfLine}\n  if they are the same, ${inItsPlace}`;
    case "certificate":
      return isLine
        ? "  tell the person who runs the coordinator, or type the line that nexus-coord prints now: its host is one that the certificate names"
        : "  tell the person who runs the server, or use a host that its certificate names";
    default: {
      const never: never = kind;
      throw new RangeError(`unknown distrust ${never}`);
    }
  }
}

const typedAddress = (scheme: string): string =>
  `write it as "${scheme}://host:port#sha256=..." in quotes; the fingerprint is\n  ${endOfLine}; or, for a server ` +
  "that others run, add --tls-ca FILE, the authority that signed its certificate";
