import type { Problem, Tree } from "../core/model.ts"
import { whatBlocks } from "./blocked.ts"
import { problem } from "./manifest/rules.ts"

/**
 * Manifests of an earlier commit that nobody can call gone: a link, a submodule or the like stands above them, or
 * something that looks like them beside their place. What can't be read isn't absent.
 */
export function hiddenManifests(
  { tree, manifests }: { readonly tree: Tree; readonly manifests: readonly string[] },
  earlier: readonly string[],
): readonly Problem[] {
  const lost = earlier.filter((path) => (tree.entries.get(path)?.kind ?? "folder") === "folder")
  if (lost.length === 0) return []
  const read = new Set(manifests)
  const others = [...tree.entries.keys()].filter((path) => !read.has(path))
  const alike = new Map(others.map((path) => [fold(path), path]))
  return lost.flatMap((path) => {
    const lookalike = alike.get(fold(path))
    const why = whatBlocks(tree, path) ?? (lookalike === undefined ? null : `${lookalike} looks like it`)
    return why === null ? [] : [hidden(path, why)]
  })
}

/** Where the globs look for manifests, and something else than a file stands. */
export function linkedManifests(tree: Tree, paths: readonly string[]): readonly Problem[] {
  return paths.flatMap((path) => {
    const why = whatBlocks(tree, path)
    return why === null ? [] : [hidden(path, why)]
  })
}

function hidden(file: string, why: string): Problem {
  const message = `${why}, so what is declared here can't be read, and counts as declared: put a regular file here, or take that away too`
  return problem("manifest-unreadable", message, { file })
}

/** One text for all that a slip of the pen makes of a path: `Prefect.yml` is `prefect.yaml`. */
function fold(path: string): string {
  const plain = path.normalize("NFKC").toLowerCase()
  return plain.replace(/\.ya?ml$/, ".yaml").replaceAll(/[-_\s]/g, "")
}
