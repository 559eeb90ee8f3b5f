import { createHash } from "node:crypto"
import { deflateSync } from "node:zlib"
import { Breath } from "../lib/breath.ts"
import type { ObjectType } from "./pack.ts"
import type { GitObject } from "./unpack.ts"

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 }

/** A pack with these objects, each of them whole. */
export async function packOfObjects(objects: readonly GitObject[]): Promise<Buffer> {
  const breath = new Breath()
  const hash = createHash("sha1")
  const parts: Uint8Array[] = []
  const add = (part: Uint8Array): void => {
    hash.update(part)
    parts.push(part)
  }
  const head = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1")
  head.writeUInt32BE(objects.length, 8)
  add(head)
  for (const { type, data } of objects) {
    add(header(typeNumbers[type], data.length))
    add(deflateSync(data))
    await breath.spend(40 + data.length / 20)
  }
  return Buffer.concat([...parts, hash.digest()])
}

/** The type and 4 bits of the size, then 7 bits a byte; the highest bit says that one more follows. */
function header(type: number, size: number): Uint8Array {
  const bytes = [(type << 4) | (size & 15)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push((bytes.pop() ?? 0) | 128, rest & 127)
  }
  return Uint8Array.from(bytes)
}
