import { createHash } from "node:crypto"
import { badAnswer, lineOf, readPackets, refusal, type Packet } from "./pkt-line.ts"

export interface FetchAnswer {
  /** A whole pack: its own SHA-1 agrees. */
  readonly pack: Buffer
}

const hashBytes = 20

/**
 * The pack out of an answer's side bands (1 data, 2 progress, 3 fatal). Taken only when the final flush was seen and the
 * pack's SHA-1 agrees: a server that dies in the middle says so in band 3, or not at all.
 */
export function parsePackAnswer(answer: Buffer, protocol: 0 | 2): FetchAnswer {
  const packets = [...readPackets(answer)]
  const start = protocol === 2 ? packets.findIndex((one) => lineOf(one) === "packfile") + 1 : firstBand(packets)
  if (start === 0) throw withoutPack(packets)
  if (packets.at(-1)?.kind !== "flush") throw badAnswer("the pack was cut short")
  const parts: Buffer[] = []
  for (const packet of packets.slice(start)) {
    if (packet.kind !== "data") continue
    const [band] = packet.data
    if (band === 3) throw refusal(packet.data.subarray(1).toString("utf8").trim())
    if (band === 1) parts.push(packet.data.subarray(1))
  }
  const pack = Buffer.concat(parts)
  verify(pack)
  return { pack }
}

/** With the old protocol the pack follows the ACK or NAK lines without a title of its own. */
function firstBand(packets: readonly Packet[]): number {
  const last = packets.findLastIndex((packet) => /^(NAK|ACK [0-9a-f]{40})/.test(lineOf(packet)))
  return last + 1
}

function withoutPack(packets: readonly Packet[]): Error {
  const error = packets.map((packet) => lineOf(packet)).find((line) => line.startsWith("ERR "))
  return error ? refusal(error.slice(4)) : badAnswer("it has no pack")
}

function verify(pack: Buffer): void {
  if (pack.length < 12 + hashBytes || pack.toString("latin1", 0, 4) !== "PACK") throw badAnswer("it isn't a pack")
  const body = pack.subarray(0, -hashBytes)
  if (!createHash("sha1").update(body).digest().equals(pack.subarray(-hashBytes)))
    throw badAnswer("the pack is corrupt")
}
