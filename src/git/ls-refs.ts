import type { Remote } from "../core/source.ts"
import type { RefTip, ServerKind } from "./discover.ts"
import { badAnswer, refusal } from "./failures.ts"
import type { GitHttp } from "./http.ts"
import { beforeFlush, delimiter, flush, lineOf, pkt, readPackets } from "./pkt-line.ts"

const refsBytesMax = 16 * 1024 * 1024

/**
 * The tips of those refs that exist: one POST. Only a whole and well-formed answer counts, anything else throws, so
 * that a ref that isn't in it is known to be gone.
 */
export async function lsRefs(
  http: GitHttp,
  remote: Remote,
  { server, prefixes }: { readonly server: ServerKind; readonly prefixes: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RefTip>> {
  const body = [
    pkt("command=ls-refs\n"),
    pkt("agent=lockstep\n"),
    pkt("object-format=sha1"),
    delimiter,
    pkt("peel\n"),
    pkt("symrefs\n"),
    ...prefixes.map((prefix) => pkt(`ref-prefix ${prefix}\n`)),
    flush,
  ].join("")
  const request = { kind: "command", base: server.base, body, protocol: 2, bytesMax: refsBytesMax } as const
  const answer = await http.request(remote, request, signal)
  const tips = new Map<string, RefTip>()
  for (const line of readLines(answer.body)) {
    const [oid = "", name = "", ...attributes] = line.split(" ")
    // An unborn HEAD points to a branch without a commit.
    if (oid === "unborn") continue
    if (!/^[0-9a-f]{40}$/.test(oid) || name === "") throw badAnswer("its list of refs is malformed")
    const [peeled, target] = [attribute(attributes, "peeled:"), attribute(attributes, "symref-target:")]
    tips.set(name, { oid, peeled, target })
  }
  return tips
}

function readLines(body: Buffer): readonly string[] {
  const packets = readPackets(body)
  const error = packets.map((packet) => lineOf(packet)).find((line) => line.startsWith("ERR "))
  if (error !== undefined) throw refusal(error.slice(4), "stalled")
  return beforeFlush(packets).map((packet) => lineOf(packet))
}

function attribute(attributes: readonly string[], name: string): string | null {
  return attributes.find((text) => text.startsWith(name))?.slice(name.length) ?? null
}
