import type { RenderPort } from "./reconcile/ports.ts"
import { bind, imagesNamed } from "./render/bind.ts"
import { Renderer, type Index } from "./render/index.ts"
import { codeDigest, codePathsOf } from "./render/pins.ts"
import { clonedCommit } from "./render/pull.ts"

/** The room behind the loop's render port; apart from the others, because `validate` needs nothing else. */
export function openRender(): RenderPort {
  const renderer = new Renderer()
  return {
    index: (tree, blobs, source) =>
      renderer.index(tree, blobs, {
        ...source.selection,
        baseDir: source.rendering.baseDir,
        env: source.rendering.env,
      }),
    bind: (index, inputs, source) => bind(index as Index, inputs, source),
    imagesOf: (index, inputs, source) => imagesNamed(index as Index, inputs, source),
    codePaths: (index, desired, source) => codePathsOf(index as Index, desired, source),
    codeDigest: (tree, paths, index) => codeDigest(tree, paths, index as Index),
    clonedCommit,
  }
}
