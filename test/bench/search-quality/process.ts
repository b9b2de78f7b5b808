import { messageOf } from "../../../shared/errors.ts";
import { measure, type OpenPeer, type Task } from "./measuring.ts";
import { PeerDriver } from "./peers/driver.ts";
import type { Answer, ProcessSettings } from "./processes.ts";

/** A process of the bench: takes tasks, runs each search, answers with its outcome, and ends with its parent. */
const { python } = JSON.parse(process.argv[2] ?? "{}") as ProcessSettings; // written by processes.ts alone
let driver: PeerDriver | undefined;
const openPeer: OpenPeer = (search, surface, seed) => {
  if (python === null) throw new RangeError(`${search} is a peer's search, and there is no Python with peers`);
  driver ??= new PeerDriver(python);
  return driver.open(search, surface, seed);
};

process.on("message", (task: Task) => {
  measure(task, openPeer)
    .then((outcome): Answer => ({ outcome }))
    .catch((error: unknown): Answer => {
      // After a failure the tool's state is unknown.
      driver?.end();
      driver = undefined;
      return { task, error: messageOf(error) };
    })
    .then((answer) => {
      // An error here means that the bench was stopped.
      process.send?.(answer, (error: Error | null) => {
        if (error) process.exit(0);
      });
    })
    .catch(() => process.exit(1));
});
process.on("disconnect", () => {
  driver?.end();
  process.exit(0);
});
