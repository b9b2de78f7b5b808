import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../coordinator/endpoint/endpoint.ts";
import { readIfThere } from "../support/process-list.ts";
import { Swarm } from "../support/processes/swarm.ts";
import { quoted, Tmux } from "../support/terminal/tmux.ts";

const main = (program: string): string =>
  [process.execPath, fileURLToPath(new URL(`../../${program}/main.js`, import.meta.url))].map(quoted).join(" ");

test("a join line that is pasted into a terminal is not shown, and its worker joins", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  const line = livingEndpoint(swarm.paths)?.joinLine ?? "";
  const code = /\/\/([^@]+)@/.exec(line)?.[1] ?? "";
  assert.ok(code.length > 10);
  const terminals = new Tmux();
  const { HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME } = swarm.env;
  const pane = terminals.open([80, 30], `${main("worker")} - --name pasted; echo ended; sleep 600`, {
    ...{ HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME },
  });
  const written = pane.record();
  await pane.shows(/paste the join line \(it is not shown\):/);
  // A typing error can be deleted, as at any prompt.
  pane.press("-l", "x");
  pane.press("BSpace");
  pane.press("-l", line);
  pane.press("Enter");
  // The worker's lines break between words.
  const text = await pane.shows(/pasted lends \d+ slots?.*worker's key; --sandbox\n {4}or --no-code prevents that/s);
  assert.ok(!text.includes(code) && !written().includes(code), "the terminal has shown the code");
  assert.ok(!readIfThere(`/proc/${pane.child()}/cmdline`).includes(code));
  process.kill(pane.child(), "SIGTERM");
  await pane.shows(/^ended$/m);
  await swarm.end();
});

test("an invitation longer than a terminal's line is taken whole; Ctrl-C at the prompt leaves", async () => {
  const swarm = new Swarm();
  const terminals = new Tmux();
  const { HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME } = swarm.env;
  const env = { HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME };
  const script = `${main("coordinator")} --peers-join -; echo "ended with $?"; sleep 600`;
  const pane = terminals.open([120, 30], script, env);
  await pane.shows(/paste the line that nexus peers invite prints/);
  for (let i = 0; i < 10; i += 1) pane.press("-l", `${i === 0 ? "nexus-peers:" : ""}${"secret".repeat(100)}`);
  pane.press("Enter");
  const text = await pane.shows(/ended with 2/);
  assert.match(text, /the line is incomplete or was changed/);
  assert.ok(!text.includes("secretsecret"));
  const other = terminals.open([120, 30], script, env);
  await other.shows(/paste the line/);
  other.press("C-c");
  await other.shows(/ended with 130/);
});
