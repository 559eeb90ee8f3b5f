import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git"
import type { Revision } from "../core/model.ts"
import { flush, lineOf, packetsOf, pkt } from "./pkt-line.ts"

/** What isomorphic-git says that it has already. */
export interface Held {
  readonly haves: readonly string[]
  readonly shallow: readonly string[]
}

/** A made-up address: isomorphic-git never talks to a server by itself. */
export const gatewayUrl = "https://gateway.invalid/repository"
export const wantedBranch = "wanted"
/** Bytes of a pack in one packet of a side band, whose limit is 65520 with its framing. */
const bandBytes = 65_515

/**
 * isomorphic-git's `http` plugin. Its own fetch speaks only the first protocol, asks for all files, can't do increments
 * of shallow clones, and succeeds with half a pack; so it gets to see a tiny repository with the one wanted commit, and
 * a pack that has been fetched (as we like) and verified before it sees a byte of it. What `fetch` throws reaches it
 * before it has written anything.
 */
export function gateway(wanted: Revision, fetch: (held: Held) => Promise<Buffer>): HttpClient {
  return {
    async request({ url, method = "GET", body }: GitHttpRequest): Promise<GitHttpResponse> {
      if (method !== "POST") return answer(url, "advertisement", [advertisement(wanted)])
      const asked = [...packetsOf(await collect(body))].map((packet) => lineOf(packet))
      const pack = await fetch({ haves: idsOf(asked, "have"), shallow: idsOf(asked, "shallow") })
      return answer(url, "result", [Buffer.from(pkt(`shallow ${wanted}\n`) + flush + pkt("NAK\n")), ...bands(pack)])
    },
  }
}

function advertisement(wanted: Revision): Buffer {
  const branch = `refs/heads/${wantedBranch}`
  const capabilities = `multi_ack_detailed no-done side-band-64k ofs-delta shallow symref=HEAD:${branch} agent=lockstep`
  const refs = pkt(`${wanted} HEAD\0${capabilities}\n`) + pkt(`${wanted} ${branch}\n`)
  return Buffer.from(pkt("# service=git-upload-pack\n") + flush + refs + flush)
}

function* bands(pack: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < pack.length; at += bandBytes) {
    const part = pack.subarray(at, at + bandBytes)
    yield Buffer.from(`${(part.length + 5).toString(16).padStart(4, "0")}\u0001`, "latin1")
    yield part
  }
  yield Buffer.from(flush)
}

function idsOf(lines: readonly string[], word: string): readonly string[] {
  return lines
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.slice(word.length + 1, word.length + 41))
}

function answer(url: string, type: "advertisement" | "result", parts: Iterable<Uint8Array>): GitHttpResponse {
  const headers = { "content-type": `application/x-git-upload-pack-${type}` }
  return { url, method: "", headers, body: stream(parts), statusCode: 200, statusMessage: "OK" }
}

async function* stream(parts: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* parts
}

async function collect(body: GitHttpRequest["body"]): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of body ?? []) parts.push(part)
  return Buffer.concat(parts)
}
