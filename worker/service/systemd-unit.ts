import { join } from "node:path";
import type { Command, Service, ServiceKind } from "./service.ts";

/** A user's own unit: it needs no root, and can do no more than its user. */
export function systemdUnit(service: Service): string {
  const { command, environment, stopSeconds, version, workspace } = service;
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
  return `# Written by nexus-worker install-service ${version}. To change it, install it again with --force.
[Unit]
Description=Nexus worker: lends this machine to the searches of workspace ${workspace}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command.map((word) => quoted(word).replaceAll("$", "$$$$")).join(" ")}
${variables.map((line) => `${line}\n`).join("")}UMask=0077

# Again after a failure, later each time, for as long as it takes. Code 2: something was typed or refused that waiting does not mend.
Restart=on-failure
RestartSec=5s
RestartSteps=8
RestartMaxDelaySec=10min
RestartPreventExitStatus=2

# SIGTERM to the worker alone: its runs save what they have, and go on elsewhere.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=${stopSeconds}s

# All of it behind everything else that this machine does. Within it the worker comes before its runs, which it must freeze at
# once when the owner returns.
Slice=background.slice
IOSchedulingClass=idle
CPUWeight=idle
IOWeight=1
OOMScoreAdjust=500
OOMPolicy=continue
# The worker may group the processes of its runs.
Delegate=yes

[Install]
WantedBy=default.target
`;
}

/** A word in systemd's quotes, with whatever systemd would take for a specifier or an escape made literal. */
function quoted(word: string): string {
  const text = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t");
  return /^[\w@+=:,./-]+$/.test(word) ? word : `"${text}"`;
}

const systemctl = (...words: string[]): Command => ["systemctl", "--user", ...words];

/** @param folder  of the user's units */
export function systemd(folder: string, user: string): ServiceKind {
  const unit = (id: string): string => `${id}.service`;
  return {
    name: "systemd",
    folder,
    fileOf: (id) => join(folder, unit(id)),
    idOf: (name) => /^(nexus-worker-.+)\.service$/.exec(name)?.[1],
    render: systemdUnit,
    endEarlier: () => [], // "restart" does
    start: (id) => [systemctl("daemon-reload"), systemctl("enable", unit(id)), systemctl("restart", unit(id))],
    stop: (id) => [systemctl("disable", "--now", unit(id))],
    forget: () => [systemctl("daemon-reload")],
    status: (id) => systemctl("status", "--no-pager", "--lines=5", unit(id)),
    hints: (id) => [
      ["what it does", `journalctl --user -u ${id} -f`],
      ["how it is", `systemctl --user status ${id}`],
      ["end it for now", `systemctl --user stop ${id}`],
      ["start it again", `systemctl --user start ${id}`],
    ],
    advice: (_, said) => {
      if (/ENOENT/.test(said))
        return "  there is no systemd on this machine: have nexus-worker started by whatever starts programs here";
      return (
        `  systemd has no session of ${user} here, as after su or sudo, and in containers. Log in as ${user} (at the machine, or by ssh), or type:\n` +
        `    loginctl enable-linger ${user}\n` +
        '    export XDG_RUNTIME_DIR="/run/user/$(id -u)"'
      );
    },
  };
}
