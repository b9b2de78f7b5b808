/** A runner: the child process that executes a worker's runs, one at a time, and stays warm between them. */

import { Socket } from "node:net";
import { decode } from "../../shared/wire/codec.ts";
import { Channel } from "./channel.ts";
import { endLeftovers } from "./end-leftovers.ts";
import type { FromRunner, ToRunner } from "./protocol.ts";
import { TaskRun } from "./task-run.ts";

let running: TaskRun | undefined;

/** The pipe to the worker; runner-process.ts passes it as descriptor 3. */
const pipe = new Socket({ fd: 3 });
const channel = new Channel<ToRunner, FromRunner>(pipe, {
  // The worker started this process, and checked what it passes on.
  mostBytes: 2 ** 32,
  read: (bytes) => decode(bytes) as ToRunner, // the worker's own words
  hear: (message) => {
    if (message.type !== "run") {
      if (running?.id === message.id) running.hear(message);
      return;
    }
    running = new TaskRun(message, (told) => channel.send(told));
    void running.execute().finally(() => {
      running = undefined;
    });
  },
  spoilt: (why) => {
    throw new Error(`what the worker sent cannot be read: ${why}`);
  },
});

// If a run's code ends the process, its last lines say why.
process.on("exit", () => running?.tell());

// The worker is gone, and nobody would receive the result.
const leave = (): void => {
  endLeftovers();
  process.exit(0);
};
pipe.on("error", leave);
pipe.on("close", leave);
// Ctrl-C in a terminal reaches the whole process group, but the worker decides what happens to a run.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
