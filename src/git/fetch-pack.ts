import type { Remote } from "../core/source.ts"
import type { ServerKind } from "./discover.ts"
import type { GitHttp } from "./http.ts"
import { delimiter, flush, pkt } from "./pkt-line.ts"
import { packOf } from "./side-band.ts"

export interface FetchRequest {
  readonly wants: readonly string[]
  /** Commits whose trees we have: the pack may have deltas against them then. */
  readonly haves: readonly string[]
  /** Those of our commits that have no parents here. */
  readonly shallow: readonly string[]
  /** Only the wanted commits themselves. */
  readonly depthOne: boolean
  readonly withoutBlobs: boolean
}

/** Commits and trees; a hundred thousand files make about 4 MB. */
const treesBytesMax = 128 * 1024 * 1024
/** With files in it: those wanted, or all of a commit on servers that can't leave them out. */
const filesBytesMax = 256 * 1024 * 1024

/** One pack with what was asked for, whole and verified; it may be thin if `haves` is not empty. @throws GitError */
export async function fetchPack(
  http: GitHttp,
  remote: Remote,
  { server, ...asked }: FetchRequest & { readonly server: ServerKind },
  signal: AbortSignal,
): Promise<Buffer> {
  // Sending what a server doesn't offer gets an empty answer, so only what it offers is sent.
  const request = {
    ...asked,
    depthOne: asked.depthOne && server.shallow,
    shallow: server.shallow ? asked.shallow : [],
    withoutBlobs: asked.withoutBlobs && server.filter,
  }
  const body = server.protocol === 2 ? secondFetch(request) : firstFetch(server.capabilities, request)
  const bytesMax = request.withoutBlobs ? treesBytesMax : filesBytesMax
  const { protocol, base } = server
  const answer = await http.request(remote, { kind: "command", base, body, protocol, bytesMax }, signal)
  return packOf(answer.body, protocol)
}

function secondFetch(request: FetchRequest): string {
  return [
    pkt("command=fetch\n"),
    pkt("agent=lockstep\n"),
    pkt("object-format=sha1"),
    delimiter,
    // Without thin-pack a server leaves nothing out because of a `have`, and sends the whole tree again.
    ...(request.haves.length > 0 ? [pkt("thin-pack\n")] : []),
    pkt("ofs-delta\n"),
    pkt("no-progress\n"),
    ...request.wants.map((oid) => pkt(`want ${oid}\n`)),
    ...limits(request),
    ...request.haves.map((oid) => pkt(`have ${oid}\n`)),
    pkt("done\n"),
    flush,
  ].join("")
}

/** The protocol before version 2; some hosts insist on `multi_ack_detailed`. */
function firstFetch(offered: ReadonlySet<string>, request: FetchRequest): string {
  const thin = request.haves.length > 0 ? ["thin-pack"] : []
  const filter = request.withoutBlobs ? ["filter"] : []
  const wished = ["multi_ack_detailed", "side-band-64k", "ofs-delta", "no-progress", ...thin, ...filter]
  const capabilities = [...wished.filter((name) => offered.has(name)), "agent=lockstep"].join(" ")
  return [
    ...request.wants.map((oid, index) => pkt(index === 0 ? `want ${oid} ${capabilities}\n` : `want ${oid}\n`)),
    ...limits(request),
    flush,
    ...request.haves.map((oid) => pkt(`have ${oid}\n`)),
    pkt("done\n"),
  ].join("")
}

function limits({ shallow, depthOne, withoutBlobs }: FetchRequest): readonly string[] {
  return [
    ...shallow.map((oid) => pkt(`shallow ${oid}\n`)),
    ...(depthOne ? [pkt("deepen 1\n")] : []),
    ...(withoutBlobs ? [pkt("filter blob:none\n")] : []),
  ]
}
