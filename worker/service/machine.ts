import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../shared/errors.ts";
import { unitFolder } from "../../shared/machine/unit-folder.ts";
import { launchd } from "./launchd-plist.ts";
import { type Command, type ServiceKind, typed } from "./service.ts";
import { systemd } from "./systemd-unit.ts";

/** What a service manager's command said. */
export interface CommandAnswer {
  readonly code: number | null;
  readonly text: string;
}

/** The machine that a service is installed on, and who asks for it. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  /** Absolute paths of this Node and of nexus-worker. */
  readonly program: readonly [node: string, program: string];
  /** Whether systemd keeps this user's services running when nobody is logged in. */
  lingers(): boolean;
  run(command: Command): CommandAnswer;
}

export function thisMachine(): Machine {
  const { HOME } = process.env;
  const { username: user, uid } = userInfo();
  return {
    platform: process.platform,
    env: process.env,
    home: HOME && isAbsolute(HOME) ? HOME : homedir(),
    user,
    uid,
    program: [process.execPath, fileURLToPath(new URL("../main.js", import.meta.url))],
    lingers: () => existsSync(`/var/lib/systemd/linger/${user}`),
    run: ([program, ...words]) => {
      const { status, stdout, stderr, error } = spawnSync(program, words, {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      return { code: error ? null : status, text: error ? error.message : `${stdout}${stderr}`.trim() };
    },
  };
}

/** @throws UsageError on a system with neither systemd nor launchd; it says what to do instead */
export function serviceKind({ platform, env, home, user, uid }: Machine, command: readonly string[]): ServiceKind {
  if (platform === "darwin") return launchd(home, uid);
  if (platform === "linux") return systemd(unitFolder(env, home), user);
  if (platform === "win32") {
    // What schtasks takes as one word, with the quotes that it hands on.
    const run = command.map((word) => (/[\s"]/.test(word) ? `\\"${word}\\"` : word)).join(" ");
    throw new UsageError(
      "install-service knows systemd and launchd, and Windows has neither; there the task scheduler starts programs:\n" +
        `    schtasks /create /tn nexus-worker /sc onlogon /tr "${run}"\n` +
        "  to end it and forget it: schtasks /end /tn nexus-worker, then schtasks /delete /tn nexus-worker",
    );
  }
  throw new UsageError(
    `install-service knows systemd (Linux) and launchd (macOS), and this system is ${platform}; have it start:\n` +
      `    ${typed(command as Command)}`,
  );
}

/** The text of a service's file; undefined if there is no such file. */
export function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
