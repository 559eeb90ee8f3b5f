import { badAnswer } from "./failures.ts"

/** Git's framing (gitprotocol-common): four hex digits of length, then that much; lengths 0 to 2 are marks. */
export type Packet =
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "flush" }
  | { readonly kind: "delimiter" }
  | { readonly kind: "end" }

export const flush = "0000"
export const delimiter = "0001"

const marks = ["flush", "delimiter", "end"] as const

/** One packet with a line of text. */
export function pkt(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text
}

/** All packets of an answer. @throws GitError when it was cut short or isn't framed at all. */
export function readPackets(bytes: Buffer): readonly Packet[] {
  const packets: Packet[] = []
  if (bytes.length === 0) throw badAnswer("it is empty")
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.toString("latin1", at, at + 4)
    if (digits.length < 4) throw badAnswer("it was cut short")
    const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (Number.isNaN(length) || length === 3) throw badAnswer("it isn't in Git's protocol")
    if (at + length > bytes.length) throw badAnswer("it was cut short")
    const mark = marks[length]
    packets.push(mark ? { kind: mark } : { kind: "data", data: bytes.subarray(at + 4, at + length) })
    at += Math.max(length, 4)
  }
  return packets
}

/** The text of a data packet without its line end; "" for a mark. */
export function lineOf(packet: Packet | undefined): string {
  return packet?.kind === "data" ? packet.data.toString("utf8").replace(/\n$/, "") : ""
}

/** The packets before the flush that ends an answer. @throws GitError when the answer goes on or stops before it. */
export function beforeFlush(packets: readonly Packet[]): readonly Packet[] {
  const end = packets.findIndex((packet) => packet.kind === "flush")
  if (end === -1) throw badAnswer("it was cut short")
  if (end !== packets.length - 1) throw badAnswer("it goes on behind its end")
  return packets.slice(0, end)
}
