import { join } from "node:path";
import type { Command, Service, ServiceKind } from "./service.ts";

/** A user's own agent. launchd starts it when its user logs in. */
export function launchdPlist(service: Service): string {
  const { command, environment, id, outputFile, stopSeconds, version } = service;
  const strings = command.map((word) => `    <string>${escaped(word)}</string>`).join("\n");
  const variables = Object.entries(environment)
    .map(([name, value]) => `    <key>${escaped(name)}</key>\n    <string>${escaped(value)}</string>\n`)
    .join("");
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by nexus-worker install-service ${escaped(version)}. To change it, install it again with force. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escaped(label(id))}</string>
  <key>ProgramArguments</key>
  <array>
${strings}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>ExitTimeOut</key>
  <integer>${stopSeconds}</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>Nice</key>
  <integer>19</integer>
  <key>LowPriorityIO</key>
  <true/>
  <key>LowPriorityBackgroundIO</key>
  <true/>
  <key>Umask</key>
  <integer>63</integer>
  <key>StandardOutPath</key>
  <string>${escaped(outputFile)}</string>
  <key>StandardErrorPath</key>
  <string>${escaped(outputFile)}</string>
</dict>
</plist>
`;
}

const prefix = "nexus-swarm.";
const label = (id: string): string => `${prefix}${id}`;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const launchctl = (...words: string[]): Command => ["launchctl", ...words];

/** @param uid  the user's number, whose agents these are */
export function launchd(home: string, uid: number): ServiceKind {
  const folder = join(home, "Library", "LaunchAgents");
  const domain = `gui/${uid}`;
  const fileOf = (id: string): string => join(folder, `${label(id)}.plist`);
  const target = (id: string): string => `${domain}/${label(id)}`;
  return {
    name: "launchd",
    folder,
    fileOf,
    idOf: (name) => new RegExp(`^${prefix.replace(".", "\\.")}(nexus-worker-.+)\\.plist$`).exec(name)?.[1],
    render: launchdPlist,
    endEarlier: (id) => [launchctl("bootout", target(id))],
    start: (id) => [launchctl("enable", target(id)), launchctl("bootstrap", domain, fileOf(id))],
    stop: (id) => [launchctl("bootout", target(id))],
    forget: () => [],
    status: (id) => launchctl("print", target(id)),
    hints: (id) => [
      ["how it is", `launchctl print ${target(id)}`],
      ["end it for now", `launchctl kill SIGTERM ${target(id)}`],
      ["start it again", `launchctl kickstart ${target(id)}`],
    ],
    advice: (_, said) =>
      /ENOENT/.test(said)
        ? "  there is no launchctl on this machine"
        : "  launchd has no session of yours here, as after ssh: log in at the machine's own screen, and type it again",
  };
}
