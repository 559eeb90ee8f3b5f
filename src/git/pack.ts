import { createHash } from "node:crypto"
import { createInflate, inflate as inflateAside, inflateSync } from "node:zlib"
import type { Breath } from "../lib/breath.ts"
import { GitError } from "../lib/errors.ts"
import { badAnswer, tooLarge } from "./failures.ts"

/** Larger objects aren't kept in memory: folders and texts are far below. */
export const objectBytesMax = 32 * 1024 * 1024
/** A few kilobytes of zeros can be gigabytes of objects. */
const inflatedBytesMax = 1024 * 1024 * 1024
/** Larger ones are inflated beside the loop; for smaller ones that would take longer. */
const inflatedHereMax = 64 * 1024
const objectsMax = 5_000_000
const hashBytes = 20

export type ObjectType = "commit" | "tree" | "blob" | "tag"
const types: readonly (ObjectType | "offset-delta" | "reference-delta" | null)[] = [
  null,
  "commit",
  "tree",
  "blob",
  "tag",
  null,
  "offset-delta",
  "reference-delta",
]

/** One entry of a pack as it stands there (gitformat-pack); `at` and `end` are its place. */
export interface PackEntry {
  readonly at: number
  readonly end: number
  readonly content:
    | { readonly kind: "whole"; readonly type: ObjectType; readonly data: Buffer }
    | { readonly kind: "huge"; readonly type: ObjectType; readonly oid: string; readonly size: number }
    /** Against another entry by its place, or against any object by its id. */
    | { readonly kind: "delta"; readonly base: number | string; readonly delta: Buffer }
}

/** Every entry of a verified pack, inflated within bounds. @throws GitError */
export async function* entriesOf(pack: Buffer, breath: Breath): AsyncGenerator<PackEntry> {
  const count = pack.readUInt32BE(8)
  if (count > objectsMax) throw tooLarge(`the Git server sends ${count} objects`)
  let inflated = 0
  let at = 12
  for (let entry = 0; entry < count; entry++) {
    const header = headerOf(pack, at)
    await breath.spend(30 + header.size / 200)
    inflated += header.size
    if (inflated > inflatedBytesMax)
      throw tooLarge(`the Git server sends more than ${inflatedBytesMax} bytes of objects`)
    const { content, end } = await contentOf(pack, header)
    yield { at, end, content }
    at = end
  }
  if (at !== pack.length - hashBytes) throw badAnswer("the pack has something left over")
}

/** The id of an object. */
export function oidOf(type: ObjectType, data: Uint8Array): string {
  return createHash("sha1").update(`${type} ${data.length}\0`).update(data).digest("hex")
}

interface Header {
  readonly type: ObjectType | "delta"
  readonly base: number | string | null
  readonly size: number
  /** Where the deflated bytes begin. */
  readonly body: number
}

/** The type, then the inflated size as a little-endian number of 4 and then 7 bits a byte, then a delta's base. */
function headerOf(pack: Buffer, at: number): Header {
  let byte = pack[at] ?? 0
  const type = types[(byte >> 4) & 7] ?? null
  let size = byte & 15
  let next = at + 1
  for (let factor = 16; byte & 128; factor *= 128) {
    byte = pack[next++] ?? 0
    size += (byte & 127) * factor
    if (size > inflatedBytesMax) throw tooLarge("the Git server sends an object of many gigabytes")
  }
  if (type === null) throw badAnswer("the pack has an object of no known type")
  if (type === "reference-delta") {
    const base = pack.toString("hex", next, next + hashBytes)
    return { type: "delta", base, size, body: next + hashBytes }
  }
  if (type !== "offset-delta") return { type, base: null, size, body: next }
  const { distance, body } = distanceAt(pack, next)
  return { type: "delta", base: at - distance, size, body }
}

/** A number of its own kind: 7 bits a byte, the highest first, plus one at each step. */
function distanceAt(pack: Buffer, at: number): { distance: number; body: number } {
  let byte = pack[at] ?? 0
  let distance = byte & 127
  let body = at + 1
  while (byte & 128 && distance < pack.length) {
    byte = pack[body++] ?? 0
    distance = (distance + 1) * 128 + (byte & 127)
  }
  return { distance, body }
}

async function contentOf(pack: Buffer, header: Header): Promise<Pick<PackEntry, "content" | "end">> {
  const { type, base, size, body } = header
  try {
    if (size > objectBytesMax) {
      if (type === "delta") throw tooLarge(`the Git server sends a delta of ${size} bytes`)
      const { oid, used } = await passOver(pack.subarray(body), type, size)
      return { content: { kind: "huge", type, oid, size }, end: body + used }
    }
    const { data, used } = await inflate(pack.subarray(body), size)
    const end = body + used
    if (type !== "delta") return { content: { kind: "whole", type, data }, end }
    return { content: { kind: "delta", base: base ?? 0, delta: data }, end }
  } catch (error) {
    if (error instanceof GitError) throw error
    throw badAnswer("the pack is corrupt", error)
  }
}

/** `info` is in Node's documentation, but not in its types. */
interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

async function inflate(deflated: Buffer, size: number): Promise<{ data: Buffer; used: number }> {
  const options = { info: true, maxOutputLength: size + 1 } as const
  const { buffer, engine } =
    size > inflatedHereMax
      ? await new Promise<Inflated>((resolve, reject) =>
          inflateAside(deflated, options, (error, result) =>
            error ? reject(error) : resolve(result as unknown as Inflated),
          ),
        )
      : (inflateSync(deflated, options) as unknown as Inflated)
  if (buffer.length !== size) throw new Error(`${buffer.length} bytes instead of ${size}`)
  return { data: buffer, used: engine.bytesWritten }
}

/** The id of an object that is too large to be kept. */
async function passOver(deflated: Buffer, type: ObjectType, size: number): Promise<{ oid: string; used: number }> {
  const hash = createHash("sha1").update(`${type} ${size}\0`)
  const stream = createInflate()
  stream.end(deflated)
  let inflated = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    inflated += chunk.length
    if (inflated > size) throw new Error(`more than ${size} bytes`)
    hash.update(chunk)
  }
  if (inflated !== size) throw new Error(`${inflated} bytes instead of ${size}`)
  return { oid: hash.digest("hex"), used: stream.bytesWritten }
}
