import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "node:test";
import { isIn, productFolders, tree } from "./source-tree.ts";

const place = (file: string): { readonly room: string; readonly name: string } => ({
  room: posix.dirname(file),
  name: posix.basename(file).replace(/(\.test)?\.ts$/, ""),
});
const product = tree.filter(({ file }) => isIn(file, ...productFolders)).map(({ file }) => file);
const units = tree
  .flatMap(({ file }) => (file.startsWith("test/unit/") ? [file.slice("test/unit/".length)] : []))
  .filter((file) => isIn(file, ...productFolders));

describe("unit tests", () => {
  test("unit tests lie in folders that the product has", () => {
    assert.ok(units.length > 300, `${units.length} files found`);
    assert.deepEqual(
      units.filter((file) => !product.some((each) => each.startsWith(`${place(file).room}/`))),
      [],
    );
  });

  test("a unit test lies in the folder of the file that has its name, if there is one", () => {
    const rooms = new Map<string, string[]>();
    for (const { room, name } of product.map(place)) rooms.set(name, [...(rooms.get(name) ?? []), room]);
    assert.deepEqual(
      units.filter((file) => {
        const { room, name } = place(file);
        return rooms.get(name)?.includes(room) === false;
      }),
      [],
    );
  });
});
