import { LockstepError } from "./lib/errors.ts"
import type { ReadBlobs, RenderPort } from "./reconcile/ports.ts"
import { bind, imagesNamed } from "./render/bind.ts"
import { Renderer, type Blob, type Index, type IndexSettings, type OnFile } from "./render/index.ts"
import { codeDigest, codePathsOf } from "./render/pins.ts"
import { clonedCommit } from "./render/pull.ts"

const roundsMax = 64

/** The room behind the loop's render port; apart from the others, because `validate` needs nothing else. */
export function openRender(onFile: OnFile = () => undefined): RenderPort {
  const renderer = new Renderer(onFile)
  return {
    index: (tree, { selection, rendering: { baseDir, env } }, read) =>
      readIndex(renderer, tree, { ...selection, baseDir, env }, read),
    bind: async (index, inputs, source) => bind(index as Index, inputs, source, onFile),
    imagesOf: async (index, inputs, source) => imagesNamed(index as Index, inputs, source),
    codePaths: async (index, desired, source) => codePathsOf(index as Index, desired, source),
    codeDigest: async (tree, paths, index) => codeDigest(tree, paths, index as Index),
    clonedCommit,
    has: () => true,
  }
}

/** Round by round: what a file names is known only when it was read. */
async function readIndex(
  renderer: Renderer,
  tree: Index["tree"],
  settings: IndexSettings,
  read: ReadBlobs,
): Promise<Index> {
  const blobs = new Map<string, Blob>()
  for (let round = 0; round <= roundsMax; round++) {
    const step = renderer.index(tree, blobs, settings)
    if (step.kind === "ready") return step.index
    for (const [oid, blob] of await read(step.oids)) blobs.set(oid, blob)
  }
  throw new LockstepError(`reading ${tree.revision.slice(0, 7)} needs more than ${roundsMax} rounds of files`, {
    kind: "stalled",
    code: "index-too-deep",
  })
}
