import type { Tree, TreeEntry } from "../core/model.ts"

const words: Readonly<Record<TreeEntry["kind"], string>> = {
  file: "a file",
  folder: "a folder",
  symlink: "a symbolic link",
  submodule: "a submodule",
}

/** What at a path, or above it, keeps a file from being there: `b is a symbolic link`. Null = nothing does. */
export function whatBlocks(tree: Tree, path: string): string | null {
  const parts = path.split("/")
  for (let depth = 1; depth <= parts.length; depth++) {
    const place = parts.slice(0, depth).join("/")
    const kind = tree.entries.get(place)?.kind
    const fits = kind === undefined || kind === (depth === parts.length ? "file" : "folder")
    if (!fits) return `${place} is ${words[kind]}`
  }
  return null
}
