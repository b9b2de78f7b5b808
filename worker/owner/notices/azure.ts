import { fieldsIn, type Metadata, type NoticeSource, timeIn } from "./notice.ts";

const headers = { Metadata: "true" };
const events = "/metadata/scheduledevents?api-version=2020-07-01";
const ownName = "/metadata/instance/compute/name?api-version=2021-02-01&format=text";
const ends: readonly unknown[] = ["Preempt", "Terminate"];
/** What Azure promises for a spot machine where it names no time. */
const leastMs = 30_000;

/** Azure's spot machines: 30 seconds' notice. Its events name the machines of a whole group. */
export function azureNotices(metadata: Metadata): NoticeSource {
  let name: string | null = null;
  const own = async (): Promise<string | null> => {
    name ??= (await metadata.ask(ownName, headers))?.trim() ?? null;
    return name;
  };
  return {
    name: "azure",
    isHere: async () => (await own()) !== null,
    look: async (wallMs) => {
      const { Events: list } = fieldsIn((await metadata.ask(events, headers)) ?? "", events);
      if (!Array.isArray(list)) throw new Error(`${events}: expected a list of Events`);
      const machine = await own();
      for (const event of list as readonly unknown[]) {
        if (typeof event !== "object" || event === null) continue;
        const { EventType, Resources, NotBefore } = event as Readonly<Record<string, unknown>>;
        if (!ends.includes(EventType) || !Array.isArray(Resources) || !Resources.includes(machine)) continue;
        // No time: the event has started.
        const leftMs = NotBefore === "" || NotBefore === undefined ? leastMs : timeIn(NotBefore, events) - wallMs;
        return { what: `Azure takes this machine back (${String(EventType)})`, leftMs };
      }
      return null;
    },
  };
}
