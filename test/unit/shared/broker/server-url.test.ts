import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proxyFor } from "../../../../shared/broker/client/sockets/proxy.ts";
import { parsePin, pinText } from "../../../../shared/broker/pin.ts";
import { parseServerUrl, serverUrlText, shownUrl } from "../../../../shared/broker/server-url.ts";
import { UsageError } from "../../../../shared/errors.ts";

const sha256 = "PMwxbYzt4ByP3DMR1YS2f9NLGmG7t3Ct1j9WaPFIN4w";

describe("the url of a server", () => {
  test("a server's URL has a scheme, one server or several, and the fingerprint that they show", () => {
    for (const [text, scheme, servers, word] of [
      ["lab1", "nats", ["lab1:4222"]],
      ["nats://lab1,nats://lab2:4300", "nats", ["lab1:4222", "lab2:4300"]],
      ["tls://[fd00::3],[fd00::4]:4300/", "tls", ["[fd00::3]:4222", "[fd00::4]:4300"]],
      ["nats://ann:secret@lab1:4222,ann:secret@lab2", "nats", ["ann:secret@lab1:4222", "ann:secret@lab2:4222"]],
      [`wss://lab1#sha256=${sha256}`, "wss", ["lab1:443"], "any"],
      [`TLS://lab1:1#ca-sha256=${sha256}`, "tls", ["lab1:1"], "named"],
    ] as const) {
      const read = parseServerUrl(text);
      assert.deepEqual([read.scheme, read.servers, read.pin?.names], [scheme, servers, word], text);
      assert.deepEqual(parseServerUrl(serverUrlText(read)), read);
    }
    assert.equal(shownUrl(`tls://ann:secret@lab1:1,ann:secret@lab2:2#sha256=${sha256}`), "tls://lab1:1,lab2:2");
  });

  test("a URL that is no server's is refused, without its password", () => {
    for (const text of [
      "",
      "tls://",
      "ws://lab1",
      "tls://a,nats://b",
      "tls://a#",
      "tls://a#sha256=abc",
      "tls://a,,b",
    ]) {
      assert.throws(() => parseServerUrl(text), UsageError, text);
    }
    const wrong = "http://ann:secret@lab1#x";
    assert.throws(
      () => parseServerUrl(wrong),
      (error: Error) => !error.message.includes("secret"),
    );
  });

  test("a server's fingerprint means the same in base64 and in hexadecimal", () => {
    const bytes = Buffer.from(sha256, "base64url");
    for (const digits of [sha256, bytes.toString("base64"), bytes.toString("hex"), bytes.toString("hex").toUpperCase()])
      assert.deepEqual(parsePin(`sha256=${digits}`), { names: "any", sha256 }, digits);
    assert.equal(pinText({ names: "named", sha256 }), `ca-sha256=${sha256}`);
    for (const text of ["", "sha256", "sha256=", `sha1=${sha256}`, `sha256=${sha256}a`, `sha256=${sha256.slice(1)}`])
      assert.equal(parsePin(text), undefined, text);
  });
});

test("a proxy is used for every host but those that NO_PROXY names", () => {
  const env = { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "localhost, .example.org,lab1:8443" };
  const used = (host: string, port = 443, of: NodeJS.ProcessEnv = env): string | undefined =>
    proxyFor({ host, port }, of)?.host;
  assert.equal(used("lab2"), "proxy:3128");
  assert.equal(used("lab1"), "proxy:3128");
  assert.equal(used("lab1", 8443), undefined);
  assert.equal(used("localhost"), undefined);
  assert.equal(used("a.EXAMPLE.org"), undefined);
  assert.equal(used("notexample.org"), "proxy:3128");
  assert.equal(used("lab2", 443, {}), undefined);
  assert.equal(used("lab2", 443, { ...env, NO_PROXY: "*" }), undefined);
  assert.equal(used("lab2", 443, { https_proxy: "proxy:1" }), "proxy:1");
  assert.throws(() => used("lab2", 443, { HTTPS_PROXY: "socks5://proxy:1" }), /expected http:\/\/host:port/);
});
