import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nkeyAuthenticator } from "nats";
import {
  inviteIdOf,
  inviteKey,
  isInviteId,
  newInviteCode,
  readInviteCode,
} from "../../../../../shared/broker/access/invite-code.ts";
import {
  answerTo,
  isSignedBy,
  isUserPublicKey,
  newUserPair,
  signAs,
  userPair,
} from "../../../../../shared/broker/nkey.ts";

describe("the code of an invitation", () => {
  it("an invitation's code says until when it holds, to the minute", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => {
        const read = readInviteCode(newInviteCode(at));
        assert.equal(read.kind, "code");
        assert.ok(read.kind === "code" && read.expiresAt >= at && read.expiresAt < at + 60_000);
      }),
    );
  });

  it("an invitation's code needs no quoting in a line or a shell, and has 144 random bits", () => {
    const codes = new Set(Array.from({ length: 500 }, () => newInviteCode(1e12)));
    assert.equal(codes.size, 500);
    for (const code of codes) assert.match(code, /^J1-[0-9a-z]{6}-[A-Za-z0-9_-]{28}$/);
  });

  it("an invitation's code is told from one that was changed, cut off, or of an earlier version", () => {
    const code = newInviteCode(1e12);
    const letter = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    fc.assert(
      fc.property(fc.nat(code.length - 5), letter, (at, changed) => {
        fc.pre(code[at] !== changed);
        assert.equal(readInviteCode(code.slice(0, at) + changed + code.slice(at + 1)).kind, "damaged");
      }),
    );
    for (const wrong of [
      "",
      code.slice(1),
      code.slice(0, -1),
      `${code}A`,
      `${code}\n`,
      code.toLowerCase(),
      "x".repeat(5000),
    ])
      assert.equal(readInviteCode(wrong).kind, "damaged");
    assert.equal(readInviteCode("RZw71GnLNhStrB3g-wirk7CB").kind, "old");
  });

  it("an invitation's code gives the same key everywhere, and a later expiry another one", () => {
    const code = newInviteCode(1e12);
    const key = inviteKey(code);
    assert.deepEqual(inviteKey(code), key);
    assert.ok(isUserPublicKey(key.publicKey));
    assert.ok(isInviteId(key.id));
    assert.equal(inviteIdOf(key.publicKey), key.id);
    assert.notEqual(inviteKey(`J1-zzzzzz${code.slice(9)}`).publicKey, key.publicKey);
    // A derivation that changed would lock out everybody who was invited.
    assert.equal(
      inviteKey("J1-0gdcql-AAAAAAAAAAAAAAAAAAAAAAAAabcd").publicKey,
      "UAUPPIBGUTJ3VG67P64PLX343DTAPSU4R456YGCU5ARCU2AOOWVHGIRY",
    );
  });
});

describe("signatures", () => {
  it("a signature holds only for the key that made it, and only for those bytes", () => {
    const pair = newUserPair();
    const text = new TextEncoder().encode("enrol me");
    const signature = signAs(pair.seed, text);
    assert.ok(isSignedBy(pair.publicKey, text, signature));
    assert.ok(!isSignedBy(newUserPair().publicKey, text, signature));
    assert.ok(!isSignedBy(pair.publicKey, new TextEncoder().encode("enrol him"), signature));
    for (const wrong of [new Uint8Array(0), signature.subarray(1), new Uint8Array(64), new Uint8Array(100)])
      assert.ok(!isSignedBy(pair.publicKey, text, wrong));
    for (const key of ["", "U", pair.seed, `${pair.publicKey}A`]) assert.ok(!isSignedBy(key, text, signature));
  });

  it("the signature of a server's nonce is what the NATS client would answer", () => {
    const { seed } = newUserPair();
    const client = nkeyAuthenticator(new TextEncoder().encode(seed));
    for (const nonce of ["kVsaxrxvZy5bGYU", undefined]) assert.deepEqual(answerTo(nonce, seed), client(nonce));
  });

  it("keys made from 32 secret bytes sign as the NATS client's do, and seeds that cannot be are refused", () => {
    const secret = new Uint8Array(32).fill(7);
    const pair = userPair(secret);
    assert.match(pair.seed, /^SU[A-Z2-7]{56}$/);
    assert.ok(isUserPublicKey(pair.publicKey));
    assert.ok(isSignedBy(pair.publicKey, secret, signAs(pair.seed, secret)));
    assert.throws(() => userPair(new Uint8Array(31)), RangeError);
    assert.throws(() => signAs(pair.seed.slice(0, -1), secret), RangeError);
    assert.throws(() => signAs(`${pair.seed.slice(0, -1)}A`, secret), RangeError);
  });
});
