import type { Bus, EntryStore, Reading, Stored, StoreOptions } from "../../ports.ts";
import type { CoordinatorBus, StreamPlan } from "./bus.ts";

/** A bus that passes everything on to another; subclasses override what differs. */
export class BusAround implements CoordinatorBus {
  /** The bus that it passes everything on to. */
  readonly plain: CoordinatorBus;

  constructor(plain: CoordinatorBus) {
    this.plain = plain;
  }

  get entries(): EntryStore {
    return this.plain.entries;
  }

  store(subject: string, data: Uint8Array, options: StoreOptions): Promise<Stored> {
    return this.plain.store(subject, data, options);
  }

  read(...words: Parameters<Bus["read"]>): Promise<Reading> {
    return this.plain.read(...words);
  }

  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void {
    return this.plain.subscribe(subject, handler);
  }

  respond(...words: Parameters<Bus["respond"]>): () => void {
    return this.plain.respond(...words);
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.plain.request(subject, data, timeoutMs);
  }

  publish(subject: string, data: Uint8Array): void {
    this.plain.publish(subject, data);
  }

  lastSeq(stream: string): Promise<number> {
    return this.plain.lastSeq(stream);
  }

  newest(stream: string, subject: string): Promise<Uint8Array | null> {
    return this.plain.newest(stream, subject);
  }

  piece(stream: string, subject: string): Promise<Uint8Array | null> {
    return this.plain.piece(stream, subject);
  }

  subjects(stream: string, pattern: string): Promise<string[]> {
    return this.plain.subjects(stream, pattern);
  }

  purge(stream: string, subject: string): Promise<void> {
    return this.plain.purge(stream, subject);
  }

  askAll(subject: string, question: string, waitMs: number): Promise<Uint8Array[]> {
    return this.plain.askAll(subject, question, waitMs);
  }

  makeStreams(wanted: readonly StreamPlan[], replicas: number): Promise<void> {
    return this.plain.makeStreams(wanted, replicas);
  }

  flush(): Promise<void> {
    return this.plain.flush();
  }

  isConnected(): boolean {
    return this.plain.isConnected();
  }

  onReconnect(handler: () => void): () => void {
    return this.plain.onReconnect(handler);
  }

  reconnect(): void {
    this.plain.reconnect();
  }

  close(): Promise<void> {
    return this.plain.close();
  }
}
