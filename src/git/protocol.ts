import type { Remote } from "../core/source.ts"
import { GitError } from "../lib/errors.ts"
import type { GitHttp } from "./http.ts"
import { badAnswer, delimiter, flush, lineOf, pkt, readPackets, refusal, type Packet } from "./pkt-line.ts"
import { parsePackAnswer, type FetchAnswer } from "./side-band.ts"

/** What a server can do, from its advertisement. `refs` is there only with the old protocol, which always sends them. */
export interface ServerKind {
  readonly protocol: 0 | 2
  readonly filter: boolean
  readonly shallow: boolean
  readonly capabilities: ReadonlySet<string>
  readonly refs: ReadonlyMap<string, RefTip> | null
}

export interface RefTip {
  readonly oid: string
  /** What an annotated tag points to in the end. */
  readonly peeled: string | null
  /** Full name of the ref that a symbolic one points to. */
  readonly target: string | null
}

export interface FetchRequest {
  readonly wants: readonly string[]
  /** A commit whose trees we have; thin deltas against them are welcome then. */
  readonly have: string | null
  readonly depthOne: boolean
  readonly withoutBlobs: boolean
}

const agent = "lockstep"

/** `GET info/refs`: which protocol, and what of it. @throws GitError */
export async function discover(http: GitHttp, remote: Remote, signal: AbortSignal): Promise<ServerKind> {
  const body = await http.request(
    remote,
    { method: "GET", path: "info/refs?service=git-upload-pack", protocol: 2 },
    signal,
  )
  const packets = [...readPackets(body)]
  // The first line names the service over HTTP, and a flush follows; some servers leave both out with version 2.
  const start = lineOf(packets[0] ?? { kind: "flush" }).startsWith("# service=") ? 2 : 0
  const lines = packets.slice(start)
  if (lines.at(-1)?.kind !== "flush") throw badAnswer("it was cut short")
  if (lineOf(lines[0] as Packet) === "version 2") return secondProtocol(lines)
  return firstProtocol(lines)
}

/** The tips of those refs that exist. Only a whole answer counts: anything else throws, so "not there" is knowledge. */
export async function lsRefs(
  http: GitHttp,
  remote: Remote,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RefTip>> {
  const head = pkt("command=ls-refs\n") + pkt(`agent=${agent}\n`) + pkt("object-format=sha1") + delimiter
  const body =
    head + pkt("peel\n") + pkt("symrefs\n") + prefixes.map((prefix) => pkt(`ref-prefix ${prefix}\n`)).join("") + flush
  const answer = await http.request(remote, { method: "POST", path: "git-upload-pack", body, protocol: 2 }, signal)
  const packets = [...readPackets(answer)]
  if (packets.at(-1)?.kind !== "flush") throw badAnswer("it was cut short")
  const tips = new Map<string, RefTip>()
  for (const packet of packets.slice(0, -1)) {
    const line = lineOf(packet)
    if (line.startsWith("ERR ")) throw refusal(line.slice(4))
    const [oid = "", name = "", ...attributes] = line.split(" ")
    if (!/^([0-9a-f]{40}|unborn)$/.test(oid) || name === "") throw badAnswer("its list of refs is malformed")
    if (oid !== "unborn")
      tips.set(name, { oid, peeled: attribute(attributes, "peeled:"), target: attribute(attributes, "symref-target:") })
  }
  return tips
}

/** One pack with what was asked for, whole and verified. @throws GitError */
export async function fetchPack(
  http: GitHttp,
  remote: Remote,
  server: ServerKind,
  request: FetchRequest,
  signal: AbortSignal,
): Promise<FetchAnswer> {
  const body = server.protocol === 2 ? secondFetch(server, request) : firstFetch(server, request)
  const sent = { method: "POST", path: "git-upload-pack", body, protocol: server.protocol } as const
  return parsePackAnswer(await http.request(remote, sent, signal), server.protocol)
}

function secondFetch(server: ServerKind, { wants, have, depthOne, withoutBlobs }: FetchRequest): string {
  return [
    pkt("command=fetch\n"),
    pkt(`agent=${agent}\n`),
    pkt("object-format=sha1"),
    delimiter,
    // Without thin-pack a server leaves nothing out because of a `have`, and sends the whole tree again.
    ...(have ? [pkt("thin-pack\n")] : []),
    pkt("ofs-delta\n"),
    pkt("no-progress\n"),
    ...wants.map((oid) => pkt(`want ${oid}\n`)),
    ...(have && server.shallow ? [pkt(`shallow ${have}\n`)] : []),
    ...(depthOne && server.shallow ? [pkt("deepen 1\n")] : []),
    ...(withoutBlobs && server.filter ? [pkt("filter blob:none\n")] : []),
    ...(have ? [pkt(`have ${have}\n`)] : []),
    pkt("done\n"),
    flush,
  ].join("")
}

/** The protocol before version 2; some hosts insist on `multi_ack_detailed`. */
function firstFetch(server: ServerKind, { wants, have, depthOne, withoutBlobs }: FetchRequest): string {
  const wish = ["multi_ack_detailed", "side-band-64k", "ofs-delta", "no-progress", ...(have ? ["thin-pack"] : [])]
  const filter = withoutBlobs && server.filter
  const known = wish.filter((name) => server.capabilities.has(name))
  const capabilities = [...known, ...(filter ? ["filter"] : []), `agent=${agent}`].join(" ")
  return [
    ...wants.map((oid, index) => pkt(index === 0 ? `want ${oid} ${capabilities}\n` : `want ${oid}\n`)),
    ...(have && server.shallow ? [pkt(`shallow ${have}\n`)] : []),
    ...(depthOne && server.shallow ? [pkt("deepen 1\n")] : []),
    ...(filter ? [pkt("filter blob:none\n")] : []),
    flush,
    ...(have ? [pkt(`have ${have}\n`)] : []),
    pkt("done\n"),
  ].join("")
}

function secondProtocol(lines: readonly Packet[]): ServerKind {
  const capabilities = new Set(lines.map((packet) => lineOf(packet)))
  const fetch =
    [...capabilities]
      .find((line) => line.startsWith("fetch="))
      ?.slice(6)
      .split(" ") ?? []
  const format = [...capabilities].find((line) => line.startsWith("object-format="))
  if (format && format !== "object-format=sha1") throw unsupportedFormat(format)
  return { protocol: 2, filter: fetch.includes("filter"), shallow: fetch.includes("shallow"), capabilities, refs: null }
}

function firstProtocol(lines: readonly Packet[]): ServerKind {
  const first = lines[0]?.kind === "data" ? lines[0].data.toString("utf8") : ""
  if (first.startsWith("ERR ")) throw refusal(first.slice(4).trim())
  const listed = first.split("\0")[1]?.trim().split(" ") ?? []
  const capabilities = new Set(listed)
  const format = listed.find((name) => name.startsWith("object-format="))
  if (format && format !== "object-format=sha1") throw unsupportedFormat(format)
  const symrefs = new Map(
    listed.filter((name) => name.startsWith("symref=")).map((name) => name.slice(7).split(":") as [string, string]),
  )
  const tips = new Map<string, RefTip>()
  for (const packet of lines.slice(0, -1)) {
    const [oid = "", name = ""] = lineOf(packet).split("\0")[0]?.trim().split(" ") ?? []
    if (!/^[0-9a-f]{40}$/.test(oid) || name === "") throw badAnswer("its list of refs is malformed")
    const tagged = name.endsWith("^{}") ? tips.get(name.slice(0, -3)) : undefined
    if (tagged) tips.set(name.slice(0, -3), { ...tagged, peeled: oid })
    else if (name !== "capabilities^{}") tips.set(name, { oid, peeled: null, target: symrefs.get(name) ?? null })
  }
  return {
    protocol: 0,
    filter: capabilities.has("filter"),
    shallow: capabilities.has("shallow"),
    capabilities,
    refs: tips,
  }
}

function attribute(attributes: readonly string[], name: string): string | null {
  return attributes.find((text) => text.startsWith(name))?.slice(name.length) ?? null
}

function unsupportedFormat(format: string): GitError {
  const message = `the repository uses ${format}; only SHA-1 repositories can be read`
  return new GitError(message, { kind: "stalled", code: "git-object-format" })
}
