import { badAnswer, tooLarge } from "./failures.ts"

/** Git's framing (gitprotocol-common): four hex digits of length, then that much; lengths 0 to 2 are marks. */
export type Packet =
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "flush" }
  | { readonly kind: "delimiter" }
  | { readonly kind: "end" }

export const flush = "0000"
export const delimiter = "0001"

const marks = ["flush", "delimiter", "end"] as const
/**
 * A line of a list has an id of 40 digits and a pack comes in large pieces; what is smaller are marks, acknowledgments and
 * signs of life, and a server that sends nothing else keeps us busy for nothing.
 */
const smallBytes = 40
const smallPacketsMax = 10_000

/** One packet with a line of text. */
export function pkt(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text
}

/** The packets of an answer, one after the other. @throws GitError when it was cut short or isn't framed at all. */
export function* packetsOf(bytes: Buffer): Generator<Packet> {
  let small = 0
  if (bytes.length === 0) throw badAnswer("it is empty")
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.toString("latin1", at, at + 4)
    if (digits.length < 4) throw badAnswer("it was cut short")
    const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (Number.isNaN(length) || length === 3) throw badAnswer("it isn't in Git's protocol")
    if (at + length > bytes.length) throw badAnswer("it was cut short")
    if (length < smallBytes && ++small > smallPacketsMax)
      throw tooLarge(`the Git server sends more than ${smallPacketsMax} packets with next to nothing in them`)
    const mark = marks[length]
    yield mark ? { kind: mark } : { kind: "data", data: bytes.subarray(at + 4, at + length) }
    at += Math.max(length, 4)
  }
}

/** The text of a data packet without its line end; "" for a mark. */
export function lineOf(packet: Packet | undefined): string {
  return packet?.kind === "data" ? packet.data.toString("utf8").replace(/\n$/, "") : ""
}
