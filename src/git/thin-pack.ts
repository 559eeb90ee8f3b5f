import { createHash } from "node:crypto"
import { deflateSync } from "node:zlib"
import { scanPack, type PackedObject } from "./pack-scan.ts"
import { badAnswer } from "./pkt-line.ts"

interface Whole {
  readonly type: number
  readonly data: Buffer
}
/** An object that is here already; null when it isn't. */
export type ReadBase = (oid: string) => Promise<Whole | null>

const typeNames = ["", "commit", "tree", "blob", "tag"] as const
const objectBytesMax = 64 * 1024 * 1024

/**
 * A thin pack made whole: every object written out. Kept thin it may close a circle: after a revert the server sends the
 * old tree as a delta against the new one, and the new one lies here as a delta against the old one.
 * @throws GitError when a base isn't here
 */
export async function completePack(pack: Buffer, readBase: ReadBase): Promise<Buffer> {
  const objects: PackedObject[] = []
  scanPack(pack, (object) => objects.push(object))
  const byPlace = new Map<number, Whole>()
  const byId = new Map<string, Whole>()
  let waiting = objects
  while (waiting.length > 0) {
    const left: PackedObject[] = []
    for (const object of waiting) {
      const whole = await resolve(object, { byPlace, byId, readBase })
      if (!whole) left.push(object)
      else {
        byPlace.set(object.at, whole)
        byId.set(idOf(whole), whole)
      }
    }
    if (left.length === waiting.length) throw badAnswer("the pack builds on objects that aren't here")
    waiting = left
  }
  return writePack([...byId.values()])
}

async function resolve(
  { type, data, base }: PackedObject,
  known: {
    readonly byPlace: ReadonlyMap<number, Whole>
    readonly byId: ReadonlyMap<string, Whole>
    readonly readBase: ReadBase
  },
): Promise<Whole | null> {
  if (base === null) return { type, data }
  const source =
    typeof base === "number" ? known.byPlace.get(base) : (known.byId.get(base) ?? (await known.readBase(base)))
  return source ? { type: source.type, data: applyDelta(source.data, data) } : null
}

/** Git's delta: copies from the base and literal bytes, after the two sizes. */
function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const start = skipSize(delta, skipSize(delta, 0))
  const parts: Buffer[] = []
  let bytes = 0
  for (let at = start; at < delta.length;) {
    const command = delta[at++] ?? 0
    const copy = command & 128 ? copyOf(delta, at, command) : null
    const part = copy ? base.subarray(copy.offset, copy.offset + copy.size) : delta.subarray(at, at + command)
    if (command === 0 || (copy && part.length !== copy.size)) throw badAnswer("the pack has a broken delta")
    at = copy ? copy.next : at + command
    bytes += part.length
    if (bytes > objectBytesMax) throw badAnswer("the pack has an object that is too large")
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Offset and size, each byte of them present only if its bit is set. */
function copyOf(delta: Buffer, from: number, command: number): { offset: number; size: number; next: number } {
  let next = from
  let [offset, size] = [0, 0]
  for (let bit = 0; bit < 4; bit++) if (command & (1 << bit)) offset += (delta[next++] ?? 0) * 256 ** bit
  for (let bit = 0; bit < 3; bit++) if (command & (16 << bit)) size += (delta[next++] ?? 0) * 256 ** bit
  return { offset, size: size === 0 ? 65_536 : size, next }
}

function skipSize(delta: Buffer, at: number): number {
  let next = at
  while ((delta[next++] ?? 0) & 128);
  return next
}

function idOf({ type, data }: Whole): string {
  return createHash("sha1")
    .update(`${typeNames[type] ?? ""} ${data.length}\0`)
    .update(data)
    .digest("hex")
}

function writePack(objects: readonly Whole[]): Buffer {
  const header = Buffer.alloc(12)
  header.write("PACK", "latin1")
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(objects.length, 8)
  const body = Buffer.concat([
    header,
    ...objects.flatMap(({ type, data }) => [objectHeader(type, data.length), deflateSync(data)]),
  ])
  return Buffer.concat([body, createHash("sha1").update(body).digest()])
}

function objectHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128
    bytes.push(rest & 127)
  }
  return Buffer.from(bytes)
}
