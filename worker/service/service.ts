/**
 * A worker that the machine starts by itself, as every kind of service manager is told of it. The join line is not part
 * of it: the program reads it from a file that only its owner may read.
 */
export interface Service {
  /** Name of the service: `nexus-worker-ws1`, or `nexus-worker-ws1-lab` for a worker with a name. */
  readonly id: string;
  readonly workspace: string;
  /** Version of the program that wrote it. */
  readonly version: string;
  /** Absolute path of Node, then of nexus-worker, then what is typed after it. */
  readonly command: readonly string[];
  /** The variables that it needs, as they were set when it was installed. */
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds between SIGTERM and SIGKILL: more than the runs have for their last checkpoints. */
  readonly stopSeconds: number;
  /** Where launchd puts what the worker prints; systemd has a journal. */
  readonly outputFile: string;
}

/** How a service that is written for one system is found, started and ended there. */
export interface ServiceKind {
  /** `systemd` or `launchd`, for people. */
  readonly name: string;
  fileOf(id: string): string;
  /** The id of our service whose file has this name; undefined for any other file. */
  idOf(fileName: string): string | undefined;
  readonly folder: string;
  render(service: Service): string;
  /** Commands that end the service whose file was replaced; one that fails had nothing to end. */
  endEarlier(id: string): readonly Command[];
  /** Commands that start it now and whenever its user logs in; run in this order. */
  start(id: string): readonly Command[];
  /** Commands that end it and forget it, before its file is removed. */
  stop(id: string): readonly Command[];
  /** Commands after its file was removed. */
  forget(): readonly Command[];
  /** The command that says how it is. */
  status(id: string): Command;
  /** What a person may type: to see what it does, and to end it for now. */
  hints(id: string): readonly (readonly [purpose: string, words: string])[];
  /** What to do if a command failed with these words. */
  advice(failed: Command, said: string): string;
}

export type Command = readonly [program: string, ...words: string[]];

/** A command as a person types it. */
export const typed = (command: Command): string =>
  command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
