import type { Metadata, NoticeSource } from "./notice.ts";

const headers = { "Metadata-Flavor": "Google" };
const preempted = "/computeMetadata/v1/instance/preempted";
/** From the notice to the end. */
const leftMs = 30_000;

/** Compute Engine's spot and preemptible machines: 30 seconds' notice. */
export const gcpNotices = (metadata: Metadata): NoticeSource => ({
  name: "gcp",
  isHere: async () => (await metadata.ask(preempted, headers)) !== null,
  look: async () => {
    const text = (await metadata.ask(preempted, headers))?.trim().toUpperCase();
    if (text === "FALSE") return null;
    if (text === "TRUE") return { what: "Compute Engine takes this machine back (preempted)", leftMs };
    throw new Error(`${preempted}: expected TRUE or FALSE, found ${JSON.stringify(text)?.slice(0, 100)}`);
  },
});
