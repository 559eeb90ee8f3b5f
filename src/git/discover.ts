import type { Remote } from "../core/source.ts"
import { Breath } from "../lib/breath.ts"
import { GitError } from "../lib/errors.ts"
import { badAnswer, refusal } from "./failures.ts"
import type { GitHttp } from "./http.ts"
import { lineOf, packetsOf } from "./pkt-line.ts"

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

/** Far more than any server offers. */
const capabilitiesMax = 1_000

/** `GET info/refs`: which protocol, and what of it; with the old one the refs, those of `wanted` among them. @throws GitError */
export async function discover(
  http: GitHttp,
  remote: Remote,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ServerKind> {
  const request = { kind: "advertisement", base: remote.url, bytesMax: advertisementBytesMax } as const
  const { body, base } = await http.request(remote, request, signal)
  const lines = linesOf(body)
  const version = (await lines.next()).value ?? ""
  if (version === "version 2") return { base, ...(await secondProtocol(lines)) }
  const first = version === "version 1" ? ((await lines.next()).value ?? "") : version
  return { base, ...(await firstProtocol(first, lines, wanted)) }
}

/** The lines up to the last flush. Over HTTP the first names the service, and a flush follows; some leave both out. */
async function* linesOf(body: Buffer): AsyncGenerator<string, undefined> {
  const breath = new Breath()
  let [isStart, isOver] = [true, false]
  for (const packet of packetsOf(body)) {
    const line = lineOf(packet)
    if (isStart && line.startsWith("# service=")) continue
    if (line.startsWith("ERR ")) throw refusal(line.slice(4), "stalled")
    if (packet.kind === "data") yield line
    // The flush behind the service's name ends nothing.
    isOver = packet.kind === "flush" && !isStart
    isStart &&= packet.kind === "flush"
    if (breath.isDue(3)) await breath.take()
  }
  if (!isOver && !isStart) throw badAnswer("it was cut short")
}

async function secondProtocol(lines: AsyncIterable<string>): Promise<Omit<ServerKind, "base">> {
  const capabilities = new Set<string>()
  for await (const line of lines) {
    if (capabilities.size >= capabilitiesMax) throw badAnswer("it offers more than any Git server does")
    capabilities.add(line)
  }
  const fetch = valueOf(capabilities, "fetch=")
  if (fetch === null) throw badAnswer("it offers no way to fetch")
  checkFormat(capabilities)
  const features = new Set(fetch.split(" "))
  return { protocol: 2, filter: features.has("filter"), shallow: features.has("shallow"), capabilities, refs: null }
}

/** Versions 0 and 1: one line a ref; the first one has the capabilities behind a NUL. */
async function firstProtocol(
  first: string,
  others: AsyncIterable<string>,
  wanted: ReadonlySet<string>,
): Promise<Omit<ServerKind, "base">> {
  const listed = first.split("\0")[1]
  if (listed === undefined) throw badAnswer("its list of refs is malformed")
  const capabilities = new Set(listed.trim().split(" "))
  checkFormat(capabilities)
  const symbolic = [...capabilities].filter((name) => name.startsWith("symref="))
  const targets = new Map(symbolic.map((name) => name.slice(7).split(":") as [string, string]))
  const tips = new Map<string, RefTip>()
  addTip(tips, first, { wanted, targets })
  for await (const line of others) addTip(tips, line, { wanted, targets })
  const [filter, shallow] = [capabilities.has("filter"), capabilities.has("shallow")]
  return { protocol: 0, filter, shallow, capabilities, refs: tips }
}

function addTip(
  tips: Map<string, RefTip>,
  line: string,
  of: { readonly wanted: ReadonlySet<string>; readonly targets: ReadonlyMap<string, string> },
): void {
  const [, oid = "", name = ""] = /^([0-9a-f]{40}) ([^\s\0]+)/.exec(line) ?? []
  if (name === "") throw badAnswer("its list of refs is malformed")
  // An empty repository's way to have a line for its capabilities.
  if (name === "capabilities^{}") return
  const tagged = name.endsWith("^{}") ? tips.get(name.slice(0, -3)) : undefined
  if (tagged) tips.set(name.slice(0, -3), { ...tagged, peeled: oid })
  else if (isKept(tips, of.wanted, name)) tips.set(name, { oid, peeled: null, target: of.targets.get(name) ?? null })
}

/** Beside the wanted refs some others: enough to see that a repository isn't empty, and to name what there is. */
export function isKept(tips: ReadonlyMap<string, RefTip>, wanted: ReadonlySet<string>, name: string): boolean {
  return wanted.has(name) || tips.size < otherTipsMax
}

const otherTipsMax = 1_000

function checkFormat(capabilities: ReadonlySet<string>): void {
  const format = valueOf(capabilities, "object-format=") ?? "sha1"
  if (format === "sha1") return
  const message = `the repository's object format is ${format.slice(0, 20)}; Lockstep reads SHA-1 repositories only`
  throw new GitError(message, { kind: "stalled", code: "git-object-format" })
}

function valueOf(capabilities: ReadonlySet<string>, name: string): string | null {
  return [...capabilities].find((text) => text.startsWith(name))?.slice(name.length) ?? null
}
