import { GitError } from "../lib/errors.ts"

/** Git's framing (gitprotocol-common): four hex digits of length, then that much; lengths 0 to 2 are marks. */
export type Packet =
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "flush" }
  | { readonly kind: "delimiter" }
  | { readonly kind: "end" }

export const flush = "0000"
export const delimiter = "0001"

/** One packet with a line of text. */
export function pkt(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text
}

/** All packets of an answer. @throws GitError when it was cut short or isn't framed at all. */
export function* readPackets(bytes: Buffer): Generator<Packet> {
  let at = 0
  while (at < bytes.length) {
    const digits = bytes.toString("latin1", at, at + 4)
    const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (Number.isNaN(length) || length === 3)
      throw badAnswer("it isn't Git's protocol: is the URL that of a repository?")
    if (length < 4) {
      yield { kind: marks[length] ?? "end" }
      at += 4
      continue
    }
    if (at + length > bytes.length) throw badAnswer("it was cut short")
    yield { kind: "data", data: bytes.subarray(at + 4, at + length) }
    at += length
  }
}

const marks = ["flush", "delimiter", "end"] as const

/** The text of a data packet without its line end. */
export function lineOf(packet: Packet): string {
  return packet.kind === "data" ? packet.data.toString("utf8").replace(/\n$/, "") : ""
}

/** Something came back that isn't a whole and proper answer: nothing may be concluded from it. */
export function badAnswer(why: string, cause?: unknown): GitError {
  return new GitError(`the Git server's answer can't be used: ${why}`, {
    kind: "transient",
    code: "git-bad-answer",
    cause,
  })
}

/** The server's own refusal inside a well-formed answer. */
export function refusal(words: string): GitError {
  const missing = /not our ref|not found|unadvertised object|no such remote ref/i.test(words)
  const code = missing ? "revision-not-found" : "git-refused"
  return new GitError(`the Git server refuses: ${words.slice(0, 300)}`, {
    kind: missing ? "stalled" : "transient",
    code,
  })
}
