import type { Log } from "../../../shared/log.ts";
import type { Detector, Found, Now, Use } from "./detector.ts";
import type { Running, StartTool } from "./tool-lines.ts";

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
  public static uint Ms() {
    Info info = new Info(); info.size = 8;
    return GetLastInputInfo(ref info) ? unchecked((uint)Environment.TickCount - info.time) : uint.MaxValue;
  }
}
'@
Add-Type -AssemblyName System.Windows.Forms
while ($true) {
  [Console]::Out.WriteLine("idle {0} power {1}", [Idle]::Ms(), [System.Windows.Forms.SystemInformation]::PowerStatus.PowerLineStatus)
  Start-Sleep -Milliseconds 500
}`;

/** Keyboard, mouse and mains power of a Windows desktop. */
export class WindowsDesktop implements Detector {
  readonly name = "desktop";
  readonly everyMs = 250;
  readonly #start: StartTool;
  readonly #log: Pick<Log, "warn">;
  #running: Running | undefined;
  #now: Now = { wall: 0, monotonic: 0 };
  #use: Use | undefined;
  #onBattery: boolean | undefined;

  constructor(start: StartTool, log: Pick<Log, "warn">) {
    this.#start = start;
    this.#log = log;
  }

  look(now: Now): Found {
    this.#now = now;
    const words = [
      "-NoProfile",
      "-NonInteractive",
      "-EncodedCommand",
      Buffer.from(script, "utf16le").toString("base64"),
    ];
    this.#running ??= this.#start(
      { command: "powershell.exe", words },
      (line) => this.#hear(line),
      (why) => this.#log.warn(`nobody tells whether this desktop is used: ${why}`),
    );
    const onBattery = this.#onBattery;
    // Nobody has told yet, or nobody can: somebody may sit in front of it.
    const use = this.#use ?? { at: now.monotonic, what: "somebody may use its desktop" };
    return { use, ...(onBattery === undefined ? {} : { onBattery }) };
  }

  close(): void {
    this.#running?.stop();
  }

  /** `idle 1234 power Online`, or Offline, or Unknown on a machine without a battery. */
  #hear(line: string): void {
    const [, idle = "", power = ""] = /^idle (\d+) power (\w+)$/.exec(line.trim()) ?? [];
    if (idle === "") return;
    const at = this.#now.monotonic - Number(idle);
    if (!this.#use || at > this.#use.at) this.#use = { at, what: "somebody uses its keyboard or mouse" };
    this.#onBattery = power === "Offline";
  }
}
