import { encode } from "../../../shared/wire/codec.ts";

/**
 * Messages in our clients' form, but with any fields that an attacker likes: the product's own encoders are typed and
 * write only well-formed messages.
 */
type Fields = Readonly<Record<string, unknown>>;

export const sealed = (fields: Fields): Uint8Array => encode({ v: 1, ...fields });

export const claim = (more: Fields = {}): Uint8Array =>
  sealed({
    kind: "claim",
    claimId: `c${Math.random()}`,
    bootId: "raw",
    version: "0.1.0",
    sentAt: Date.now(),
    slots: 64,
    lastResultSeq: 0,
    after: null,
    targets: [],
    opportunistic: true,
    noCode: false,
    ...more,
  });

export const renewal = (more: Fields = {}): Uint8Array =>
  sealed({ kind: "renew", bootId: "raw", sentAt: Date.now(), held: [], ...more });

export const jobQuestion = (job: unknown): Uint8Array => sealed({ kind: "job", job });

export const enrolment = (more: Fields): Uint8Array =>
  sealed({ op: `op${Math.random()}`, worker: "raw", publicKey: "", host: "host", ...more });

export const report = (more: Fields = {}): Uint8Array => sealed({ attempt: 1, reports: [], ...more });

export const result = (more: Fields = {}): Uint8Array =>
  sealed({ attempt: 1, reports: [], console: "", hpmax: 1, iters: 1, metrics: { "s1-value": 1 }, ...more });

export const failure = (more: Fields = {}): Uint8Array =>
  sealed({ attempt: 1, reports: [], console: "", outcome: "failed", reason: "because", ...more });

export const handback = (more: Fields = {}): Uint8Array =>
  sealed({ attempt: 1, fault: "owner", reason: "because", ...more });

export const order = (more: Fields): Uint8Array => sealed({ op: `op${Math.random()}`, ...more });
