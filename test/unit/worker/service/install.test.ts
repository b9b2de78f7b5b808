import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { prune } from "../../../../coordinator/package/start-here.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { install, uninstall, type Wish } from "../../../../worker/service/install.ts";
import type { CommandAnswer, Machine } from "../../../../worker/service/machine.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const line = "tls://CODE@192.0.2.7:4222/ws1#sha256=abc";
const wish: Wish = {
  workspace: "ws1",
  name: undefined,
  line,
  words: ["--slots=2", "--when-idle"],
  passEnv: [],
  graceSeconds: 10,
  version: "0.1.0",
};
const now = { isDryRun: false, isForced: false };

/** A machine whose service manager says what it is told to say. */
function machineOf(
  platform: NodeJS.Platform,
  answer: (words: string) => CommandAnswer = () => ({ code: 0, text: "" }),
) {
  const home = temporaryFolder();
  const asked: string[] = [];
  const said: string[] = [];
  const machine: Machine = {
    platform,
    env: { PATH: "/usr/bin:/bin", NEXUS_LOG: "debug", HOME: home, SECRET: "not for files" },
    home,
    user: "ann",
    uid: 1000,
    program: ["/usr/bin/node", "/opt/nexus/worker/main.js"],
    lingers: () => false,
    run: (command) => {
      asked.push(command.join(" "));
      return answer(command.join(" "));
    },
  };
  return { machine, home, asked, said, say: (text: string): void => void said.push(text) };
}

test("install on Linux writes the unit and the line, tells systemd, and says what to type", () => {
  const { machine, home, asked, said, say } = machineOf("linux");
  assert.equal(install(wish, now, machine, say), true);
  const unit = join(home, ".config/systemd/user/nexus-worker-ws1.service");
  const secret = join(home, ".local/state/nexus/services/nexus-worker-ws1.line");
  assert.equal(readFileSync(secret, "utf8"), `${line}\n`);
  assert.equal(statSync(secret).mode & 0o777, 0o600);
  assert.equal(statSync(join(secret, "..")).mode & 0o777, 0o700);
  const text = readFileSync(unit, "utf8");
  assert.ok(!text.includes("CODE") && !text.includes("SECRET"), text);
  assert.match(
    text,
    new RegExp(`^ExecStart=/usr/bin/node /opt/nexus/worker/main.js @${secret} --slots=2 --when-idle$`, "m"),
  );
  assert.match(text, /^TimeoutStopSec=30s$/m);
  assert.deepEqual(asked, [
    "systemctl --user daemon-reload",
    "systemctl --user enable nexus-worker-ws1.service",
    "systemctl --user restart nexus-worker-ws1.service",
  ]);
  const told = said.join("\n");
  for (const part of [
    "loginctl enable-linger ann",
    "journalctl --user -u nexus-worker-ws1 -f",
    "uninstall-service nexus-worker-ws1",
  ])
    assert.ok(told.includes(part), told);
  assert.deepEqual(readdirSync(join(unit, "..")), ["nexus-worker-ws1.service"], "no other file is left");
});

test("a service installed with npx has the shell's PATH, and a warning if it lies in npm's cache", () => {
  const { machine, home, said, say } = machineOf("linux");
  const bin = "/home/ann/project/node_modules/.bin";
  const gyp = "/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin";
  const cached = "/home/ann/.npm/_npx/0123/node_modules";
  const env = { ...machine.env, PATH: `${cached}/.bin:${bin}:${gyp}:/usr/bin:/bin`, XDG_CACHE_HOME: "/scratch/cache" };
  const pathIn = (text: string): string | undefined => /PATH=([^"\n]*)/.exec(text)?.[1];
  const textWith = (more: object, program = machine.program): string => {
    install(wish, { isDryRun: false, isForced: true }, { ...machine, env: { ...env, ...more }, program }, say);
    return readFileSync(join(home, ".config/systemd/user/nexus-worker-ws1.service"), "utf8");
  };
  const text = textWith({ npm_execpath: "/usr/lib/node_modules/npm/bin/npm-cli.js" });
  assert.equal(pathIn(text), "/usr/bin:/bin");
  assert.match(text, /XDG_CACHE_HOME=\/scratch\/cache/);
  assert.equal(pathIn(textWith({})), env.PATH, "a PATH that somebody chose stays");
  assert.ok(!said.join("\n").includes("npm's cache"));
  textWith({}, ["/usr/bin/node", `${cached}/nexus-swarm/dist/worker/main.js`]);
  assert.match(said.join("\n"), /lies in npm's cache/);
});

test("a service installed with uvx has a warning that it lies in uv's cache", () => {
  const { machine, said, say } = machineOf("linux");
  const cached =
    "/home/ann/.cache/uv/archive-v0/8Ml3OSC6/lib/python3.13/site-packages/nexus_swarm/js/dist/worker/main.js";
  install(wish, now, { ...machine, program: ["/usr/bin/node", cached] }, say);
  assert.match(said.join("\n"), /lies in uv's cache, which uv empties; so that the service stays: uv tool install/);
});

test("a version that a pasted line fetched stays while a service starts from it, however many come later", () => {
  const { machine, home, say } = machineOf("linux");
  const versions = join(home, ".cache/nexus/versions");
  /** The version's program. A pasted line has started it once, in a process that has ended. */
  const fetched = (name: string, usedAt: number): string => {
    mkdirSync(join(versions, name, "users"), { recursive: true });
    utimesSync(join(versions, name), usedAt, usedAt);
    return join(versions, name, "dist/worker/main.js");
  };
  const installFrom = (program: string): boolean =>
    install(wish, { ...now, isForced: true }, { ...machine, program: ["/usr/bin/node", program] }, say);
  /** The builds that are there after a line of the newest was pasted. */
  const kept = (newest: string): string[] => {
    prune(versions, join(versions, newest), () => false);
    return readdirSync(versions)
      .map((name) => name.replace("0.1.0-", ""))
      .sort();
  };
  installFrom(fetched("0.1.0-a", 1000));
  fetched("0.1.0-b", 2000);
  const third = fetched("0.1.0-c", 3000);
  assert.deepEqual(kept("0.1.0-c"), ["a", "b", "c"]);
  installFrom(third);
  assert.deepEqual(kept("0.1.0-c"), ["b", "c"], "the service has another program now");
  for (const [name, usedAt] of [
    ["0.1.0-d", 4000],
    ["0.1.0-e", 5000],
  ] as const)
    fetched(name, usedAt);
  assert.deepEqual(kept("0.1.0-e"), ["c", "d", "e"]);
  uninstall("nexus-worker-ws1", machine, say);
  assert.deepEqual(kept("0.1.0-e"), ["d", "e"]);
});

test("a service installed again is kept; another text is shown and replaced only by force", () => {
  const { machine, home, said, say } = machineOf("linux");
  const unit = join(home, ".config/systemd/user/nexus-worker-ws1.service");
  install(wish, now, machine, say);
  install(wish, now, machine, say);
  assert.ok(said.includes(`kept ${unit}`));
  writeFileSync(unit, "[Service]\nExecStart=/mine\n");
  const other = { ...wish, line: "tls://OTHER@192.0.2.8/ws1" };
  assert.throws(
    () => install(other, now, machine, say),
    (error) =>
      error instanceof UsageError &&
      /already exists with different content:\n {4}\[Service\]\n {4}ExecStart=\/mine\n.*--force/s.test(error.message),
  );
  const secret = join(home, ".local/state/nexus/services/nexus-worker-ws1.line");
  assert.equal(readFileSync(secret, "utf8"), `${line}\n`, "nothing was changed");
  install(other, { isDryRun: false, isForced: true }, machine, say);
  assert.ok(said.includes(`replaced ${unit}`));
  assert.match(readFileSync(unit, "utf8"), /--slots=2/);
});

test("a dry run of an installation prints the service's file and writes nothing", () => {
  const { machine, home, asked, said, say } = machineOf("linux");
  assert.equal(install(wish, { isDryRun: true, isForced: false }, machine, say), true);
  assert.match(said.join("\n"), /nexus-worker-ws1\.service\n.*\nExecStart=/s);
  assert.ok(!said.join("\n").includes("CODE"));
  assert.deepEqual(asked, []);
  assert.deepEqual(readdirSync(home), []);
});

test("install without a session bus leaves the service's file, and says what to type", () => {
  const words = "Failed to connect to bus: No medium found";
  const { machine, home, said, say } = machineOf("linux", () => ({ code: 1, text: words }));
  assert.equal(install(wish, now, machine, say), false);
  assert.ok(existsSync(join(home, ".config/systemd/user/nexus-worker-ws1.service")));
  assert.equal(
    said.at(-1),
    `it was not started: systemctl --user daemon-reload failed: ${words}
  systemd has no session of ann here, as after su or sudo, and in containers. Log in as ann (at the machine, or by ssh), or type:
    loginctl enable-linger ann
    export XDG_RUNTIME_DIR="/run/user/$(id -u)"
  then type:
    systemctl --user daemon-reload
    systemctl --user enable nexus-worker-ws1.service
    systemctl --user restart nexus-worker-ws1.service`,
  );
});

test("install without systemd says so", () => {
  const { machine, said, say } = machineOf("linux", () => ({ code: null, text: "spawnSync systemctl ENOENT" }));
  assert.equal(install(wish, now, machine, say), false);
  assert.match(said.at(-1) ?? "", /there is no systemd on this machine/);
});

test("install on macOS makes an agent of the user's own, and ends one that runs before it starts", () => {
  const { machine, home, asked, say } = machineOf("darwin", (words) => ({
    code: words.includes("bootout") ? 3 : 0,
    text: "",
  }));
  const named = { ...wish, name: "lab" };
  assert.equal(install(named, now, machine, say), true);
  const agent = join(home, "Library/LaunchAgents/nexus-swarm.nexus-worker-ws1-lab.plist");
  assert.match(readFileSync(agent, "utf8"), /<string>--when-idle<\/string>/);
  const target = "gui/1000/nexus-swarm.nexus-worker-ws1-lab";
  const start = [`launchctl enable ${target}`, `launchctl bootstrap gui/1000 ${agent}`];
  assert.deepEqual(asked, start);
  install(named, now, machine, say);
  assert.deepEqual(asked.slice(2), [`launchctl bootout ${target}`, ...start]);
});

test("install on Windows says what to type instead, with this machine's own paths", () => {
  const { machine, say } = machineOf("win32");
  assert.throws(
    () => install({ ...wish, line: undefined }, now, machine, say),
    (error) =>
      error instanceof UsageError &&
      error.message.includes(
        'schtasks /create /tn nexus-worker /sc onlogon /tr "/usr/bin/node /opt/nexus/worker/main.js --slots=2 --when-idle"',
      ),
  );
});

test("a proxy's password is not written into a service's file", () => {
  const { machine, home, say } = machineOf("linux");
  const proxied = { ...machine, env: { HTTPS_PROXY: "http://ann:secret@proxy:3128" } };
  assert.throws(() => install(wish, now, proxied, say), /HTTPS_PROXY holds a password/);
  assert.deepEqual(readdirSync(home), []);
});

test("a service has the variables of its worker and of --pass-env, in a file that only its user may read", () => {
  const gpus = { CUDA_VISIBLE_DEVICES: "", CUDA_DEVICE_ORDER: "FASTEST_FIRST" };
  const passed = { WANDB_API_KEY: "first-key", PYTHONPATH: "/a:/b" };
  const values = { ...gpus, ...passed, VIRTUAL_ENV: "/home/ann/.venv", TZ: "Asia/Tokyo", NEXUS_PRIORITY: "normal" };
  const words = ["--pass-env=WANDB_API_KEY,PYTHONPATH,NOT_SET"];
  const wanted = { ...wish, words, passEnv: ["WANDB_API_KEY", "PYTHONPATH", "NOT_SET"] };
  const files = [
    ["linux", ".config/systemd/user/nexus-worker-ws1.service", (name: string, value: string) => `${name}=${value}\n`],
    [
      "darwin",
      "Library/LaunchAgents/nexus-swarm.nexus-worker-ws1.plist",
      (name: string, value: string) => `<key>${name}</key>\n    <string>${value}</string>`,
    ],
  ] as const;
  for (const [platform, path, variable] of files) {
    const { machine, home, said, say } = machineOf(platform);
    const here = { ...machine, env: { ...machine.env, ...values } };
    install(wanted, { isDryRun: true, isForced: false }, here, say);
    install(wanted, now, here, say);
    const file = join(home, path);
    const text = readFileSync(file, "utf8");
    for (const [name, value] of Object.entries(values))
      assert.ok(text.includes(variable(name, value)), `${name} in ${text}`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const told = said.join("\n");
    assert.ok(told.includes(`${file} holds WANDB_API_KEY, PYTHONPATH as set here`), told);
    assert.match(told, /^NOT_SET is not set here, so runs will not get it/m);
    const other = { ...here, env: { ...here.env, WANDB_API_KEY: "second-key" } };
    assert.throws(
      () => install(wanted, now, other, say),
      (error) => error instanceof UsageError && error.message.includes("***") && !/first-key|\/a:/.test(error.message),
    );
    assert.ok(!/first-key|second-key|\/a:/.test(told), told);
  }
});

test("a variable that no service's file can hold is refused", () => {
  const { machine, home, say } = machineOf("linux");
  const odd = { ...machine, env: { KEY: "a\u001bb" } };
  assert.throws(() => install({ ...wish, passEnv: ["KEY"] }, now, odd, say), /KEY contains a control character/);
  assert.deepEqual(readdirSync(home), []);
});

test("uninstalling a service ends it, and removes the file and the line", () => {
  const { machine, home, asked, said, say } = machineOf("linux");
  install(wish, now, machine, say);
  asked.length = 0;
  assert.equal(uninstall("nexus-worker-ws1", machine, say), true);
  assert.deepEqual(asked, [
    "systemctl --user disable --now nexus-worker-ws1.service",
    "systemctl --user daemon-reload",
  ]);
  assert.deepEqual(readdirSync(join(home, ".config/systemd/user")), []);
  assert.deepEqual(readdirSync(join(home, ".local/state/nexus/services")), []);
  assert.match(said.at(-1) ?? "", /has ended; its runs were handed back/);
});

test("uninstalling a service where systemd does not answer says that it may still run", () => {
  const { machine, said, say } = machineOf("linux");
  install(wish, now, machine, say);
  const deaf = { ...machine, run: () => ({ code: 1, text: "Failed to connect to bus: No medium found" }) };
  assert.equal(uninstall("nexus-worker-ws1", deaf, say), false);
  assert.match(
    said.at(-1) ?? "",
    /it may still run: .*then type:\n {4}systemctl --user disable --now nexus-worker-ws1\.service$/s,
  );
});
