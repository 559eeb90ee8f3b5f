import { inflateSync } from "node:zlib"
import { GitError } from "../lib/errors.ts"
import { badAnswer } from "./pkt-line.ts"

/** Larger objects are never wanted: trees and text files are far below. */
const objectBytesMax = 64 * 1024 * 1024
const packBytesMax = 2 * 1024 * 1024 * 1024
const hashBytes = 20
const offsetDelta = 6
const referenceDelta = 7

/** One object of a pack as it stands there; a delta names its base by its place, or by its id. */
export interface PackedObject {
  readonly at: number
  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 and 7 deltas. */
  readonly type: number
  readonly data: Buffer
  readonly base: number | string | null
}

/**
 * Walks a pack once and inflates each object within bounds, before anybody else does: a few kilobytes of zeros may
 * otherwise become gigabytes. @throws GitError
 */
export function scanPack(pack: Buffer, visit: (object: PackedObject) => void = () => undefined): void {
  const count = pack.readUInt32BE(8)
  let at = 12
  let total = 0
  for (let object = 0; object < count; object++) {
    const { type, size, next } = objectHeader(pack, at)
    if (size > objectBytesMax) throw tooLarge()
    total += size
    if (total > packBytesMax) throw tooLarge()
    const body = skipBase(pack, type, next)
    const { data, consumed } = inflate(pack, body, size)
    if (type === offsetDelta || type === referenceDelta) total += checkDelta(data)
    visit({ at, type, data, base: baseOf(pack, type, at, next) })
    at = body + consumed
  }
  if (at !== pack.length - hashBytes) throw badAnswer("the pack has something left over")
}

/** Type and inflated size of the object at `at`: a little-endian number of 4, then 7 bits a byte. */
function objectHeader(pack: Buffer, at: number): { type: number; size: number; next: number } {
  let byte = pack[at] ?? 0
  const type = (byte >> 4) & 7
  let size = byte & 15
  let next = at + 1
  for (let factor = 16; byte & 128; factor *= 128) {
    byte = pack[next++] ?? 0
    size += (byte & 127) * factor
    if (size > Number.MAX_SAFE_INTEGER / 256) throw tooLarge()
  }
  return { type, size, next }
}

function skipBase(pack: Buffer, type: number, at: number): number {
  if (type === referenceDelta) return at + hashBytes
  if (type !== offsetDelta) return at
  let next = at
  while ((pack[next++] ?? 0) & 128);
  return next
}

function baseOf(pack: Buffer, type: number, at: number, next: number): number | string | null {
  if (type === referenceDelta) return pack.toString("hex", next, next + hashBytes)
  if (type !== offsetDelta) return null
  // A number of its own kind: seven bits a byte, the highest first, each step but the last plus one.
  let byte = pack[next] ?? 0
  let distance = byte & 127
  for (let place = next + 1; byte & 128; place++) {
    byte = pack[place] ?? 0
    distance = (distance + 1) * 128 + (byte & 127)
  }
  return at - distance
}

function inflate(pack: Buffer, at: number, size: number): { data: Buffer; consumed: number } {
  try {
    const options = { info: true, maxOutputLength: Math.max(size, 1) } as const
    const { buffer, engine } = inflateSync(pack.subarray(at), options) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    if (buffer.length !== size) throw new Error("size")
    return { data: buffer, consumed: engine.bytesWritten }
  } catch (error) {
    throw badAnswer("the pack is corrupt", error)
  }
}

/** A delta names the size that it will make. */
function checkDelta(delta: Buffer): number {
  const source = varint(delta, 0)
  const target = varint(delta, source.next)
  if (target.value > objectBytesMax) throw tooLarge()
  return target.value
}

function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0
  let next = at
  for (let factor = 1; next < at + 8; factor *= 128) {
    const byte = bytes[next++] ?? 0
    value += (byte & 127) * factor
    if (!(byte & 128)) break
  }
  return { value, next }
}

function tooLarge(): GitError {
  const message = `the repository has an object of more than ${objectBytesMax} bytes where text is expected`
  return new GitError(message, { kind: "stalled", code: "git-too-large" })
}
