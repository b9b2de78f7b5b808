import type { Log } from "../../../shared/log.ts";
import { type Detector, type Found, type Now, newOrLast, type Use } from "./detector.ts";
import { LastingTool } from "./lasting-tool.ts";
import type { StartTool } from "./tool-lines.ts";

/**
 * Prints twice a second for how many milliseconds nobody has touched keyboard or mouse, and whether there is mains power. It is
 * one PowerShell for as long as the worker lives, and ends when the worker's end of its pipe closes.
 */
const script = `
Add-Type @'
using System; using System.Runtime.InteropServices;
public static class Idle {
  [StructLayout(LayoutKind.Sequential)] struct Info { public uint size; public uint time; }
  [DllImport("user32.dll")] static extern bool GetLastInputInfo(ref Info info);
  public static long Ms() {
    Info info = new Info(); info.size = 8;
    return GetLastInputInfo(ref info) ? unchecked((uint)Environment.TickCount - info.time) : -1L;
  }
}
'@
Add-Type -AssemblyName System.Windows.Forms
while ($true) {
  [Console]::Out.WriteLine("idle {0} power {1}", [Idle]::Ms(), [System.Windows.Forms.SystemInformation]::PowerStatus.PowerLineStatus)
  Start-Sleep -Milliseconds 500
}`;

/** A PowerShell that has been silent for this long counts as not answering. */
const silentMs = 5000;

/** Keyboard, mouse and mains power of a Windows desktop. While PowerShell tells nothing, the desktop counts as used. */
export class WindowsDesktop implements Detector {
  readonly name = "desktop";
  readonly everyMs = 250;
  readonly #tool: LastingTool;
  #now: Now = { wall: 0, monotonic: 0 };
  #use: Use | undefined;
  #onBattery = false;
  #found: Found = {};

  constructor(start: StartTool, log: Pick<Log, "warn">) {
    const encoded = Buffer.from(script, "utf16le").toString("base64");
    const tool = { command: "powershell.exe", words: ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded] };
    const hear = (line: string): boolean => this.#hear(line);
    this.#tool = new LastingTool({ start, log }, tool, hear, "nobody tells whether this desktop is used", silentMs);
  }

  look(now: Now): Found {
    this.#now = now;
    const isTold = this.#tool.look(now.monotonic) === "yes";
    const use = isTold && this.#use ? this.#use : { at: now.monotonic, what: "somebody may use its desktop" };
    this.#found = newOrLast(this.#found, { use, onBattery: isTold ? this.#onBattery : null });
    return this.#found;
  }

  close(): void {
    this.#tool.stop();
  }

  /** `idle 1234 power Online`, or Offline, or Unknown on a machine without a battery. `idle -1` tells nothing. */
  #hear(line: string): boolean {
    const [, idle = "", power = ""] = /^idle (\d+) power (\w+)$/.exec(line.trim()) ?? [];
    if (idle === "") return false;
    const at = this.#now.monotonic - Number(idle);
    if (!this.#use || at > this.#use.at) this.#use = { at, what: "somebody uses its keyboard or mouse" };
    this.#onBattery = power === "Offline";
    return true;
  }
}
