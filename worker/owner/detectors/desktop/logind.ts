import { DBus } from "./dbus.ts";
import type { IdleSource, OnTouch } from "./idle-source.ts";

const login = "org.freedesktop.login1";
const session = `${login}.Session`;

/**
 * What a desktop has told logind: whether it is idle, and since when. A desktop says so some minutes after the last key, and at
 * once when somebody is back. One that never says so counts as used.
 */
export async function logindIdle(
  busPath: string,
  id: string,
  wall: () => number,
  onTouch: OnTouch,
): Promise<IdleSource> {
  let path = "";
  const bus = await DBus.open(busPath, (signal) => {
    if (signal.member === "PropertiesChanged" && signal.path === path)
      void isIdle().then((idle) => idle || onTouch(), ignore);
  });
  // The next look finds the connection closed, and says so.
  const ignore = (): void => undefined;
  const property = async (name: string): Promise<unknown> => {
    const args = [session, name];
    const [value] = await bus.call({
      destination: login,
      path,
      interface: "org.freedesktop.DBus.Properties",
      member: "Get",
      args,
    });
    return value;
  };
  const isIdle = async (): Promise<boolean> => (await property("IdleHint")) === true;
  try {
    const manager = { destination: login, path: "/org/freedesktop/login1", interface: `${login}.Manager` };
    const [found] = await bus.call({ ...manager, member: "GetSession", args: [id] });
    path = String(found);
    await bus.listen(`type='signal',path='${path}',member='PropertiesChanged'`);
    await isIdle();
  } catch (error) {
    bus.close();
    throw error;
  }
  return {
    name: "logind",
    idleMs: async () => {
      if (!(await isIdle())) return 0;
      // Microseconds since 1970.
      return Math.max(0, wall() - Number(await property("IdleSinceHint")) / 1000);
    },
    close: () => bus.close(),
  };
}
