import type { DeploymentKey } from "./core/model.ts"
import { LockstepError } from "./lib/errors.ts"
import type { ReadBlobs, RenderPort } from "./reconcile/ports.ts"
import { bind, imagesNamed } from "./render/bind.ts"
import { manifestPaths, Renderer, type Blob, type Index, type IndexSettings, type OnFile } from "./render/index.ts"
import { clonedCommit, isPinned } from "./render/pull.ts"
import { Keeper, type Question } from "./render/reach/kept.ts"

const roundsMax = 64
/** For all deployments of a source together. */
const keptCharsMax = 64 * 1024 * 1024
const keptFilesMax = 10_000

/** The room behind the loop's render port; apart from the others, because `validate` needs nothing else. */
export function openRender(onFile: OnFile = () => undefined): RenderPort {
  const renderer = new Renderer(onFile)
  const keeper = new Keeper()
  return {
    index: (tree, { selection, rendering: { baseDir, env } }, read) =>
      readIndex(renderer, tree, { ...selection, baseDir, env }, read),
    manifests: async (tree, { selection }) => manifestPaths(tree, selection),
    bind: async (index, inputs, source) => bind(index as Index, inputs, source, onFile),
    imagesOf: async (index, inputs, source) => imagesNamed(index as Index, inputs, source),
    kept: (...[index, desired, there, asked, read]) =>
      readKept(keeper, { index: index as Index, desired, there, ...asked }, read),
    isPinned,
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

/** What can't be read within the bounds may be anything, so its clone moves. */
async function readKept(keeper: Keeper, question: Question, read: ReadBlobs): Promise<ReadonlySet<DeploymentKey>> {
  const blobs = new Map<string, Blob>()
  let chars = 0
  for (let round = 0; round <= roundsMax; round++) {
    const answer = keeper.ask(question, blobs)
    if (answer.kind === "ready") return answer.kept
    if (chars > keptCharsMax || blobs.size + answer.oids.length > keptFilesMax) break
    for (const [oid, blob] of await read(answer.oids)) {
      blobs.set(oid, blob)
      chars += blob.kind === "text" ? blob.text.length : 0
    }
  }
  return new Set()
}
