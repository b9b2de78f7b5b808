import { DBus } from "./dbus.ts";
import type { IdleSource, OnTouch } from "./idle-source.ts";

const monitor = {
  destination: "org.gnome.Mutter.IdleMonitor",
  path: "/org/gnome/Mutter/IdleMonitor/Core",
  interface: "org.gnome.Mutter.IdleMonitor",
} as const;

/** After this much idle time, GNOME is asked to report when somebody is back. */
const restMs = 3000;

/** GNOME, on Wayland and on X11: exact to the millisecond, and says itself when somebody is back. */
export async function gnomeIdle(busPath: string, onTouch: OnTouch): Promise<IdleSource> {
  let isWatching = false;
  const bus = await DBus.open(busPath, ({ member, interface: name }) => {
    if (name !== monitor.interface || member !== "WatchFired") return;
    isWatching = false;
    onTouch();
  });
  try {
    await bus.listen(`type='signal',interface='${monitor.interface}',member='WatchFired'`);
    await bus.call({ ...monitor, member: "GetIdletime" });
  } catch (error) {
    bus.close();
    throw error;
  }
  return {
    name: "GNOME",
    idleMs: async () => {
      const [idle] = await bus.call({ ...monitor, member: "GetIdletime" });
      if (Number(idle) >= restMs && !isWatching) {
        isWatching = true;
        await bus.call({ ...monitor, member: "AddUserActiveWatch" });
      }
      return Number(idle);
    },
    close: () => bus.close(),
  };
}
