import { operatorName } from "../../../shared/broker/access/credentials.ts";
import type { Role } from "../ground/ground.ts";
import { ids } from "../ground/ground.ts";

/**
 * The subjects that each role may publish and hear. They are written here a second time on purpose, not taken from the
 * product's own list, so that a mistake there shows.
 */
interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const worker = (id: string): Rights => ({
  publish: [
    `ask.${id}`,
    `ev.${id}.>`,
    `ck.${id}.>`,
    "$JS.API.DIRECT.GET.BLOB.ck.>",
    "$JS.API.DIRECT.GET.BLOB.blob.code.*",
    // For servers before 2.11.
    "$JS.API.DIRECT.GET.BLOB",
  ],
  subscribe: [`_INBOX_${id}.>`, "_R_.ctl.all", `_R_.ctl.${id}`],
});

const readable = ["JRN", "EV", "BLOB", "KV_NEXUS"];
/** Readers have their own account, in which `$JS.API` is called READ and `status` is `_R_.status`. */
const reading = readable.flatMap((stream) => [
  `READ.STREAM.INFO.${stream}`,
  `READ.STREAM.MSG.GET.${stream}`,
  `READ.DIRECT.GET.${stream}`,
  `READ.DIRECT.GET.${stream}.>`,
]);

export const rights: Readonly<Record<Role, Rights>> = {
  nobody: { publish: [], subscribe: [] },
  stranger: { publish: [], subscribe: [] },
  // Its inbox is named after the invitation, see mayHear.
  joiner: { publish: ["enrol.*"], subscribe: [] },
  worker: worker(ids.worker),
  benched: worker(ids.benched),
  revoked: { publish: [], subscribe: [] },
  victim: worker(ids.victim),
  viewer: { publish: reading, subscribe: ["_INBOX_viewer.>", "_R_.status"] },
  operator: {
    publish: [...reading, `op.${operatorName()}`, "blob.code.*"],
    subscribe: ["_INBOX_operator.>", "_R_.status"],
  },
};

export const mayPublish = (role: Role, subject: string): boolean =>
  rights[role].publish.some((pattern) => covers(pattern, subject));

export const mayHear = (role: Role, subject: string): boolean =>
  (role === "joiner" && /^_INBOX_enrol_[a-z2-9]{8}\./.test(subject)) ||
  rights[role].subscribe.some((pattern) => covers(pattern, subject));

/** Whether `pattern` matches every subject that `subject`, itself a subject or a pattern, matches. */
export function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const given = subject.split(".");
  for (const [i, token] of wanted.entries()) {
    if (token === ">") return given.length > i;
    const found = given[i];
    if (found === undefined || found === ">") return false;
    if (token !== "*" && token !== found) return false;
  }
  return given.length === wanted.length;
}
