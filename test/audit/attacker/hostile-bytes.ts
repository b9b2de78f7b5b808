/** MessagePack, well-formed or not, that our programs never write, by name. */

const u32 = (value: number): readonly number[] => [
  (value >>> 24) & 0xff,
  (value >>> 16) & 0xff,
  (value >>> 8) & 0xff,
  value & 0xff,
];

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const text = (word: string): Buffer => Buffer.concat([bytes(0xdb, ...u32(Buffer.byteLength(word))), Buffer.from(word)]);
const repeated = (size: number, ...values: readonly number[]): Buffer =>
  Buffer.alloc(size * values.length, Buffer.from(values));

/** `{v: 1, kind: "claim", key: value}`: enough for a decoder to read on. */
const inMessage = (value: Buffer, key = "claimId"): Buffer =>
  Buffer.concat([bytes(0x83), text("v"), bytes(1), text("kind"), text("claim"), text(key), value]);

/**
 * Nodes that hold one another twice, by msgpackr's reference extensions: printed as JSON they double with each level.
 */
function sharedGraph(depth: number, type: number): Buffer {
  let inner = bytes(0x01);
  for (let level = 1; level <= depth; level += 1) {
    const refers = level === 1 ? bytes(0x01) : bytes(0xd6, 0x70, ...u32(level - 1));
    inner = Buffer.concat([bytes(0xd6, type, ...u32(level)), bytes(0x92), inner, refers]);
  }
  return inner;
}

/** Strings that a decoder reads from a bundle at a position that the message names. */
const bundled = (length: number, position: number): Buffer =>
  Buffer.concat([bytes(0x92, 0xd6, 0x62, ...u32(position), 0xd9, length), Buffer.alloc(8, 0x41)]);

/** Extension types that msgpackr knows, and some that it does not. */
const extensionTypes: readonly number[] = [
  0x00, 0x01, 0x40, 0x42, 0x53, 0x62, 0x64, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x75, 0x78, 0x7f, 0x80, 0xff,
];

const extensions = extensionTypes.flatMap((type): [string, Buffer][] => {
  const name = `extension 0x${type.toString(16).padStart(2, "0")}`;
  return [
    [`${name} of 4 bytes`, inMessage(bytes(0xd6, type, 0, 0, 0, 9))],
    [`${name} of 200 bytes`, inMessage(Buffer.concat([bytes(0xc7, 200, type), Buffer.alloc(200, 0x91)]))],
    [`${name} that claims 4e9 bytes`, inMessage(bytes(0xc9, ...u32(0xffffffff), type, 1))],
  ];
});

const claimed = (
  [
    ["text", 0xdb],
    ["bytes", 0xc6],
    ["list", 0xdd],
    ["mapping", 0xdf],
  ] as const
).flatMap(([what, code]): [string, Buffer][] => [
  [`${what} that claims 4e9 items`, inMessage(bytes(code, ...u32(0xfffffff0), 1))],
  [`${what} that claims 1e6 items`, inMessage(bytes(code, ...u32(1_000_000), 1))],
]);

const nested = (
  [
    ["lists", 0x91],
    ["mappings with text keys", 0x81, 0xa1, 0x61],
    ["mappings with numbers as keys", 0x81, 0x01],
    ["mappings as keys of mappings", 0x81],
  ] as const
).flatMap(([what, ...opening]): [string, Buffer][] =>
  [40, 300, 10_000, 100_000].map((depth) => [
    `${what} ${depth} deep`,
    inMessage(Buffer.concat([repeated(depth, ...opening), bytes(0xc0)])),
  ]),
);

const keys = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "then"].map(
  (key): [string, Buffer] => [
    `a key ${key} with a mapping`,
    Buffer.concat([inMessage(bytes(0xc0)).fill(0x84, 0, 1), text(key), bytes(0x81), text("polluted"), bytes(1)]),
  ],
);

const odd: readonly [string, Buffer][] = [
  ["nothing", Buffer.alloc(0)],
  ["the byte that MessagePack never uses", bytes(0xc1)],
  ["a thousand of it", repeated(1000, 0xc1)],
  ["a lone number", bytes(1)],
  ["nil", bytes(0xc0)],
  ["an empty mapping", bytes(0x80)],
  ["a list", bytes(0x90)],
  ["a version as text", Buffer.concat([bytes(0x81), text("v"), text("1")])],
  ["a version that is NaN", Buffer.concat([bytes(0x81), text("v"), bytes(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)])],
  ["a version of 2^64 - 1", Buffer.concat([bytes(0x81), text("v"), bytes(0xcf, ...repeated(8, 0xff))])],
  ["a version twice", Buffer.concat([bytes(0x82), text("v"), bytes(1), text("v"), bytes(2)])],
  ["a kind twice", Buffer.concat([inMessage(text("renew"), "kind")])],
  ["a kind that is a list", inMessage(bytes(0x91, 1), "kind")],
  ["a byte too many", Buffer.concat([inMessage(text("x")), bytes(1)])],
  ["two messages in one", Buffer.concat([inMessage(text("x")), inMessage(text("y"))])],
  ["a message cut in the middle", inMessage(text("a".repeat(60))).subarray(0, 40)],
  ["text that is not UTF-8", inMessage(Buffer.concat([bytes(0xa4), bytes(0xff, 0xfe, 0x80, 0xc0)]))],
  ["text with half a surrogate", inMessage(Buffer.concat([bytes(0xa3), bytes(0xed, 0xa0, 0x80)]))],
  ["text with a zero byte", inMessage(text("a\0b"))],
  ["an id of 900,000 characters", inMessage(text("a".repeat(900_000)))],
  ["an id of control characters", inMessage(text("\x1b]0;x\x07\x1b[2J\r\n\x9b31m"))],
  ["an id written from right to left", inMessage(text("\u202egnp.exe\u2066"))],
  ["-0", inMessage(bytes(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0), "slots")],
  ["the smallest number above 0", inMessage(bytes(0xcb, 0, 0, 0, 0, 0, 0, 0, 1), "slots")],
  ["infinity", inMessage(bytes(0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0), "slots")],
  ["a signalling NaN", inMessage(bytes(0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 1), "slots")],
  ["the least 64-bit number", inMessage(bytes(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0), "slots")],
  ["2^53", inMessage(bytes(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0), "slots")],
  ["undefined everywhere", inMessage(bytes(0xd4, 0, 0))],
  ["a timestamp", inMessage(bytes(0xd6, 0xff, 0, 0, 0, 1))],
  ["JSON", Buffer.from('{"v":1,"kind":"claim"}')],
  ["JSON with a prototype", Buffer.from('{"v":1,"__proto__":{"kind":"claim"}}')],
  ["gzip", bytes(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)],
];

/** Hostile bytes that are cheap to decode; tried together. */
export const hostileBytes: readonly (readonly [title: string, data: Buffer])[] = [
  ...odd,
  ...keys,
  ...claimed,
  ...nested,
  ...extensions,
  ["a record definition", inMessage(bytes(0xd5, 0x72, 0x40, 0x40))],
  ["a bundle that lies before the message", bundled(0xff, 0xffffff00)],
  ["a bundle that lies behind it", bundled(0xff, 60)],
];

/** Hostile bytes that cost a careless reader seconds or gigabytes; each is watched alone. */
export const costlyBytes: readonly (readonly [title: string, data: Buffer])[] = [
  ["30 levels of shared nodes and a byte too many", Buffer.concat([sharedGraph(30, 0x69), bytes(1)])],
  ["60 levels of shared nodes in a field", inMessage(sharedGraph(60, 0x69))],
  ["a million nils", inMessage(Buffer.concat([bytes(0xdd, ...u32(900_000)), repeated(900_000, 0xc0)]))],
  ["900,000 empty mappings", inMessage(Buffer.concat([bytes(0xdd, ...u32(900_000)), repeated(900_000, 0x80)]))],
  [
    "a mapping of 200,000 keys",
    inMessage(Buffer.concat([bytes(0xdf, ...u32(200_000)), repeated(200_000, 0xa1, 0x61, 0xc0)])),
  ],
  ["lists 500,000 deep", inMessage(Buffer.concat([repeated(500_000, 0x91), bytes(0xc0)]))],
  ["a renewal of 200,000 empty trials", renewalOf(200_000)],
  ["9,900 mappings with numbers far apart as keys", inMessage(mappings(9900, () => ["1023", "2046", "3308"]))],
  ["2,000 mappings with keys in ever new orders", inMessage(mappings(2000, turned))],
];

function mappings(count: number, keysOf: (i: number) => readonly string[]): Buffer {
  const mapping = (keys: readonly string[]): Buffer[] => [
    bytes(0xde, 0, keys.length),
    ...keys.flatMap((key) => [text(key), bytes(1)]),
  ];
  return Buffer.concat([
    bytes(0xdd, ...u32(count)),
    ...Array.from({ length: count }, (_, i) => mapping(keysOf(i))).flat(),
  ]);
}

/** Forty different keys in order `i`; 43 is prime, so none repeats. */
function turned(i: number): string[] {
  return Array.from({ length: 40 }, (_, k) => `k${(k * ((i % 42) + 1) + i) % 43}`);
}

function renewalOf(count: number): Buffer {
  const held = Buffer.concat([bytes(0xdd, ...u32(count)), repeated(count, 0x80)]);
  return Buffer.concat([bytes(0x83), text("v"), bytes(1), text("kind"), text("renew"), text("held"), held]);
}

/** A report with that many values. */
export function manyValues(values: number): Buffer {
  const row = Buffer.concat([
    bytes(0x95, 1, 1, 0),
    bytes(0xdd, ...u32(values)),
    repeated(values, 0x01),
    bytes(0xdd, ...u32(0)),
  ]);
  return Buffer.concat([
    bytes(0x83),
    text("v"),
    bytes(1),
    text("attempt"),
    bytes(1),
    text("reports"),
    bytes(0x91),
    row,
  ]);
}

/** A report of that many rows, each with one value. */
export function manyRows(rows: number): Buffer {
  const row = bytes(0x95, 1, 1, 0, 0x91, 1, 0x91, 1);
  const list = Buffer.concat([bytes(0xdd, ...u32(rows)), repeated(rows, ...row)]);
  return Buffer.concat([bytes(0x83), text("v"), bytes(1), text("attempt"), bytes(1), text("reports"), list]);
}
