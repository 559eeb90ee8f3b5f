import { execFileSync } from "node:child_process"
import { basename } from "node:path"
import { standardSource } from "../../src/cli/lint.ts"
import { canonicalJson, type Json } from "../../src/core/json.ts"
import type { Desired } from "../../src/core/model.ts"
import type { Source } from "../../src/core/source.ts"
import { WorkTree } from "../../src/git/worktree.ts"
import { bind } from "../../src/render/bind.ts"
import { Renderer, type Blob, type Index } from "../../src/render/index.ts"
import { toJson } from "../../src/yaml/dialect.ts"

/** A repository, rendered without any server. */
export interface Rendered {
  readonly name: string
  readonly folder: string
  readonly index: Index
  readonly desired: Desired
  readonly source: Source
  readonly env: ReadonlyMap<string, string>
}

const signal = new AbortController().signal
const fileBytesMax = 1024 * 1024
const renderer = new Renderer()

/** What Lockstep makes of a checked-out repository, with a value for each placeholder and variable that it names. */
export async function render(folder: string): Promise<Rendered> {
  const git = new WorkTree(folder, null)
  const { remote, ref } = standardSource
  const { revision, branch } = await git.resolve(remote, ref, 0, signal)
  const tree = await git.tree(remote, revision, signal)
  const settings = { ...standardSource.selection, baseDir: "auto" as const, env: {} }
  const blobs = new Map<string, Blob>()
  let step = renderer.index(tree, blobs, settings)
  while (step.kind === "needs") {
    const read = await git.blobs(remote, revision, step.oids, fileBytesMax, signal)
    for (const [oid, blob] of read) {
      const text = blob.kind === "bytes" ? new TextDecoder().decode(blob.bytes) : null
      blobs.set(oid, text === null ? { kind: "unreadable", reason: "it is too large" } : { kind: "text", text })
    }
    step = renderer.index(tree, blobs, settings)
  }
  const { index } = step
  const short = run(folder, "git", "rev-parse", "--short", "HEAD")
  const source = { ...standardSource, rendering: { ...standardSource.rendering, shortHash: short.length } }
  const env = new Map(namesIn(index, /\{\{\s*\$(\w+)\s*\}\}/g).map((name) => [name, valueOf(name)]))
  const variables = new Map<string, Json>([...index.variables].map((name) => [name, `value-of-${name}`]))
  const desired = bind(index, { branch, env, variables, images: new Map(), earlier: [], pins: new Map() }, source)
  return { name: basename(folder), folder, index, desired, source, env }
}

/** Time zones are checked by both. */
function valueOf(name: string): string {
  return name === "TZ" || name.includes("TIMEZONE") ? "Europe/Berlin" : `value-of-${name}`
}

/** All that a placeholder's pattern finds in the entries of an index. */
export function namesIn({ entries }: Index, pattern: RegExp): readonly string[] {
  const texts = entries.map(({ node, build, push, pull }) =>
    canonicalJson([node, build, push, pull].map((part) => part && toJson(part))),
  )
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name ?? "")))]
}

export function run(cwd: string, command: string, ...args: readonly string[]): string {
  return execFileSync(command, [...args], { cwd, encoding: "utf8" }).trim()
}
