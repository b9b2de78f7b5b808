import type { SystemFiles } from "../system-files.ts";

/** A graphical session, as logind keeps it below /run/systemd/sessions. */
export interface DesktopSession {
  readonly id: string;
  readonly uid: number;
  readonly type: "x11" | "wayland" | "mir";
  /** ":0" of an X server; "" if it has none. */
  readonly display: string;
}

const folder = "/run/systemd/sessions";

/** The sessions of people that a screen of this machine shows now. */
export function graphicalSessions(files: SystemFiles): DesktopSession[] {
  return files.names(folder).flatMap((id) => {
    const text = /^\w+$/.test(id) ? files.text(`${folder}/${id}`) : undefined;
    if (text === undefined) return [];
    const fields = new Map(
      text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const type = (["x11", "wayland", "mir"] as const).find((each) => each === fields.get("TYPE"));
    // The log-in screen is of class "greeter": nobody is there yet.
    if (!type || fields.get("CLASS") !== "user" || fields.get("ACTIVE") !== "1") return [];
    return [{ id, uid: Number(fields.get("UID")), type, display: fields.get("DISPLAY") ?? "" }];
  });
}
