import { jsonLine } from "../../../shared/domain/json-line.ts";
import type { Steps } from "../../../shared/domain/steps.ts";
import { SideWork } from "../../live/side-work.ts";
import type { ScreenColumn } from "./columns.ts";
import { type FilterColumn, rowTest } from "./row-filter.ts";
import { sortedBy } from "./sorted-by.ts";

/** The shortest interval between two sortings of a list that is sorted or filtered, and of one in its own order ... */
const orderMs = 1000;
const ownOrderMs = 250;
/** ... where sorting, and what it rests on, may cost at most this share of the time. */
const orderShare = 0.02;
/** Rows that are built of a list in its own order; all are built once someone goes further down. */
const windowRows = 250;
/** Filters that are remembered. */
const mostFilters = 50;
/** How long a list's order stays frozen after someone moved in it. */
const readingMs = 3000;

/** Where a list's rows and columns come from. */
export interface ListSource<Row> {
  /** The first `most` rows, or a few more, in the list's own order. Called when the list is reordered, not for each frame. */
  readonly rows: (most: number) => readonly Row[];
  /** Does beforehand what `rows` would have to do otherwise, so that neither takes long. */
  readonly prepare?: () => void;
  /** How many rows there are in all. Default: as many as `rows` returned. */
  readonly total?: () => number;
  readonly keyOf: (row: Row) => string;
  /** What people call a row. Default: its key. */
  readonly nameOf?: (row: Row) => string;
  /** Whether a row comes after all others however the list is sorted. Default: none does. */
  readonly isLast?: (row: Row) => boolean;
  readonly columns: () => readonly ScreenColumn<Row>[];
  /** What else a filter may name: the columns that `nexus list` has for the same rows. */
  readonly furtherFilters?: () => readonly FilterColumn<Row>[];
}

/** Text for the clipboard, and what to call it. */
export interface Copied {
  readonly text: string;
  readonly what: string;
}

/** Which rows are on the screen, counted from 1, and how many there are. */
export interface ListPart {
  readonly from: number;
  readonly to: number;
  readonly of: number;
}

/**
 * A list on the screen: its order, filter, selection and visible part. The selection stays with the row, not with the place.
 * The cost of drawing depends only on the visible rows.
 */
export class ListView<Row> {
  readonly #source: ListSource<Row>;
  #order: readonly Row[] = [];
  #total = 0;
  #orderedAt = Number.NEGATIVE_INFINITY;
  #orderCostMs = 0;
  #orderedVersion = -1;
  #readUntil = Number.NEGATIVE_INFINITY;
  #test: ((row: Row) => boolean) | null = null;
  #top = 0;
  #mustShow = false;
  /** Whether someone moved below the first `windowRows` rows. */
  #isDeep = false;
  /** Rows that were last visible at once: a page. */
  #height = 10;
  selectedKey: string | null = null;
  /** The column that the list is sorted by; null: the source's order. */
  sortName: string | null = null;
  isDescending = true;
  filterText = "";
  /** Whether the order is frozen until the key is pressed again. */
  isFrozen = false;
  /** Whether the selected row is kept visible when the order changes. */
  isFollowing = false;
  /** Columns that were scrolled past, in that order. */
  readonly passed: string[] = [];
  /** The column that the next step to the right passes, as last drawn; null: there is none. */
  nextColumn: string | null = null;
  readonly hidden = new Set<string>();
  /** Filters that were applied here, the newest last. */
  readonly filterHistory: string[] = [];
  /** All rows as they last were, while someone types a filter: they are not fetched for each key. */
  #fetched: { readonly rows: readonly Row[]; readonly at: number } | null = null;

  constructor(source: ListSource<Row>) {
    this.#source = source;
  }

  keyOf(row: Row): string {
    return this.#source.keyOf(row);
  }

  get rows(): readonly Row[] {
    return this.#order;
  }

  /** Rows before the filter. */
  get total(): number {
    return this.#total;
  }

  get columns(): readonly ScreenColumn<Row>[] {
    return this.#source.columns();
  }

  isHeld(now: number): boolean {
    return this.isFrozen || now < this.#readUntil;
  }

  /**
   * Reorders the list if something changed and nobody is reading; an empty one at once.
   *
   * @param sideWork  does it beside the frames. Default: it is done at once
   */
  refresh(version: number, now: number, sideWork = new SideWork()): void {
    if (version === this.#orderedVersion) return;
    const isFirst = this.#orderedVersion === -1 || this.#order.length === 0;
    const everyMs = this.#test || this.sortName !== null ? orderMs : ownOrderMs;
    const isSoon = now - this.#orderedAt < Math.max(everyMs, this.#orderCostMs / orderShare);
    if (isFirst) this.#reorder(version, now);
    else if (!this.isHeld(now) && !isSoon) sideWork.ask(this, () => this.#refreshed(version, now));
  }

  *#refreshed(version: number, now: number): Steps {
    let preparedMs = 0;
    if (this.#source.prepare) {
      const began = performance.now();
      this.#source.prepare();
      preparedMs = performance.now() - began;
      yield;
    }
    // Somebody may have begun to read meanwhile, or another job may be shown.
    if (this.isHeld(now) || this.#orderedVersion === -1) return;
    this.#reorder(version, now);
    this.#orderCostMs += preparedMs;
  }

  /** Reorders the list at once. */
  #reorder(version: number, now: number, isTyping = false): void {
    const began = performance.now();
    const test = this.#test;
    const isWindow = !test && this.sortName === null && !this.#isDeep;
    const first = isWindow ? this.#source.rows(windowRows) : [];
    // The row that is followed may have gone further down.
    const isEnough = isWindow && !(this.isFollowing && this.selectedKey !== null && this.#placeIn(first) < 0);
    const all = isEnough ? first : this.#all(now, isTyping);
    const kept = test ? all.filter(test) : all;
    this.#total = this.#source.total?.() ?? all.length;
    this.#order = this.#sorted(kept);
    this.#orderedVersion = version;
    this.#orderedAt = now;
    this.#orderCostMs = performance.now() - began;
    if (this.selectedKey !== null && this.isFollowing) this.#mustShow = true;
  }

  #all(now: number, isTyping: boolean): readonly Row[] {
    const fetched = this.#fetched;
    if (isTyping && fetched !== null && now - fetched.at < orderMs) return fetched.rows;
    const rows = this.#source.rows(Number.POSITIVE_INFINITY);
    this.#fetched = { rows, at: now };
    return rows;
  }

  reorderNow(now: number): void {
    this.#reorder(this.#orderedVersion, now);
  }

  /** Reorders the list at once and shows it from the top, unless the selected row is followed. */
  #reorderFromTop(now: number, isTyping = false): void {
    this.#top = 0;
    this.#mustShow = false;
    this.#reorder(this.#orderedVersion, now, isTyping);
  }

  #sorted(rows: readonly Row[]): readonly Row[] {
    const column = this.columns.find(({ name }) => name === this.sortName);
    if (!column) return rows;
    const { isLast } = this.#source;
    const rankIn = column.rank ?? column.value;
    if (!isLast) return sortedBy(rows, rankIn, this.isDescending);
    const first = rows.filter((row) => !isLast(row));
    const last = rows.filter(isLast);
    return [first, last].flatMap((part) => sortedBy(part, rankIn, this.isDescending));
  }

  /** @throws FilterError if the text is no filter; the list stays as it was */
  setFilter(text: string, now: number): void {
    this.#test = text.trim() === "" ? null : rowTest(text, this.#filterColumns);
    this.filterText = text.trim();
    this.#reorderFromTop(now, true);
  }

  get #filterColumns(): readonly FilterColumn<Row>[] {
    return [...this.columns, ...(this.#source.furtherFilters?.() ?? [])];
  }

  /** What a filter may name. */
  get filterNames(): readonly string[] {
    return this.#filterColumns.map(({ name }) => name);
  }

  /** Keeps a filter for the next time that one is typed. */
  rememberFilter(text: string): void {
    if (text === "" || this.filterHistory.at(-1) === text) return;
    this.filterHistory.push(text);
    if (this.filterHistory.length > mostFilters) this.filterHistory.shift();
  }

  /** Sorts by a column, the best first; if it is the sort column already, reverses it. Null: the source's own order. */
  sortBy(name: string | null, now: number): void {
    if (name !== null && name === this.sortName) this.isDescending = !this.isDescending;
    else {
      this.sortName = name;
      this.#beginBestFirst();
    }
    this.#reorderFromTop(now);
  }

  turnSort(now: number): void {
    if (this.sortName === null) {
      this.sortName = this.columns[0]?.name ?? null;
      this.#beginBestFirst();
    }
    this.isDescending = !this.isDescending;
    this.#reorderFromTop(now);
  }

  #beginBestFirst(): void {
    const column = this.columns.find(({ name }) => name === this.sortName);
    const best = column?.best ?? (column?.kind === "text" || column?.kind === "setting" ? "low" : "high");
    this.isDescending = best === "high";
  }

  /** The row that keys act on: the first as long as none was selected. Undefined if the list does not have it. */
  get selected(): Row | undefined {
    return this.#order[this.selectedKey === null ? 0 : this.#placeIn(this.#order)];
  }

  /** Why a key has nothing to act on: a filter leaves out the selected row, or it is too far down; or else `otherwise`. */
  whyNothing(otherwise: string): string {
    const isGone = this.selectedKey !== null && this.selected === undefined;
    return isGone ? "the selected row is not in the list; choose another, or press Esc" : otherwise;
  }

  /** The selected row as JSON, numbers unrounded, and its name; undefined if the list does not have it. */
  get copy(): Copied | undefined {
    const { selected } = this;
    return selected === undefined ? undefined : this.copyOf(selected);
  }

  copyOf(row: Row): Copied {
    const cells = this.columns.map(({ name, value }) => [name, value(row)] as const);
    const { nameOf = this.#source.keyOf } = this.#source;
    return { text: jsonLine(Object.fromEntries(cells)).trimEnd(), what: nameOf(row) };
  }

  move(by: number, now: number): void {
    this.#select(Math.max(0, this.#placeIn(this.#order)) + by, now);
  }

  /** Moves by a page less two rows, so that a person sees where they were. */
  page(by: number, now: number): void {
    this.move(by * Math.max(1, this.#height - 2), now);
  }

  toStart(now: number): void {
    this.#isDeep = false;
    this.#select(0, now);
  }

  toEnd(now: number): void {
    this.#goDeep(now);
    this.#select(this.#order.length - 1, now);
  }

  /** Drops selection, order and filter: they mean nothing in another job. */
  forget(): void {
    this.selectedKey = this.sortName = null;
    this.#test = null;
    this.filterText = "";
    this.#order = [];
    this.#fetched = null;
    this.#top = 0;
    this.passed.length = 0;
    this.#orderedVersion = -1;
    this.#isDeep = false;
    this.#readUntil = Number.NEGATIVE_INFINITY;
  }

  select(key: string): void {
    this.selectedKey = key;
    this.#mustShow = true;
  }

  /** Keeps the selected row on the screen from now on, or no longer. */
  turnFollowing(now: number): void {
    this.isFollowing = this.#mustShow = !this.isFollowing;
    if (this.isFollowing && this.selected === undefined) this.reorderNow(now);
  }

  /** Selects a row that is on the screen. */
  pick(key: string, now: number): void {
    this.#readUntil = now + readingMs;
    this.select(key);
  }

  /** Shows what is further up or down; the selection stays where it is. */
  scroll(by: number, now: number): void {
    this.#readUntil = now + readingMs;
    if (this.#top + this.#height + by > this.#order.length) this.#goDeep(now);
    this.#top = Math.max(0, Math.min(this.#top + by, this.#order.length - this.#height));
    this.#mustShow = false;
  }

  #goDeep(now: number): void {
    if (this.#isDeep || this.#order.length === this.#total) return;
    this.#isDeep = true;
    this.reorderNow(now);
  }

  #select(at: number, now: number): void {
    if (at >= this.#order.length) this.#goDeep(now);
    const row = this.#order[Math.max(0, Math.min(at, this.#order.length - 1))];
    this.#readUntil = now + readingMs;
    if (row === undefined) return;
    this.selectedKey = this.#source.keyOf(row);
    this.#mustShow = true;
  }

  /** The rows that fit `height` lines, and the place of the selection among them; -1: not among them. */
  visible(height: number): { readonly rows: readonly Row[]; readonly selected: number; readonly top: number } {
    this.#height = Math.max(1, height);
    const at = this.#placeIn(this.#order);
    if (this.#mustShow && at >= 0) {
      if (at < this.#top) this.#top = at;
      if (at >= this.#top + this.#height) this.#top = at - this.#height + 1;
      this.#mustShow = false;
    }
    this.#top = Math.max(0, Math.min(this.#top, this.#order.length - this.#height));
    const selected = (at < 0 && this.selectedKey === null ? 0 : at) - this.#top;
    return {
      rows: this.#order.slice(this.#top, this.#top + this.#height),
      selected: selected >= 0 && selected < this.#height ? selected : -1,
      top: this.#top,
    };
  }

  /** The last rows, for a list that is shown from its end until someone moves in it. */
  end(height: number): readonly Row[] {
    this.#height = Math.max(1, height);
    this.#top = Math.max(0, this.#order.length - this.#height);
    return this.#order.slice(this.#top);
  }

  /** Which rows were last shown. */
  get shown(): ListPart {
    const { length } = this.#order;
    const to = Math.min(length, this.#top + this.#height);
    return { from: this.#top + 1, to, of: this.#test ? length : Math.max(length, this.#total) };
  }

  /** The place of the selected row; -1: it is not there, or none was selected. */
  #placeIn(rows: readonly Row[]): number {
    const { selectedKey } = this;
    if (selectedKey === null) return -1;
    const { keyOf } = this.#source;
    return rows.findIndex((row) => keyOf(row) === selectedKey);
  }
}

/** A list of any rows, for code that does not look into them. */
export type AnyList = Omit<
  ListView<never>,
  "keyOf" | "columns" | "rows" | "selected" | "visible" | "end" | "copyOf"
> & {
  readonly columns: readonly { readonly name: string; readonly priority: number; readonly about: string }[];
  readonly rows: readonly unknown[];
};
