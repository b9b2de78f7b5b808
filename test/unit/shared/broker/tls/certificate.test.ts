import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fingerprintOf } from "../../../../../shared/broker/pin.ts";
import { derivedKey, ensureAuthority, ensureServerCertificate } from "../../../../../shared/broker/tls/authority.ts";
import { addressBytes, writeCertificate } from "../../../../../shared/broker/tls/certificate.ts";
import * as der from "../../../../../shared/broker/tls/der.ts";
import { BrokerError } from "../../../../../shared/errors.ts";
import { createWorkspace, type WorkspacePaths, workspacePaths } from "../../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

const dayMs = 86_400_000;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function newPaths(): WorkspacePaths {
  const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
  createWorkspace(paths);
  return paths;
}

describe("DER", () => {
  test("DER writes each type as the standard's examples do", () => {
    assert.equal(hex(der.integer(Buffer.of(0))), "020100");
    assert.equal(hex(der.integer(Buffer.of(0, 0, 127))), "02017f");
    assert.equal(hex(der.integer(Buffer.of(128))), "02020080");
    assert.equal(hex(der.boolean(true)), "0101ff");
    assert.equal(hex(der.bits(Buffer.of(0x04), 2)), "03020204");
    assert.equal(hex(der.oid("1.2.840.113549")), "06062a864886f70d");
    assert.equal(hex(der.sequence(der.utf8("hi"), der.octets(Buffer.of(1)))), "30070c0268690401 01".replace(" ", ""));
    assert.equal(hex(der.octets(Buffer.alloc(200))).slice(0, 6), "0481c8");
    assert.equal(hex(der.octets(Buffer.alloc(300))).slice(0, 8), "0482012c");
  });

  test("DER writes years with two digits until 2049, with four from 2050", () => {
    const text = (at: string): string => der.time(Date.parse(at)).subarray(2).toString();
    assert.equal(text("2026-11-28T06:05:04.999Z"), "261128060504Z");
    assert.equal(text("2049-12-31T23:59:59Z"), "491231235959Z");
    assert.equal(text("2050-01-01T00:00:00Z"), "20500101000000Z");
    assert.equal(der.time(Date.parse("2049-12-31T23:59:59Z"))[0], 0x17);
    assert.equal(der.time(Date.parse("2050-01-01T00:00:00Z"))[0], 0x18);
  });
});

describe("a certificate", () => {
  test("a certificate is read by OpenSSL as it was written, whatever names it has", () => {
    const authority = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const server = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const name = fc.oneof(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `a${labels.join(".")}`),
      fc.ipV4(),
      fc.ipV6(),
    );
    const day = Math.floor(Date.parse("2026-11-28") / dayMs);
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 20_000 }),
        (names, days) => {
          const read = new X509Certificate(
            writeCertificate({
              subject: "a server",
              publicKey: server.publicKey,
              issuer: { name: "an authority", privateKey: authority.privateKey },
              notBefore: day * dayMs,
              notAfter: (day + days) * dayMs,
              names,
            }),
          );
          assert.ok(read.verify(authority.publicKey));
          assert.ok(read.checkPrivateKey(server.privateKey));
          assert.ok(!read.ca);
          assert.equal(Date.parse(read.validTo), (day + days) * dayMs);
          for (const each of names) {
            const isNamed = /^[\d.]+$|:/.test(each) ? read.checkIP(each) : read.checkHost(each);
            assert.ok(isNamed !== undefined, `${each} in ${read.subjectAltName}`);
          }
          assert.equal(read.checkHost("other.example"), undefined);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("addresses in a certificate have four or sixteen bytes", () => {
    assert.equal(hex(addressBytes("192.0.2.7")), "c0000207");
    assert.equal(hex(addressBytes("::1")), "00000000000000000000000000000001");
    assert.equal(hex(addressBytes("fd00::3:0")), "fd000000000000000000000000030000");
    assert.equal(hex(addressBytes("::ffff:192.0.2.7")), "00000000000000000000ffffc0000207");
    assert.equal(hex(addressBytes("FD00:0:0:0:0:0:0:3")), "fd000000000000000000000000000003");
  });
});

describe("the workspace's authority", () => {
  test("the workspace's authority stays the same, signs servers alone, and its key tells who it is", () => {
    const paths = newPaths();
    const first = ensureAuthority(paths);
    assert.deepEqual(ensureAuthority(paths).certificate, first.certificate);
    const read = new X509Certificate(first.certificate);
    assert.ok(read.ca && read.verify(read.publicKey));
    assert.ok(Date.parse(read.validTo) > Date.now() + 19 * 365 * dayMs);
    const { chain } = ensureServerCertificate(paths, ["lab1"]);
    const server = new X509Certificate(readFileSync(chain));
    assert.ok(server.checkIssued(read) && server.verify(read.publicKey));
    // An authority that expires, or whose certificate is lost, is made again with the same key.
    rmSync(join(paths.secrets, "ca.pem"));
    const again = ensureAuthority(paths);
    const later = ensureAuthority(paths, undefined, Date.now() + 19 * 365 * dayMs);
    assert.notEqual(later.certificate, again.certificate);
    // The clock was ahead then.
    const right = ensureAuthority(paths);
    assert.ok(Date.parse(new X509Certificate(right.certificate).validFrom) <= Date.now());
    for (const { certificate } of [again, later, right])
      assert.equal(fingerprintOf(new X509Certificate(certificate).publicKey), fingerprintOf(read.publicKey));
  });

  test("an authority that lost its key says what to do, instead of becoming another", () => {
    const paths = newPaths();
    ensureAuthority(paths);
    const key = join(paths.secrets, "ca.key.pem");
    writeFileSync(key, "hello");
    assert.throws(
      () => ensureAuthority(paths),
      (error) => error instanceof BrokerError && /is damaged.*delete/.test(error.message),
    );
    rmSync(key);
    assert.throws(() => ensureAuthority(paths), /ca\.key\.pem is missing; take it from a backup/);
  });

  test("peers that have only their secrets in common derive the same authority", () => {
    const pem = (secret: string, cluster: string): string =>
      fingerprintOf(createPublicKey(derivedKey(secret, cluster)));
    assert.equal(pem("s", "ws1-1"), pem("s", "ws1-1"));
    assert.notEqual(pem("s", "ws1-1"), pem("s", "ws1-2"));
    assert.notEqual(pem("s", "ws1-1"), pem("t", "ws1-1"));
    const peers = { routeSecret: "s", cluster: "ws1-1" };
    const [one, two] = [newPaths(), newPaths()];
    const other = ensureAuthority(one, peers);
    const { chain } = ensureServerCertificate(two, ["lab2"], peers);
    assert.ok(new X509Certificate(readFileSync(chain)).verify(new X509Certificate(other.certificate).publicKey));
  });
});

describe("a server's certificate", () => {
  test("a server's certificate is renewed at 2/3 of its year, for a new name, if damaged, or not yet valid", () => {
    const paths = newPaths();
    const now = Date.now();
    const made = (names: readonly string[], at = now): string => {
      const { chain } = ensureServerCertificate(paths, names, undefined, at);
      return new X509Certificate(readFileSync(chain)).serialNumber;
    };
    const first = made(["lab1", "192.0.2.7", "fd00::3"]);
    assert.equal(made(["fd00:0::3", "LAB1"]), first);
    assert.equal(made(["lab1"], now + 240 * dayMs), first);
    const second = made(["lab1", "198.51.100.4"]);
    assert.notEqual(second, first);
    const third = made(["lab1"], now + 250 * dayMs);
    assert.notEqual(third, second);
    for (const file of ["server.pem", "server.key.pem"]) {
      const before = made(["lab1"], now + 250 * dayMs);
      writeFileSync(join(paths.secrets, file), "hello");
      assert.notEqual(made(["lab1"], now + 250 * dayMs), before, file);
    }
    // What was made while the clock was ahead is not valid yet once it is right.
    const ahead = made(["lab1"], now + 3 * dayMs);
    const right = made(["lab1"]);
    assert.notEqual(right, ahead);
    assert.equal(made(["lab1"], now - dayMs / 2), right, "clocks differ a little");
    // Another authority's certificate is no use, however good.
    const before = made(["lab1"]);
    for (const file of ["ca.pem", "ca.key.pem"]) rmSync(join(paths.secrets, file));
    assert.notEqual(made(["lab1"]), before);
  });
});
