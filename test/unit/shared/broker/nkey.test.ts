import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isUserPublicKey, newUserPair } from "../../../../shared/broker/nkey.ts";

const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"];

describe("the public key of a worker", () => {
  it("a public key that we made is a worker's public key", () => {
    for (let i = 0; i < 200; i += 1) assert.ok(isUserPublicKey(newUserPair().publicKey));
  });

  it("a worker's public key with any letter changed is none", () => {
    const { publicKey } = newUserPair();
    const change = fc.tuple(fc.nat(publicKey.length - 1), fc.constantFrom(...letters));
    fc.assert(
      fc.property(change, ([at, letter]) => {
        fc.pre(publicKey[at] !== letter);
        assert.ok(!isUserPublicKey(publicKey.slice(0, at) + letter + publicKey.slice(at + 1)));
      }),
      { numRuns: 1000 },
    );
  });

  it("a worker's public key is none with another length, other characters or another prefix", () => {
    const { publicKey, seed } = newUserPair();
    for (const wrong of ["", publicKey.slice(1), `${publicKey}A`, `${publicKey}\n`, publicKey.toLowerCase(), seed]) {
      assert.ok(!isUserPublicKey(wrong), JSON.stringify(wrong));
    }
    assert.ok(!isUserPublicKey(`U${"A".repeat(55)}`));
    assert.ok(!isUserPublicKey(`A${publicKey.slice(1)}`));
  });
});
