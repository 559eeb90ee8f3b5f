import type { Remote } from "../core/source.ts"
import { GitError } from "../lib/errors.ts"
import { badAnswer, refusal } from "./failures.ts"
import type { GitHttp } from "./http.ts"
import { lineOf, readPackets, type Packet } from "./pkt-line.ts"

/** What a server can do, from its advertisement. */
export interface ServerKind {
  /** Where its repository really is: a redirect within the same origin has been followed. */
  readonly base: string
  readonly protocol: 0 | 2
  readonly filter: boolean
  readonly shallow: boolean
  readonly capabilities: ReadonlySet<string>
  /** Only with the old protocol, which always sends them all. */
  readonly refs: ReadonlyMap<string, RefTip> | null
}

export interface RefTip {
  readonly oid: string
  /** What an annotated tag points to in the end. */
  readonly peeled: string | null
  /** Full name of the ref that a symbolic one points to. */
  readonly target: string | null
}

/** The old protocol lists every ref of a repository, some 70 bytes each. */
const advertisementBytesMax = 64 * 1024 * 1024

/** `GET info/refs`: which protocol, and what of it. @throws GitError */
export async function discover(http: GitHttp, remote: Remote, signal: AbortSignal): Promise<ServerKind> {
  const request = { kind: "advertisement", base: remote.url, bytesMax: advertisementBytesMax } as const
  const { body, base } = await http.request(remote, request, signal)
  const packets = readPackets(body)
  // The first line names the service over HTTP, and a flush follows; some servers leave both out with version 2.
  const lines = packets.slice(lineOf(packets[0]).startsWith("# service=") ? 2 : 0)
  if (lines.at(-1)?.kind !== "flush") throw badAnswer("it was cut short")
  const error = lines.map((line) => lineOf(line)).find((line) => line.startsWith("ERR "))
  if (error !== undefined) throw refusal(error.slice(4), "stalled")
  const version = lineOf(lines[0])
  if (version === "version 2") return { base, ...secondProtocol(lines.slice(1, -1)) }
  return { base, ...firstProtocol(lines.slice(version === "version 1" ? 1 : 0, -1)) }
}

function secondProtocol(lines: readonly Packet[]): Omit<ServerKind, "base"> {
  const capabilities = new Set(lines.map((line) => lineOf(line)))
  const fetch = valueOf(capabilities, "fetch=")
  if (fetch === null) throw badAnswer("it offers no way to fetch")
  checkFormat(capabilities)
  const features = new Set(fetch.split(" "))
  return { protocol: 2, filter: features.has("filter"), shallow: features.has("shallow"), capabilities, refs: null }
}

/** Versions 0 and 1: one line a ref; the first one has the capabilities behind a NUL. */
function firstProtocol(lines: readonly Packet[]): Omit<ServerKind, "base"> {
  const listed = lineOf(lines[0]).split("\0")[1]
  if (listed === undefined) throw badAnswer("its list of refs is malformed")
  const capabilities = new Set(listed.trim().split(" "))
  checkFormat(capabilities)
  const symbolic = [...capabilities].filter((name) => name.startsWith("symref="))
  const targets = new Map(symbolic.map((name) => name.slice(7).split(":") as [string, string]))
  return {
    protocol: 0,
    filter: capabilities.has("filter"),
    shallow: capabilities.has("shallow"),
    capabilities,
    refs: firstTips(lines, targets),
  }
}

function firstTips(lines: readonly Packet[], targets: ReadonlyMap<string, string>): ReadonlyMap<string, RefTip> {
  const tips = new Map<string, RefTip>()
  for (const line of lines) {
    const [, oid = "", name = ""] = /^([0-9a-f]{40}) ([^\s\0]+)/.exec(lineOf(line)) ?? []
    if (name === "") throw badAnswer("its list of refs is malformed")
    // An empty repository's way to have a line for its capabilities.
    if (name === "capabilities^{}") continue
    const tagged = name.endsWith("^{}") ? tips.get(name.slice(0, -3)) : undefined
    if (tagged) tips.set(name.slice(0, -3), { ...tagged, peeled: oid })
    else tips.set(name, { oid, peeled: null, target: targets.get(name) ?? null })
  }
  return tips
}

function checkFormat(capabilities: ReadonlySet<string>): void {
  const format = valueOf(capabilities, "object-format=") ?? "sha1"
  if (format === "sha1") return
  const message = `the repository's object format is ${format.slice(0, 20)}; Lockstep reads SHA-1 repositories only`
  throw new GitError(message, { kind: "stalled", code: "git-object-format" })
}

function valueOf(capabilities: ReadonlySet<string>, name: string): string | null {
  return [...capabilities].find((text) => text.startsWith(name))?.slice(name.length) ?? null
}
