import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { HeldBroker } from "../../../shared/broker/server/server.ts";
import { ensureServerCertificate } from "../../../shared/broker/tls/authority.ts";
import type { GivenFiles } from "../../../shared/broker/tls/tls-settings.ts";
import { rememberedTls, tlsSettings } from "../../../shared/broker/tls/tls-settings.ts";
import { connectAs } from "../../../shared/broker/workspace-link.ts";
import { UsageError } from "../../../shared/errors.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import { createWorkspace } from "../../../shared/machine/workspace.ts";
import {
  assertStored,
  failsSaying,
  hold,
  holdElsewhere,
  isDown,
  newWorkspace,
  storeMessages,
} from "../../support/broker/brokers.ts";
import { type CertificateOnDisk, certificateOnDisk } from "../../support/broker/certificates.ts";
import { holdPort } from "../../support/broker/ports.ts";

const dayMs = 86_400_000;
const usual = { insecure: false, files: null, wss: null };
const everywhere = async (): Promise<string> => `0.0.0.0:${await holdPort("0.0.0.0")}`;
const given = ({ cert, key }: CertificateOnDisk, ca: string | null = null): GivenFiles => ({ cert, key, ca });

/** Connects with the rights of a viewer; `authority` as `--tls-ca` gives it. */
async function canConnect(paths: WorkspacePaths, url: string, authority?: string): Promise<void> {
  const secret = readRoleSecret(paths, "viewer");
  const bus = await connectAs(url, authority === undefined ? secret : { ...secret, authority }, "viewer");
  await bus.flush();
  await bus.close();
}

const shownBy = (paths: WorkspacePaths, file = "server.pem"): X509Certificate =>
  new X509Certificate(readFileSync(join(paths.secrets, file)));

describe("a broker beyond this machine", () => {
  it("a broker speaks TLS with its own certificates to others, and plain text on this machine alone", async () => {
    const paths = newWorkspace();
    const near = await hold(paths);
    assert.match(near.url, /^nats:/);
    assert.equal(near.pin, undefined);
    await storeMessages(paths, 2);
    await near.release();

    const far = await hold(paths, { listen: await everywhere() });
    assert.match(far.url, /^tls:\/\/127\.0\.0\.1:\d+#sha256=/);
    await assertStored(paths, 2);
    for (const name of ["ca.pem", "ca.key.pem", "server.pem", "server.key.pem"])
      assert.equal(statSync(join(paths.secrets, name)).mode & 0o777, 0o600, name);
    const certificate = shownBy(paths);
    assert.equal(certificate.checkHost("localhost"), "localhost");
    assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
    assert.ok(new X509Certificate(readFileSync(join(paths.secrets, "ca.pem"))).ca);
    assert.ok(!certificate.ca);
    // Names are checked if the authority was given by a file.
    const authority = readFileSync(join(paths.secrets, "ca.pem"), "utf8");
    await canConnect(paths, `tls://127.0.0.1:${far.port}`, authority);
    await assert.rejects(canConnect(paths, `tls://127.0.0.9:${far.port}`, authority), /for another name/);
    // Nobody gets in without knowing the authority, or in plain text.
    await assert.rejects(canConnect(paths, `tls://127.0.0.1:${far.port}`), /a private authority signed/);
    await assert.rejects(canConnect(paths, `nats://127.0.0.1:${far.port}`), /a private authority signed/);
    await far.release();
  });

  it("a broker renews its certificate at a start, and keeps its authority", async () => {
    const paths = newWorkspace();
    createWorkspace(paths);
    const names = ["localhost", "127.0.0.1"];
    ensureServerCertificate(paths, names, undefined, Date.now() - 250 * dayMs);
    const old = shownBy(paths);
    const listen = await everywhere();
    const first = await hold(paths, { listen });
    const renewed = shownBy(paths);
    assert.notEqual(renewed.serialNumber, old.serialNumber);
    assert.ok(Date.parse(renewed.validTo) > Date.now() + 300 * dayMs);
    await canConnect(paths, first.url);
    await first.release();
    const second = await hold(paths, { listen });
    assert.equal(shownBy(paths).serialNumber, renewed.serialNumber, "a certificate that is good was made anew");
    assert.equal(second.pin, first.pin);
    await second.release();
  });

  it("a broker speaks plain text if told so, also at the next start, and encrypts when told again", async () => {
    const paths = newWorkspace();
    const listen = await everywhere();
    const insecure = tlsSettings(paths, { insecure: true });
    const plain = await hold(paths, { listen, tls: insecure });
    assert.match(plain.url, /^nats:/);
    await canConnect(paths, plain.url);
    await assert.rejects(
      canConnect(paths, plain.url.replace("nats:", "tls:")),
      /it speaks plain text; nothing was sent/,
    );
    await plain.release();
    assert.deepEqual(tlsSettings(paths, {}), { ...usual, insecure: true });
    const again = await hold(paths);
    assert.match(again.url, /^nats:/);
    await again.release();
    const encrypted = await hold(paths, { tls: tlsSettings(paths, { tlsCert: "own" }) });
    assert.match(encrypted.url, /^tls:/);
    await encrypted.release();
    assert.deepEqual(rememberedTls(paths), usual);
  });

  it("a broker changes how it encrypts only if nobody else holds it", async () => {
    const paths = newWorkspace();
    const listen = await everywhere();
    const first = await holdElsewhere(paths, { kind: "coordinator", listen });
    const changed = hold(paths, { tls: { ...usual, insecure: true } });
    await failsSaying(changed, "uses its own certificates, not plain text (--insecure)", String(first.process.pid));
    await first.release();
  });
});

describe("certificates that are given", () => {
  const authority = certificateOnDisk({ days: 3000 });
  const server = certificateOnDisk({ issuer: authority, names: ["lab1.example.org", "127.0.0.1"] });

  it("given certificates are believed by local programs under any name, by others by their authority", async () => {
    const paths = newWorkspace();
    const named = certificateOnDisk({ issuer: authority, names: ["lab1.example.org"] });
    const files = given(named, authority.cert);
    const held = await hold(paths, { listen: await everywhere(), tls: { ...usual, files } });
    await canConnect(paths, held.url);
    assert.match(held.pin ?? "", /^ca-sha256=/);
    assert.equal(shownBy(paths, "given.pem").serialNumber, new X509Certificate(named.text).serialNumber);
    const far = `tls://127.0.0.1:${held.port}`;
    await assert.rejects(canConnect(paths, `${far}#${held.pin}`), /its certificate is for another name/);
    await assert.rejects(canConnect(paths, far, authority.text), /its certificate is for another name/);
    await held.release();

    const fitting = await hold(paths, { tls: { ...usual, files: given(server, authority.cert) } });
    await canConnect(paths, `${far}#${fitting.pin}`);
    await canConnect(paths, far, authority.text);
    await assert.rejects(canConnect(paths, far), /a private authority signed|does not know/);
    await fitting.release();
    // The given files are remembered.
    const again = await hold(paths);
    assert.equal(again.pin, fitting.pin);
    await again.release();
  });

  it("given certificates that sign themselves are known by their own key", async () => {
    const paths = newWorkspace();
    const alone = certificateOnDisk({ names: ["lab1"], subject: "lab1" });
    const held = await hold(paths, { listen: await everywhere(), tls: { ...usual, files: given(alone) } });
    assert.match(held.pin ?? "", /^sha256=/);
    await canConnect(paths, `tls://127.0.0.9:${held.port}#${held.pin}`);
    await held.release();
  });

  it("given certificates that do not do are refused before anything listens, with what was expected", async () => {
    const paths = newWorkspace();
    const listen = await everywhere();
    const other = certificateOnDisk({ issuer: authority, names: ["lab2"] });
    const ended = certificateOnDisk({ issuer: authority, names: ["lab1"], days: -1 });
    const stranger = certificateOnDisk();
    const locked = `${server.key}.locked`;
    writeFileSync(locked, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n-----END ENCRYPTED PRIVATE KEY-----\n");
    const empty = `${server.cert}.empty`;
    writeFileSync(empty, "hello\n");
    const damaged = `${server.cert}.damaged`;
    writeFileSync(damaged, server.text.replace(/\n.{20}/, "\n"));
    const { cert, key } = server;
    const wrong: readonly (readonly [GivenFiles, ...string[]])[] = [
      [{ cert: "/no/such/cert.pem", key, ca: null }, "--tls-cert /no/such/cert.pem: cannot be read"],
      [{ cert: empty, key, ca: null }, `--tls-cert ${empty}: holds no certificate`],
      [{ cert: damaged, key, ca: null }, `--tls-cert ${damaged}: holds a damaged certificate`],
      [
        { cert, key: other.key, ca: null },
        `--tls-key ${other.key}: is not the key of the first certificate in ${cert}`,
      ],
      [{ cert, key: locked, ca: null }, `--tls-key ${locked}: is encrypted`],
      [{ cert, key: empty, ca: null }, `--tls-key ${empty}: holds no private key`],
      [{ cert, key, ca: stranger.cert }, `--tls-ca ${stranger.cert}: did not sign ${cert}`],
      [{ cert: ended.cert, key: ended.key, ca: null }, `--tls-cert ${ended.cert}: ended on 20`],
    ];
    for (const [files, ...parts] of wrong) {
      await failsSaying(hold(paths, { listen, tls: { ...usual, files } }), ...parts, "");
      assert.ok(isDown(paths));
    }
    assert.deepEqual(rememberedTls(paths), usual);
    for (const typed of [
      { tlsCert: cert },
      { tlsKey: key },
      { tlsCa: authority.cert },
      { tlsCert: cert, tlsKey: key, insecure: true },
      { tlsCert: "own", tlsKey: key },
      { listenWss: "443" },
      { listenWss: "a b:443" },
    ]) {
      assert.throws(() => tlsSettings(paths, typed), UsageError, JSON.stringify(typed));
    }
  });

  it("given certificates may hold a chain with the authority in between", async () => {
    const paths = newWorkspace();
    const chained = `${server.cert}.chain`;
    writeFileSync(chained, server.text);
    appendFileSync(chained, authority.text);
    const files = { cert: chained, key: server.key, ca: null };
    const held: HeldBroker = await hold(paths, { listen: await everywhere(), tls: { ...usual, files } });
    // An authority that is not named counts as one that every machine knows, so there is no pin.
    assert.equal(held.pin, undefined);
    await canConnect(paths, held.url);
    await canConnect(paths, `tls://127.0.0.1:${held.port}`, authority.text);
    await held.release();
  });
});
