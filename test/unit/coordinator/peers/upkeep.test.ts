import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PeerUpkeep, type PeerUpkeepPorts } from "../../../../coordinator/peers/upkeep.ts";
import type { WorkersAccount } from "../../../../shared/broker/access/accounts.ts";
import { inviteKey, newInviteCode } from "../../../../shared/broker/access/invite-code.ts";
import { readWorkerList, storeWorkerList } from "../../../../shared/broker/access/worker-list.ts";
import { newPeers, writePeers } from "../../../../shared/broker/peers/peers.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { BusError, type EntryStore } from "../../../../shared/ports.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { eventually } from "../../../support/patience.ts";
import { silentLog } from "../../../support/stories/reign.ts";

/** An entry store in memory. */
class Entries implements EntryStore {
  readonly #found = new Map<string, { readonly value: Uint8Array; readonly revision: number }>();
  /** Writes that another one outruns. */
  lost = 0;

  async get(key: string): Promise<{ readonly value: Uint8Array; readonly revision: number } | null> {
    return this.#found.get(key) ?? null;
  }

  async create(key: string, value: Uint8Array): Promise<number | null> {
    return this.update(key, value, 0);
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    if (this.lost > 0) {
      this.lost -= 1;
      return null;
    }
    this.#found.set(key, { value, revision: revision + 1 });
    return revision + 1;
  }
}

/** The duties of a peer whose cluster does not answer, with entries in memory. */
function peer(
  leads: boolean,
  admit: PeerUpkeepPorts["admit"],
): { upkeep: PeerUpkeep; entries: Entries; ring: () => void } {
  const paths = workspacePaths("ws1", { HOME: temporaryFolder() });
  createWorkspace(paths);
  const self = { id: "one", host: "127.0.0.1", port: 1, routePort: 2 };
  writePeers(paths, { ...newPeers("ws1", [self]), self: self.id, bind: self.host, makesStreams: false });
  const entries = new Entries();
  const handlers: (() => void)[] = [];
  const bus = {
    entries,
    subscribe: (_subject: string, handler: () => void) => {
      handlers.push(handler);
      return () => undefined;
    },
    request: async () => {
      throw new BusError("no answer in time", "nobody leads");
    },
  } as unknown as PeerUpkeepPorts["bus"]; // all of it that is asked for here
  const { publicKey } = inviteKey(newInviteCode(Date.now()));
  const upkeep = new PeerUpkeep({
    bus,
    orders: bus,
    paths,
    log: silentLog as unknown as PeerUpkeepPorts["log"], // nothing else of it is called
    leads: () => leads,
    admit,
    shown: () => ({ publicKey, expiresAt: Number.POSITIVE_INFINITY, line: "" }),
    onShown: () => undefined,
    onLeft: () => undefined,
  });
  return { upkeep, entries, ring: () => handlers[0]?.() };
}

const { id, publicKey } = inviteKey(newInviteCode(Date.now()));
const account: WorkersAccount = { workers: [], invites: [{ id, publicKey }] };

describe("the duties of a peer", () => {
  test("a peer's leader tells its list of workers again if another one was stored at the same time", async () => {
    const { upkeep, entries, ring } = peer(true, async () => undefined);
    // Of `tell`, and of the first look.
    entries.lost = 2;
    await upkeep.tell(account);
    await eventually("the list is stored", async () => {
      ring();
      return (await readWorkerList({ entries })) !== undefined;
    });
    assert.deepEqual(await readWorkerList({ entries }), account);
    await upkeep.stop();
  });

  test("a peer whose disk is full goes on, and admits the workers when there is room", async () => {
    let tries = 0;
    const { upkeep, entries, ring } = peer(false, async () => {
      tries += 1;
      if (tries === 1) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    });
    await storeWorkerList({ entries }, account);
    await eventually("the list is admitted at the second try", () => {
      ring();
      return tries >= 2;
    });
    await upkeep.stop();
  });
});
