import type { Remote } from "../core/source.ts"
import { Breath } from "../lib/breath.ts"
import { isKept, type RefTip, type ServerKind } from "./discover.ts"
import { badAnswer, refusal } from "./failures.ts"
import type { GitHttp } from "./http.ts"
import { delimiter, flush, lineOf, packetsOf, pkt } from "./pkt-line.ts"

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
  const wanted = new Set(prefixes)
  for await (const line of linesOf(answer.body)) {
    const [oid = "", name = "", ...attributes] = line.split(" ")
    // An unborn HEAD points to a branch without a commit.
    if (oid === "unborn") continue
    if (!/^[0-9a-f]{40}$/.test(oid) || name === "") throw badAnswer("its list of refs is malformed")
    // A prefix fits longer names too, and some servers list whatever there is.
    if (!isKept(tips, wanted, name)) continue
    const [peeled, target] = [attribute(attributes, "peeled:"), attribute(attributes, "symref-target:")]
    tips.set(name, { oid, peeled, target })
  }
  return tips
}

/** The lines before the flush that ends an answer. @throws GitError when the answer goes on or stops before it. */
async function* linesOf(body: Buffer): AsyncGenerator<string> {
  const breath = new Breath()
  let ended = false
  for (const packet of packetsOf(body)) {
    const line = lineOf(packet)
    if (line.startsWith("ERR ")) throw refusal(line.slice(4), "stalled")
    if (ended) throw badAnswer("it goes on behind its end")
    if (packet.kind === "flush") ended = true
    else yield line
    if (breath.isDue(3)) await breath.take()
  }
  if (!ended) throw badAnswer("it was cut short")
}

function attribute(attributes: readonly string[], name: string): string | null {
  return attributes.find((text) => text.startsWith(name))?.slice(name.length) ?? null
}
