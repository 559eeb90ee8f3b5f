import type { SourceRecord } from "../core/record.ts"
import type { Source } from "../core/source.ts"
import type { Eyes } from "./eyes.ts"
import type { Index } from "./ports.ts"

/** The manifests of the commit that was last written as a whole. */
export interface Earlier {
  readonly paths: readonly string[]
  /** false = that commit can't be read (a rewritten history), so nobody can say what has become of its manifests. */
  readonly known: boolean
}

interface Memory {
  readonly record: { readonly record: SourceRecord | null } | null
  earlier: { readonly slot: string; readonly paths: readonly string[] } | null
}

export const nothingEarlier: Earlier = { paths: [], known: true }

/** What the record's commit had; that of another repository says nothing about this one. */
export async function readEarlier(
  eyes: Pick<Eyes, "git" | "render">,
  source: Source,
  { index, sight }: { readonly index: Index; readonly sight: Memory },
  signal: AbortSignal,
): Promise<Earlier> {
  const record = sight.record?.record ?? null
  if (!record?.revision || record.revision === index.revision || record.url !== source.remote.url) return nothingEarlier
  const slot = JSON.stringify([source.remote.url, source.selection, record.revision])
  if (sight.earlier?.slot === slot) return { paths: sight.earlier.paths, known: true }
  try {
    const tree = await eyes.git.tree(source.remote, record.revision, signal)
    const paths = await eyes.render.manifests(tree, source)
    sight.earlier = { slot, paths }
    return { paths, known: true }
  } catch {
    signal.throwIfAborted()
    // Only removals wait for it, so the rest of the turn goes on.
    return { paths: [], known: false }
  }
}
