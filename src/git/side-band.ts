import { createHash } from "node:crypto"
import type { GitError } from "../lib/errors.ts"
import { badAnswer, refusal, revisionMissing } from "./failures.ts"
import { lineOf, readPackets, type Packet } from "./pkt-line.ts"

const hashBytes = 20

/**
 * The pack out of an answer's side bands (1 data, 2 progress, 3 fatal). Taken only when the final flush was seen and the
 * pack's SHA-1 agrees: a server that dies in the middle says so in band 3, or not at all.
 */
export function packOf(answer: Buffer, protocol: 0 | 2): Buffer {
  const packets = readPackets(answer)
  const start = protocol === 2 ? afterTitle(packets) : afterNegotiation(packets)
  if (start === 0) throw withoutPack(packets)
  const ending = packets.at(-1)
  const bands = packets.slice(start, ending?.kind === "flush" ? -1 : undefined)
  const parts = bands.flatMap((packet) => dataOf(packet))
  if (ending?.kind !== "flush") throw badAnswer("the pack was cut short")
  return verified(Buffer.concat(parts))
}

function dataOf(packet: Packet): readonly Buffer[] {
  if (packet.kind !== "data") throw badAnswer("the pack was cut short")
  const [band] = packet.data
  const data = packet.data.subarray(1)
  if (band === 1) return [data]
  if (band === 2) return []
  throw refused(band === 3 ? data.toString("utf8") : lineOf(packet))
}

/** Sections before it (acknowledgments, shallow-info) say nothing that we don't know. */
function afterTitle(packets: readonly Packet[]): number {
  return packets.findIndex((packet) => isShort(packet) && lineOf(packet) === "packfile") + 1
}

/** With the old protocol the pack follows the ACK or NAK lines without a title of its own. */
function afterNegotiation(packets: readonly Packet[]): number {
  return packets.findLastIndex((packet) => isShort(packet) && /^(NAK|ACK [0-9a-f]{40})/.test(lineOf(packet))) + 1
}

/** No line of these is longer, and the pack's own packets needn't be looked at as text. */
function isShort(packet: Packet): boolean {
  return packet.kind === "data" && packet.data.length < 80
}

function withoutPack(packets: readonly Packet[]): GitError {
  const error = packets.map((packet) => lineOf(packet)).find((line) => line.startsWith("ERR "))
  return error === undefined ? badAnswer("it has no pack") : refused(error.slice(4))
}

/** upload-pack has no codes, only words: those of git and of JGit for an object that they don't have or give. */
function refused(words: string): GitError {
  const missing = /not our ref|unadvertised object|want [0-9a-f]{40} not valid/i.test(words)
  return missing ? revisionMissing(words) : refusal(words.replace(/^ERR /, ""), "transient")
}

function verified(pack: Buffer): Buffer {
  if (pack.length < 12 + hashBytes || pack.toString("latin1", 0, 4) !== "PACK") throw badAnswer("it isn't a pack")
  const hash = createHash("sha1").update(pack.subarray(0, -hashBytes)).digest()
  if (!hash.equals(pack.subarray(-hashBytes))) throw badAnswer("the pack is corrupt")
  return pack
}
