import { createHash } from "node:crypto"
import { Breath } from "../lib/breath.ts"
import { badAnswer, refusal, revisionMissing } from "./failures.ts"
import { lineOf, packetsOf, type Packet } from "./pkt-line.ts"

const hashBytes = 20
const hashedAtOnce = 4 * 1024 * 1024

/**
 * The pack out of an answer's side bands (1 data, 2 progress, 3 fatal). Taken only when the final flush was seen and the
 * pack's SHA-1 agrees: a server that dies in the middle says so in band 3, or not at all. The pack is made in place: the
 * answer may be large, and its framing is always longer than what it holds.
 */
export async function packOf(answer: Buffer, protocol: 0 | 2): Promise<Buffer> {
  const breath = new Breath()
  const packets = packetsOf(answer)
  let filled = startOf(packets, protocol).copy(answer)
  for (const packet of packets) {
    if (breath.isDue(1)) await breath.take()
    if (packet.kind !== "flush") filled += dataOf(packet).copy(answer, filled)
    else if (packets.next().done) return verified(answer.subarray(0, filled), breath)
    else throw badAnswer("the pack goes on behind its end")
  }
  throw badAnswer("the pack was cut short")
}

/** Passes over what comes before the pack; returns the data of the packet that told that it begins. */
function startOf(packets: Generator<Packet>, protocol: 0 | 2): Buffer {
  let error: string | null = null
  // Not a for loop: that would end the generator with it.
  for (let next = packets.next(); !next.done; next = packets.next()) {
    if (protocol === 2 && isTitle(next.value)) return Buffer.alloc(0)
    if (protocol === 0 && isBand(next.value)) return dataOf(next.value)
    const line = lineOf(next.value)
    if (line.startsWith("ERR ")) error ??= line.slice(4)
  }
  throw error === null ? badAnswer("it has no pack") : refused(error)
}

/** With version 2 the sections before it (acknowledgments, shallow-info) say nothing that we don't know. */
function isTitle(packet: Packet): boolean {
  return packet.kind === "data" && packet.data.length < 80 && lineOf(packet) === "packfile"
}

/** Before version 2 the pack follows the ACK and NAK lines without a title; those begin with letters. */
function isBand(packet: Packet): boolean {
  const band = packet.kind === "data" ? packet.data[0] : undefined
  return band === 1 || band === 2 || band === 3
}

function dataOf(packet: Packet): Buffer {
  if (packet.kind !== "data") throw badAnswer("the pack was cut short")
  const [band] = packet.data
  const data = packet.data.subarray(1)
  if (band === 1) return data
  if (band === 2) return data.subarray(data.length)
  throw refused(band === 3 ? data.toString("utf8") : lineOf(packet))
}

/** upload-pack has no codes, only words: those of git and of JGit for an object that they don't have or give. */
function refused(words: string): Error {
  const missing = /not our ref|unadvertised object|want [0-9a-f]{40} not valid/i.test(words)
  return missing ? revisionMissing(words) : refusal(words.replace(/^ERR /, ""), "transient")
}

async function verified(pack: Buffer, breath: Breath): Promise<Buffer> {
  if (pack.length < 12 + hashBytes || pack.toString("latin1", 0, 4) !== "PACK") throw badAnswer("it isn't a pack")
  const hash = createHash("sha1")
  const end = pack.length - hashBytes
  for (let at = 0; at < end; at += hashedAtOnce) {
    hash.update(pack.subarray(at, Math.min(end, at + hashedAtOnce)))
    await breath.take()
  }
  if (!hash.digest().equals(pack.subarray(end))) throw badAnswer("the pack is corrupt")
  return pack
}
