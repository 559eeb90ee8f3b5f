import { opendirSync, type Dirent } from "node:fs"
import { GitError } from "../lib/errors.ts"

export const entriesMax = 200_000

/** A name in a folder on disk, with what Git would make of it. */
export interface Named {
  readonly name: string
  readonly kind: "file" | "folder" | "symlink"
}

/**
 * What a folder holds, at once. Piece by piece, because nobody knows how many names there are.
 * @throws GitError `worktree-unreadable`
 */
export function listFolder(path: string): readonly Named[] {
  const found: Named[] = []
  const folder = opendirSync(path, { bufferSize: 256 })
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      const kind = kindOf(entry)
      if (kind !== null) found.push({ name: entry.name, kind })
      if (found.length > entriesMax) throw unreadable(`${path} has more than ${entriesMax} files`)
    }
  } finally {
    folder.closeSync()
  }
  return found
}

function kindOf(entry: Dirent): Named["kind"] | null {
  if (entry.isSymbolicLink()) return "symlink"
  if (entry.isDirectory()) return "folder"
  // Git has no sockets, pipes and devices; reading one could block for ever.
  return entry.isFile() ? "file" : null
}

export function unreadable(message: string, cause?: unknown): GitError {
  return new GitError(message, { kind: "stalled", code: "worktree-unreadable", cause })
}
