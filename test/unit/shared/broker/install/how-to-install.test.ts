import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { howToInstall, readOperatingSystem } from "../../../../../shared/broker/install/how-to-install.ts";
import { isNewEnough } from "../../../../../shared/broker/install/nats-server-version.ts";

describe("how to get nats-server", () => {
  const systems: [platform: NodeJS.Platform, osRelease: string, name: string, says: string][] = [
    [
      "linux",
      'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n',
      "Debian GNU/Linux 13 (trixie)",
      "sudo apt install nats-server",
    ],
    ["linux", 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', "ubuntu", "sudo apt install nats-server"],
    [
      "linux",
      'ID=linuxmint\nID_LIKE="ubuntu debian"\nPRETTY_NAME="Linux Mint 22"',
      "Linux Mint 22",
      "sudo apt install nats-server",
    ],
    ["linux", "ID=arch\n", "arch", "sudo pacman -S nats-server"],
    ["linux", 'ID="opensuse-leap"\nVERSION_ID="15.6"\n', "opensuse-leap", "https://nats.io/download"],
    ["linux", "", "linux", "https://nats.io/download"],
    ["darwin", "", "macOS", "brew install nats-server"],
    ["win32", "", "win32", "https://nats.io/download"],
  ];

  it("how to get nats-server is one sentence for each system, which always names the download for all", () => {
    for (const [platform, osRelease, name, says] of systems) {
      const system = readOperatingSystem(platform, osRelease);
      assert.equal(system.name, name);
      const sentence = howToInstall(system);
      assert.ok(sentence.includes(says), `${says} in: ${sentence}`);
      assert.match(sentence, /NATS_SERVER/);
      assert.doesNotMatch(sentence, /\n/);
    }
  });

  it("nats-server is installed by itself only on Debian and its derivatives", () => {
    const fetching = systems.filter(([platform, osRelease]) => readOperatingSystem(platform, osRelease).debianLike);
    assert.deepEqual(
      fetching.map(([, , name]) => name),
      ["Debian GNU/Linux 13 (trixie)", "ubuntu", "Linux Mint 22"],
    );
  });

  it("nats-server has to be 2.10 or newer, compared as numbers", () => {
    for (const version of ["2.10.0", "2.10.27", "2.11.0-RC.1", "2.100.0", "3.0.0"])
      assert.ok(isNewEnough(version), version);
    for (const version of ["2.9.25", "2.1.0", "1.99.0", "0.10.10"]) assert.ok(!isNewEnough(version), version);
  });
});
