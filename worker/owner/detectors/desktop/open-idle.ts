import { homedir } from "node:os";
import { join } from "node:path";
import { gnomeIdle } from "./gnome.ts";
import type { IdleSource, OnTouch } from "./idle-source.ts";
import { logindIdle } from "./logind.ts";
import type { DesktopSession } from "./sessions.ts";
import { x11Idle } from "./x11.ts";

/**
 * The most exact source for a session: for this user's own the desktop itself if it tells, otherwise logind.
 *
 * @throws Error of the last source tried
 */
export async function openIdle(session: DesktopSession, wall: () => number, onTouch: OnTouch): Promise<IdleSource> {
  const { DBUS_SESSION_BUS_ADDRESS = "", XDG_RUNTIME_DIR = `/run/user/${session.uid}`, XAUTHORITY } = process.env;
  const isOwn = session.uid === process.getuid?.();
  const ownBus = /unix:path=([^,;]+)/.exec(DBUS_SESSION_BUS_ADDRESS)?.[1] ?? join(XDG_RUNTIME_DIR, "bus");
  const sources: (() => Promise<IdleSource>)[] = [];
  if (isOwn) sources.push(() => gnomeIdle(ownBus, onTouch));
  if (isOwn && session.type === "x11" && session.display !== "")
    sources.push(() => x11Idle(session.display, XAUTHORITY ?? join(homedir(), ".Xauthority")));
  sources.push(() => logindIdle("/run/dbus/system_bus_socket", session.id, wall, onTouch));
  let last: unknown = new Error("there is no source");
  for (const open of sources) {
    try {
      return await open();
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
