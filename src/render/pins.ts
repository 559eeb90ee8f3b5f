import { posix } from "node:path"
import { digestOf } from "../core/digest.ts"
import { deploymentKey, type DeploymentKey, type Desired, type Tree } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import { manifestPaths, type Index } from "./index.ts"
import { isPinned } from "./pull.ts"

/**
 * For `pullCommit: tree`: the paths that each deployment's clone depends on. A commit that touches none of them leaves
 * the live commit where it is, and so writes nothing.
 */
export function codePathsOf(
  index: Index,
  desired: Desired,
  source: Source,
): ReadonlyMap<DeploymentKey, readonly string[]> {
  const { codePaths } = source.rendering
  const places = new Map(index.entries.map((entry) => [`${entry.at.file}:${entry.at.line}`, entry]))
  const found = new Map<DeploymentKey, readonly string[]>()
  for (const { flow, name, at, fields } of desired.deployments.values()) {
    const entry = places.get(`${at.file}:${at.line}`)
    if (!entry || !isPinned(fields.pullSteps, source)) continue
    const folder = posix.dirname(entry.manifest)
    const paths = codePaths.length > 0 ? codePaths : [folder === "." ? "" : folder, ...flowFolder(entry.flow?.at.file)]
    found.set(deploymentKey(flow, name), paths)
  }
  return found
}

/** Digest over all files below `paths`, manifests excepted: they say what is deployed, not what runs. */
export function codeDigest(tree: Tree, paths: readonly string[], { settings }: Index): string {
  const manifests = new Set(manifestPaths(tree, settings))
  const below = (path: string): boolean =>
    paths.some((root) => root === "" || path === root || path.startsWith(`${root}/`))
  const files = [...tree.entries].filter(([path, { kind }]) => kind !== "folder" && !manifests.has(path) && below(path))
  return digestOf(files.map(([path, { oid }]) => `${path} ${oid}`).toSorted())
}

/** The flow's own folder counts too: a manifest below may name a file above. */
function flowFolder(file: string | undefined): readonly string[] {
  if (file === undefined) return []
  const folder = posix.dirname(file)
  return [folder === "." ? "" : folder]
}
